/** The choice of a look and its strength. */

export class LookChoice {
  /** Fill a fieldset; `changed` is called after every change. */
  constructor(place, looks, changed) {
    place.append(document.getElementById("look-fields").content.cloneNode(true));
    const find = (name) => place.querySelector(name);
    this.kind = find("[name=kind]");
    this.strength = find("[name=strength]");
    this.choice = find("[name=choice]");
    this.place = place;
    // A look that shows a face from another photo needs that photo: the command takes it.
    this.looks = looks.filter((look) => look.least !== null || look.choices.length);
    for (const look of this.looks) this.kind.add(new Option(`${look.name}: ${look.summary}`, look.name));
    this.kind.value = this.looks.some((look) => look.name === "pixelate") ? "pixelate" : this.looks[0].name;
    this.kind.addEventListener("change", () => this.chosen(changed));
    this.strength.addEventListener("input", () => this.shown(changed));
    this.choice.addEventListener("change", () => this.shown(changed));
    this.chosen(() => {});
  }

  get look() {
    return this.looks.find((look) => look.name === this.kind.value);
  }

  /** As the service takes it: "pixelate:32". */
  get spec() {
    const { look } = this;
    return `${look.name}:${look.choices.length ? this.choice.value : this.strength.value}`;
  }

  warn(text) {
    const place = this.place.querySelector(".warning");
    if (place.textContent !== text) place.textContent = text;
  }

  chosen(changed) {
    const { look } = this;
    const named = look.choices.length > 0;
    this.place.querySelector(".strength").hidden = named;
    this.place.querySelector(".choice").hidden = !named;
    if (named) {
      this.choice.replaceChildren(...look.choices.map((name) => new Option(name, name)));
      this.choice.value = look.default;
    } else {
      Object.assign(this.strength, { min: look.least, max: look.most, step: look.step });
      this.strength.value = look.default;
      this.place.querySelector(".meaning").textContent = `(${look.meaning})`;
    }
    this.place.querySelector(".leaks").textContent = look.leaks && `What it leaks: ${look.leaks}`;
    this.shown(changed);
  }

  shown(changed) {
    this.place.querySelector("output").textContent = this.strength.value;
    changed();
  }
}
