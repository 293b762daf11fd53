/** The task Recover: one protected photo. */

import { Photo } from "./api.js";
import { KeyChoice } from "./key.js";
import { announce, busy, checkSize, complain, described, isVideo, offer, receive, showPicture, words } from "./parts.js";

export function startRecover({ limits, openFolder }) {
  const section = document.getElementById("recover");
  const find = (name) => section.querySelector(name);
  const form = find("form");
  const result = find(".result");
  const compare = find(".compare");
  const slider = find(".slider input");
  let photo = null;

  const key = new KeyChoice(find(".key"), { twice: false });

  receive(section, find(".drop input"), (files) => {
    if (files.length > 1 || isVideo(files[0])) openFolder(files);
    else open(files[0]);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    recover();
  });
  find("[name=another]").addEventListener("click", another);
  find("[name=export]").addEventListener("click", exportKey);
  slider.addEventListener("input", slide);

  async function open(file) {
    await busy(section, "Reading…", async () => {
      checkSize(file, limits);
      photo?.forget();
      photo = new Photo(file);
      const held = await (await photo.post("/v1/inspect")).json();
      const picture = await photo.post("/v1/preview", { original: "true" });
      hideResult();
      await showPicture(find(".before"), await picture.blob());
      show(held);
      find(".drop").hidden = true;
      find(".work").hidden = false;
      find("h2").focus({ preventScroll: true });
      announce("Protected photo read.");
    });
  }

  function show(held) {
    const rows = [["Photo", photo.file.name]];
    for (let layer = held; layer; layer = layer.previous) {
      const looks = [...new Set(layer.regions.map((region) => region.look))].join(", ");
      rows.push(["Hidden", `${plural(layer.regions.length, "region")}, ${looks}`]);
      rows.push(["Opens with", keys(layer)]);
      rows.push(["Recovery", layer.exact ? "bit for bit, if unaltered" : "nearly, not bit for bit"]);
      rows.push(["Model", `${layer.model.name} ${layer.model.sha256.slice(0, 16)}`]);
    }
    if (held.missing) rows.push(["Not found", plural(held.missing, "region")]);
    find("dl").replaceChildren(...rows.flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
    const told = (held.altered ?? []).map((change) => `Altered since it was protected: ${change}.`);
    if (held.header === null) told.push("There is no header: regions were found by their pixels, and nothing tells whether the picture was altered.");
    find(".facts .warning").textContent = told.join(" ");
    const shared = held.scheme !== "deniable" && held.header !== null;
    find(".share").hidden = !shared;
    find("[name=face]").replaceChildren(...held.regions.map(({ n }) => new Option(n, n)));
  }

  async function recover() {
    await busy(form, "Recovering…", async () => {
      hideResult();
      const force = find("[name=force]").checked ? "true" : null;
      let answer;
      try {
        answer = await photo.post("/v1/recover", { ...key.fields(), force });
      } catch (error) {
        if (error.code === 13) find(".force").hidden = false;
        throw error;
      }
      const { name, record } = described(answer);
      const blob = await answer.blob();
      offer(result.querySelector("a"), blob, name);
      result.querySelector("a").textContent = `Download ${name}`;
      result.querySelector(".outcome").textContent = sentence(words(record));
      result.hidden = false;
      await showPicture(find(".after"), blob);
      find(".after").hidden = false;
      find(".slider").hidden = false;
      compare.classList.add("line");
      slide();
      result.querySelector("h3").focus({ preventScroll: true });
      announce(`Recovered. ${result.querySelector(".outcome").textContent}`);
    });
  }

  async function exportKey() {
    const place = find(".share .error");
    complain(place, null);
    try {
      const answer = await photo.post("/v1/keys/export", { ...key.fields(), face: find("[name=face]").value });
      const name = `face-${find("[name=face]").value}.key`;
      offer(find(".share a"), await answer.blob(), name);
      find(".share a").textContent = `Download ${name}`;
      announce(`The key to face ${find("[name=face]").value} is ready to download.`);
    } catch (error) {
      complain(place, error);
    }
  }

  function slide() {
    const part = `${slider.value}%`;
    compare.style.setProperty("--at", `${100 - slider.value}%`);
    find(".after").style.clipPath = `inset(0 0 0 ${100 - slider.value}%)`;
    slider.setAttribute("aria-valuetext", `${part} recovered`);
  }

  function hideResult() {
    result.hidden = find(".after").hidden = find(".slider").hidden = true;
    compare.classList.remove("line");
    find(".share a").hidden = true;
  }

  function another() {
    photo?.forget();
    photo = null;
    key.clear();
    find(".force").hidden = true;
    find("[name=force]").checked = false;
    find(".work").hidden = true;
    find(".drop").hidden = false;
    complain(find("form > .error"), null);
    find(".drop input").focus();
  }

  addEventListener("pagehide", () => photo?.forget());
}

function keys(layer) {
  if (layer.scheme === "deniable") return "any password, and only the right one shows the face";
  const count = (kind) => layer.keys.filter((one) => one === kind).length;
  const parts = [];
  if (count("password")) parts.push(plural(count("password"), "password"));
  if (count("keyfile")) parts.push(plural(count("keyfile"), "key file"));
  return parts.join(" or ");
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function plural(count, what) {
  return count === 1 ? `${count} ${what}` : `${count} ${what}s`;
}

function sentence(text) {
  return text ? `${text[0].toUpperCase()}${text.slice(1)}.` : "";
}
