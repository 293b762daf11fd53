/** The task Protect: one photo. */

import { Photo } from "./api.js";
import { Boxes, isMoved, nameOf } from "./boxes.js";
import { KeyChoice } from "./key.js";
import { LookChoice } from "./look.js";
import { announce, busy, checkSize, complain, described, isVideo, offer, receive, showPicture, words } from "./parts.js";

const PREVIEW_DELAY = 20; // ms after the last change

export function startProtect({ limits, looks, openFolder }) {
  const section = document.getElementById("protect");
  const find = (name) => section.querySelector(name);
  const form = find("form");
  const image = find(".frame img");
  const original = find("[name=original]");
  const result = find(".result");
  let photo = null;
  let timer = 0;
  let drawing = null; // the request for a preview that is under way

  const boxes = new Boxes(find(".frame"), changed);
  const look = new LookChoice(find(".look"), looks, changed);
  const key = new KeyChoice(find(".key"), { twice: true });

  receive(section, find(".drop input"), (files) => {
    if (files.length > 1 || isVideo(files[0])) openFolder(files);
    else open(files[0]);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    protect();
  });
  find("[name=add]").addEventListener("click", () => boxes.addInTheMiddle());
  find("[name=another]").addEventListener("click", another);
  original.addEventListener("change", () => preview());
  for (const radio of section.querySelectorAll("[name=format]")) radio.addEventListener("change", changed);
  find("[name=threshold]").addEventListener("input", (event) => {
    find(".faces output").textContent = event.target.value;
  });
  find("[name=threshold]").addEventListener("change", () => busy(form, "Looking for faces…", detect));

  async function open(file) {
    await busy(section, "Looking for faces…", async () => {
      checkSize(file, limits);
      photo?.forget();
      photo = new Photo(file);
      find(".name").textContent = file.name;
      result.hidden = true;
      await detect();
      find(".drop").hidden = true;
      find(".work").hidden = false;
      find("h2").focus({ preventScroll: true });
    });
  }

  async function detect() {
    const threshold = find("[name=threshold]").value;
    const found = await (await photo.post("/v1/faces", { threshold })).json();
    if (found.protected) {
      throw new Error(`${photo.file.name}: protected already. Recover it first.`);
    }
    find(".format").hidden = !found.jpeg;
    boxes.show(found.size, found.faces);
    listFaces();
    await preview();
    const count = found.faces.length;
    const text = count ? `${plural(count, "face")} found.` : "No face found. Drag a box over each face, or add one.";
    find(".found").textContent = text;
    announce(text);
  }

  function fields() {
    return { ...boxes.fields(), threshold: find("[name=threshold]").value, look: look.spec, format: format() };
  }

  function format() {
    return find("[name=format]:checked").value || null;
  }

  function changed() {
    if (!photo) return;
    result.hidden = true;
    listFaces();
    clearTimeout(timer);
    timer = setTimeout(preview, PREVIEW_DELAY);
  }

  async function preview() {
    clearTimeout(timer);
    drawing?.abort();
    const mine = (drawing = new AbortController());
    try {
      const asked = original.checked ? { ...fields(), original: "true" } : fields();
      const answer = await photo.post("/v1/preview", asked, { signal: mine.signal });
      const blob = await answer.blob();
      if (mine !== drawing) return;
      await showPicture(image, blob);
      image.alt = original.checked ? "The photo as it is" : "The photo as others will see it";
      if (!original.checked) look.warn(answer.headers.get("Proface-Warning") ?? "");
      section.dataset.preview = original.checked ? "original" : look.spec;
      complain(find("form > .error"), null);
    } catch (error) {
      if (error.name !== "AbortError" && mine === drawing) complain(find("form > .error"), error);
    }
  }

  function listFaces() {
    const list = find(".faces ul");
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.which : null;
    list.replaceChildren(...boxes.items.map(entry));
    if (focused) list.querySelector(`[data-which="${focused}"]`)?.focus();
  }

  function entry(item) {
    const row = document.createElement("li");
    const label = document.createElement("label");
    const check = document.createElement("input");
    const name = nameOf(item);
    Object.assign(check, { type: "checkbox", checked: !item.out });
    check.dataset.which = name;
    check.addEventListener("change", () => boxes.toggle(item));
    const size = document.createElement("span");
    size.className = "hint";
    size.textContent = `${item.box.w} × ${item.box.h} px${isMoved(item) ? ", mended" : ""}${item.out ? ", stays visible" : ""}`;
    label.append(check, `Hide ${name}`);
    row.append(label, size);
    if (!item.found || isMoved(item)) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = item.found ? "Reset" : "Remove";
      button.setAttribute("aria-label", `${button.textContent} ${name}`);
      button.addEventListener("click", () => (item.found ? boxes.reset(item) : boxes.remove(item)));
      row.append(button);
    }
    return row;
  }

  async function protect() {
    await busy(form, "Protecting and checking…", async () => {
      result.hidden = true;
      const answer = await photo.post("/v1/protect", { ...fields(), ...key.fields() });
      const { name, record } = described(answer);
      offer(result.querySelector("a"), await answer.blob(), name);
      result.querySelector("a").textContent = `Download ${name}`;
      result.querySelector(".outcome").textContent = sentence(words(record));
      const left = record.uncovered ? `${plural(record.uncovered, "face")} left visible.` : "";
      result.querySelector(".warning").textContent = left;
      result.hidden = false;
      result.querySelector("h3").focus();
      announce(`Protected. ${result.querySelector(".outcome").textContent} ${left}`);
    });
  }

  function another() {
    photo?.forget();
    photo = null;
    key.clear();
    find(".work").hidden = true;
    find(".drop").hidden = false;
    complain(find("form > .error"), null);
    find(".drop input").focus();
  }

  addEventListener("pagehide", () => photo?.forget());
}

function plural(count, what) {
  return count === 1 ? `${count} ${what}` : `${count} ${what}s`;
}

function sentence(text) {
  return text ? `${text[0].toUpperCase()}${text.slice(1)}.` : "";
}
