/** The page: which task is shown, and what all of them need to know. */

import { getJson, setToken } from "./api.js";
import { startFolder } from "./folder.js";
import { complain } from "./parts.js";
import { startProtect } from "./protect.js";
import { startRecover } from "./recover.js";

const TASKS = ["protect", "recover", "folder"];
const tokenSection = document.getElementById("token");
let ready = false;

sayWhere();
addEventListener("hashchange", () => show(true));
tokenSection.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  setToken(tokenSection.querySelector("input").value.trim());
  begin();
});
// A file dropped beside the target must not replace the page.
for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());
begin();

async function begin() {
  try {
    const [about, looks] = await Promise.all([getJson("/v1/about"), getJson("/v1/looks")]);
    const folder = startFolder({ limits: about.limits, looks });
    const openFolder = (task) => (files) => {
      location.hash = "folder";
      folder.choose(task);
      folder.add(files);
    };
    startProtect({ limits: about.limits, looks, openFolder: openFolder("protect") });
    startRecover({ limits: about.limits, openFolder: openFolder("recover") });
    ready = true;
    tokenSection.hidden = true;
    show(false);
    document.documentElement.dataset.ready = "yes";
  } catch (error) {
    const again = error.status === 401 && tokenSection.hidden;
    tokenSection.hidden = false;
    complain(tokenSection.querySelector(".error"), again ? null : error);
    tokenSection.querySelector("input").focus();
  }
}

/** Show the task that the address names. */
function show(moved) {
  if (!ready) return;
  const name = location.hash.slice(1);
  const task = TASKS.includes(name) ? name : TASKS[0];
  for (const one of TASKS) {
    document.getElementById(one).hidden = one !== task;
    const link = document.querySelector(`nav a[href="#${one}"]`);
    if (one === task) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${document.querySelector(`nav a[href="#${task}"]`).textContent}: proface`;
  if (moved) document.getElementById(`${task}-title`).focus({ preventScroll: true });
}

/** Say where photos and passwords go. */
function sayWhere() {
  const { hostname, protocol, host } = location;
  const here = hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
  const place = document.getElementById("where");
  if (here) {
    place.textContent = "Runs on this computer. Photos and passwords do not leave it, and nothing is kept.";
    return;
  }
  place.textContent = `Photos and passwords are sent to ${host}, which keeps neither.`;
  if (protocol !== "https:") {
    place.className = "warning";
    place.textContent += " The connection is not encrypted: others on the network can read both.";
  }
}
