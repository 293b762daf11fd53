/**
 * Boxes over a picture: faces that were found, and boxes added by hand.
 *
 * All places are in pixels of the photo; elements are placed in percent, so that they follow the
 * picture's size on the screen.
 */

const LEAST = 8; // pixels of the photo

export class Boxes {
  /** `frame` holds the picture; `changed` is called after every change that is finished. */
  constructor(frame, changed) {
    this.frame = frame;
    this.changed = changed;
    this.items = [];
    this.size = [1, 1];
    this.letters = 0;
    frame.addEventListener("pointerdown", (event) => this.begin(event));
  }

  /** Show the faces of a photo. */
  show(size, faces) {
    for (const item of this.items) item.element.remove();
    this.size = size;
    this.letters = 0;
    this.items = faces.map(({ n, x, y, w, h }) => this.make({ n, found: { x, y, w, h }, box: { x, y, w, h } }));
  }

  /** Add a box in the middle, for those who do not drag. */
  addInTheMiddle() {
    const [width, height] = this.size;
    const side = Math.round(Math.min(width, height) / 4);
    return this.add({ x: (width - side) >> 1, y: (height - side) >> 1, w: side, h: side });
  }

  add(box) {
    this.letters += 1;
    const item = this.make({ letter: letters(this.letters), box });
    this.items.push(item);
    this.changed();
    item.button.focus();
    return item;
  }

  /** The fields of a request: faces to leave out, and regions. */
  fields() {
    const gone = this.items.filter((item) => item.found && (item.out || isMoved(item)));
    const drawn = this.items.filter((item) => !item.out && (!item.found || isMoved(item)));
    return {
      skip: gone.map((item) => item.n),
      region: drawn.map(({ box }) => `${box.x},${box.y},${box.w},${box.h}`),
    };
  }

  toggle(item) {
    item.out = !item.out;
    this.place(item);
    this.changed();
  }

  /** Remove a box that was added, or leave out a face. */
  remove(item) {
    if (item.found) {
      item.out = true;
      this.place(item);
    } else {
      const at = this.items.indexOf(item);
      this.items.splice(at, 1);
      item.element.remove();
    }
    this.changed();
  }

  /** Put a face's box back where it was found. */
  reset(item) {
    item.box = { ...item.found };
    this.place(item);
    this.changed();
  }

  make(fields) {
    const item = { out: false, ...fields };
    item.element = document.createElement("div");
    item.element.className = "box";
    item.button = document.createElement("button");
    item.button.type = "button";
    item.button.setAttribute("aria-label", `Hide ${nameOf(item)}`);
    const tag = document.createElement("span");
    tag.className = "tag";
    tag.textContent = item.n ?? item.letter;
    item.element.append(item.button, tag);
    for (const corner of ["nw", "ne", "sw", "se"]) {
      const handle = document.createElement("span");
      handle.className = `handle ${corner}`;
      handle.addEventListener("pointerdown", (event) => this.drag(event, item, corner));
      item.element.append(handle);
    }
    item.button.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "touch") this.drag(event, item, "");
    });
    item.button.addEventListener("click", (event) => {
      if (item.dragged) item.dragged = false;
      else this.toggle(item);
      event.stopPropagation();
    });
    item.button.addEventListener("keydown", (event) => this.key(event, item));
    this.frame.append(item.element);
    this.place(item);
    return item;
  }

  place(item) {
    const { x, y, w, h } = item.box;
    const [width, height] = this.size;
    Object.assign(item.element.style, {
      left: `${(100 * x) / width}%`,
      top: `${(100 * y) / height}%`,
      width: `${(100 * w) / width}%`,
      height: `${(100 * h) / height}%`,
    });
    item.element.classList.toggle("out", item.out);
    item.element.classList.toggle("top", y / height < 0.06);
    item.button.setAttribute("aria-pressed", String(!item.out));
  }

  /** A place on the screen in pixels of the photo. */
  at(event) {
    const frame = this.frame.getBoundingClientRect();
    const [width, height] = this.size;
    const limit = (value, most) => Math.round(Math.min(Math.max(value, 0), most));
    return [
      limit(((event.clientX - frame.left) / frame.width) * width, width),
      limit(((event.clientY - frame.top) / frame.height) * height, height),
    ];
  }

  /** Draw a new box. With a finger the page scrolls instead: a button adds a box. */
  begin(event) {
    if (event.target.closest(".box") || event.button !== 0 || event.pointerType === "touch") return;
    event.preventDefault();
    const [x0, y0] = this.at(event);
    const shown = document.createElement("div");
    shown.className = "drawing";
    this.frame.append(shown);
    let box = null;
    const [width, height] = this.size;
    follow(
      event,
      (moved) => {
        const [x, y] = this.at(moved);
        box = { x: Math.min(x, x0), y: Math.min(y, y0), w: Math.abs(x - x0), h: Math.abs(y - y0) };
        Object.assign(shown.style, {
          left: `${(100 * box.x) / width}%`,
          top: `${(100 * box.y) / height}%`,
          width: `${(100 * box.w) / width}%`,
          height: `${(100 * box.h) / height}%`,
        });
      },
      () => {
        shown.remove();
        if (box && box.w >= LEAST && box.h >= LEAST) this.add(box);
      },
    );
  }

  /** Move a box, or a corner of it. */
  drag(event, item, corner) {
    if (event.button !== 0) return;
    event.preventDefault();
    event.stopPropagation();
    item.button.focus();
    const start = { ...item.box };
    const [x0, y0] = this.at(event);
    item.dragged = false;
    follow(
      event,
      (moved) => {
        const far = Math.hypot(moved.clientX - event.clientX, moved.clientY - event.clientY);
        if (far > 4) item.dragged = true;
        if (!item.dragged) return;
        const [x, y] = this.at(moved);
        item.box = this.changedBox(start, corner, x - x0, y - y0);
        this.place(item);
      },
      () => {
        if (item.dragged) this.changed();
        if (corner) item.dragged = false;
      },
    );
  }

  /** A box whose corner, or all of it, was moved; inside the photo. */
  changedBox(start, corner, dx, dy) {
    const [width, height] = this.size;
    let { x, y, w, h } = start;
    if (!corner) {
      x = Math.min(Math.max(x + dx, 0), width - w);
      y = Math.min(Math.max(y + dy, 0), height - h);
      return { x, y, w, h };
    }
    let [right, bottom] = [x + w, y + h];
    if (corner.includes("w")) x = Math.min(Math.max(x + dx, 0), right - LEAST);
    if (corner.includes("e")) right = Math.max(Math.min(right + dx, width), x + LEAST);
    if (corner.includes("n")) y = Math.min(Math.max(y + dy, 0), bottom - LEAST);
    if (corner.includes("s")) bottom = Math.max(Math.min(bottom + dy, height), y + LEAST);
    return { x, y, w: right - x, h: bottom - y };
  }

  key(event, item) {
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
    if (dx || dy) {
      const step = Math.max(1, Math.round(Math.max(...this.size) / 200));
      item.box = this.changedBox(item.box, event.shiftKey ? "se" : "", dx * step, dy * step);
      this.place(item);
      this.changed();
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.remove(item);
    } else {
      return;
    }
    event.preventDefault();
  }
}

/** Follow a pointer until it is let go. */
function follow(event, move, end) {
  const pointer = event.pointerId;
  const stop = (last) => {
    if (last.pointerId !== pointer) return;
    removeEventListener("pointermove", move);
    removeEventListener("pointerup", stop);
    removeEventListener("pointercancel", stop);
    end();
  };
  addEventListener("pointermove", move);
  addEventListener("pointerup", stop);
  addEventListener("pointercancel", stop);
}

export function nameOf(item) {
  return item.found ? `face ${item.n}` : `box ${item.letter}`;
}

export function isMoved(item) {
  return Boolean(item.found) && ["x", "y", "w", "h"].some((side) => item.box[side] !== item.found[side]);
}

function letters(number) {
  const letter = String.fromCharCode(65 + ((number - 1) % 26));
  return number <= 26 ? letter : `${letter}${Math.ceil(number / 26)}`;
}
