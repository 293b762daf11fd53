/** Small things that all tasks share: messages, progress, downloads, dropping. */

const announcer = document.getElementById("announcer");

/** Say something to people who use a screen reader. */
export function announce(text) {
  announcer.textContent = "";
  requestAnimationFrame(() => (announcer.textContent = text));
}

/** Show an error in the nearest place for one, or clear it. */
export function complain(place, error) {
  place.textContent = error ? error.message : "";
}

/**
 * Do something that takes a while: one at a time, with progress and seconds, and errors shown.
 * `place` holds .busy and .error; its last buttons of kind .primary wait.
 */
export async function busy(place, text, work) {
  if (place.dataset.busy) return;
  place.dataset.busy = "yes";
  const bar = place.querySelector(":scope > .busy");
  const error = place.querySelector(":scope > .error");
  const button = place.querySelector(":scope > .row button.primary");
  const words = bar.querySelector("span");
  const began = Date.now();
  let shown = text;
  const tick = () => {
    const seconds = Math.round((Date.now() - began) / 1000);
    words.textContent = seconds < 2 ? shown : `${shown} (${seconds} s)`;
  };
  const progress = bar.querySelector("progress");
  progress.removeAttribute("value");
  progress.setAttribute("aria-label", text);
  const report = (newer, done, total) => {
    shown = newer;
    if (total) [progress.max, progress.value] = [total, done];
    tick();
  };
  complain(error, null);
  bar.hidden = false;
  button?.setAttribute("aria-disabled", "true");
  tick();
  announce(text);
  const clock = setInterval(tick, 1000);
  try {
    return await work(report);
  } catch (fault) {
    complain(error, fault);
  } finally {
    clearInterval(clock);
    bar.hidden = true;
    button?.removeAttribute("aria-disabled");
    delete place.dataset.busy;
  }
}

/** Point a link at bytes to download, in place of what it pointed at. */
export function offer(link, blob, name) {
  if (link.href.startsWith("blob:")) URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.hidden = false;
}

/** Show bytes as a picture, in place of the last one. */
export async function showPicture(image, blob) {
  const old = image.src;
  image.src = URL.createObjectURL(blob);
  await image.decode().catch(() => {});
  if (old.startsWith("blob:")) URL.revokeObjectURL(old);
}

/** The name and record of an answer with a file. */
export function described(answer) {
  const name = /filename\*=UTF-8''([^;]+)/.exec(answer.headers.get("Content-Disposition") ?? "");
  const record = answer.headers.get("Proface-Record");
  return {
    name: name ? decodeURIComponent(name[1]) : "photo",
    record: record ? JSON.parse(record) : {},
  };
}

/** The words of a record, without the names of the files. */
export function words(record) {
  const text = record.sentence ?? "";
  const start = `${record.input} -> ${record.output}: `;
  return text.startsWith(start) ? text.slice(start.length) : text;
}

/** Take dropped and chosen files. */
export function receive(section, input, take) {
  input.addEventListener("change", () => {
    const files = [...input.files];
    input.value = "";
    if (files.length) take(files);
  });
  const over = (event) => {
    if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    event.preventDefault();
    section.classList.toggle("over", event.type !== "drop");
  };
  section.addEventListener("dragover", over);
  section.addEventListener("dragleave", () => section.classList.remove("over"));
  section.addEventListener("drop", async (event) => {
    over(event);
    const files = await dropped(event.dataTransfer);
    if (files.length) take(files);
  });
}

/** The files of a drop, those in dropped folders too. */
async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  const files = [];
  const walk = async (entry) => {
    if (entry.name.startsWith(".")) return;
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
      const isPhoto = file.type.startsWith("image/") || /\.(tiff?|heic|heif|avif)$/i.test(file.name);
      if (isPhoto || isVideo(file)) files.push(file);
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!some.length) return;
      for (const one of some) await walk(one);
    }
  };
  for (const entry of entries) await walk(entry);
  return files;
}

/** Whether a file is a video, by what the browser says of it. */
export function isVideo(file) {
  return file.type.startsWith("video/") || /\.(mkv|m2?ts|avi|flv)$/i.test(file.name);
}

/** Refuse a file that the service would refuse, before it is sent. */
export function checkSize(file, limits) {
  const most = isVideo(file) ? limits.video_bytes : limits.file_bytes;
  if (file.size <= most) return;
  throw new Error(
    `${file.name}: the file is over ${Math.floor(most / 2 ** 20)} MiB, the service's limit. Make it smaller, or use the command.`,
  );
}
