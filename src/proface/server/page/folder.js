/** The task Several files: a job with progress, and one archive. */

import { Photo, getJson, post, send } from "./api.js";
import { KeyChoice } from "./key.js";
import { LookChoice } from "./look.js";
import { announce, busy, checkSize, offer, receive, words } from "./parts.js";

const POLL = 500; // ms

export function startFolder({ limits, looks }) {
  const section = document.getElementById("folder");
  const find = (name) => section.querySelector(name);
  const form = find("form");
  const result = find(".result");
  const cancel = find("[name=cancel]");
  let photos = []; // { photo, row }
  let job = null;
  let cancelled = false;

  const look = new LookChoice(find(".look"), looks, () => {});
  const key = new KeyChoice(find(".key"), { twice: true });

  receive(section, find(".drop input"), add);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    start();
  });
  find("[name=clear]").addEventListener("click", clear);
  cancel.addEventListener("click", () => {
    cancelled = true;
    if (job) send("DELETE", `/v1/jobs/${job}`).catch(() => {});
  });
  for (const radio of section.querySelectorAll("[name=task]")) {
    radio.addEventListener("change", () => {
      find(".look").hidden = radio.value === "recover";
      key.ask(radio.value === "protect");
    });
  }

  function add(files) {
    if (form.dataset.busy) return;
    result.hidden = true;
    for (const file of files) {
      const row = find("tbody").insertRow();
      row.insertCell().textContent = file.name;
      row.insertCell().textContent = "waits";
      photos.push({ photo: new Photo(file), row });
    }
    count();
    announce(counted());
  }

  function count() {
    find(".list").hidden = !photos.length;
    find(".count").textContent = counted();
  }

  function counted() {
    return photos.length === 1 ? "1 file" : `${photos.length} files`;
  }

  function choose(task) {
    if (!form.dataset.busy) find(`[name=task][value=${task}]`).click();
  }

  function clear() {
    if (form.dataset.busy) return;
    for (const { photo } of photos) photo.forget();
    photos = [];
    find("tbody").replaceChildren();
    result.hidden = true;
    count();
  }

  async function start() {
    await busy(form, "Sending…", async (report) => {
      if (!photos.length) throw new Error("Choose photos or videos first.");
      const task = find("[name=task]:checked").value;
      const secret = key.fields();
      result.hidden = true;
      cancelled = false;
      cancel.hidden = false;
      try {
        const sent = await upload(report);
        const fields = task === "protect" ? { look: look.spec } : {};
        const asked = { upload: sent.map(({ photo }) => photo.id), ...fields, ...secret };
        for (const { photo } of sent) photo.id = null; // the job has them
        const began = await (await post(`/v1/jobs/${task}`, asked)).json();
        job = began.id;
        const ended = await watch(sent, report, task);
        const answer = await send("GET", `/v1/jobs/${job}/result`);
        offer(result.querySelector("a"), await answer.blob(), "proface.zip");
        const good = ended.done - ended.failed;
        find(".outcome").textContent = `${good} of ${photos.length} done, ${photos.length - good} failed.`;
        result.hidden = false;
        result.querySelector("h3").focus();
        announce(find(".outcome").textContent);
      } finally {
        cancel.hidden = true;
        for (const { photo } of photos) photo.forget();
        if (job) send("DELETE", `/v1/jobs/${job}`).catch(() => {});
        job = null;
      }
    });
  }

  /** Send all photos; one that is refused is told in its row. */
  async function upload(report) {
    const sent = [];
    for (const [number, one] of photos.entries()) {
      if (cancelled) throw new Error("Cancelled.");
      report(`Sending ${number + 1} of ${photos.length}…`, number, photos.length);
      tell(one, "is sent");
      try {
        checkSize(one.photo.file, limits);
        await one.photo.upload();
        tell(one, "waits");
        sent.push(one);
      } catch (error) {
        tell(one, error.message, true);
      }
    }
    if (!sent.length) throw new Error("None of the files can be used.");
    return sent;
  }

  async function watch(sent, report, task) {
    const doing = task === "protect" ? "Protected" : "Recovered";
    const open = [...sent];
    let told = 0;
    for (;;) {
      if (cancelled) throw new Error("Cancelled. Nothing was kept.");
      const now = await getJson(`/v1/jobs/${job}`);
      report(`${doing} ${now.done} of ${now.total}`, now.done, now.total);
      for (const record of now.records.slice(told)) {
        const at = open.findIndex(({ photo }) => photo.file.name === record.input);
        const [one] = open.splice(Math.max(at, 0), 1);
        tell(one, record.error ?? words(record), "error" in record);
      }
      for (const video of now.videos) {
        const one = open.find(({ photo }) => photo.file.name === video.input);
        const stage = video.stage === "faces" ? "finding faces" : "making the picture";
        if (one) tell(one, `${stage}: ${Math.floor((100 * video.done) / video.total)} %`);
      }
      told = now.records.length;
      if (now.state !== "running") return now;
      await new Promise((resolve) => setTimeout(resolve, POLL));
    }
  }

  function tell({ row }, text, bad = false) {
    row.cells[1].textContent = text;
    row.cells[1].className = bad ? "bad" : "";
  }

  return { add, choose };
}
