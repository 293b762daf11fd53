/** The password or key file. */

import { post } from "./api.js";
import { announce, offer } from "./parts.js";

export class KeyChoice {
  /** Fill a fieldset. `twice`: ask for the password twice, and offer to make a key file. */
  constructor(place, { twice }) {
    place.append(document.getElementById("key-fields").content.cloneNode(true));
    const find = (name) => place.querySelector(name);
    this.place = place;
    this.twice = twice;
    this.password = find("[name=password]");
    this.again = find("[name=again]");
    this.file = find("[name=key-file]");
    this.made = null;
    this.ask(twice);
    // Two groups of radio buttons on one page must not share a name.
    for (const radio of place.querySelectorAll("[name=kind]")) {
      radio.name = `kind-${place.closest("section").id}`;
      radio.addEventListener("change", () => this.switched(radio.value));
    }
    find("[name=seen]").addEventListener("change", (event) => {
      this.password.type = this.again.type = event.target.checked ? "text" : "password";
    });
    this.password.addEventListener("input", () => this.judge());
    this.file.addEventListener("change", () => (this.made = null));
    find("[name=make]").addEventListener("click", () => this.make());
  }

  /** Ask twice, or once. */
  ask(twice) {
    this.twice = twice;
    this.place.querySelector(".again").hidden = !twice;
    this.place.querySelector(".make").hidden = !twice;
    this.password.autocomplete = twice ? "new-password" : "off";
    this.judge();
  }

  get isPassword() {
    return this.place.querySelector("input[type=radio]:checked").value === "password";
  }

  /** The fields of a request. Throws an Error that says what is missing. */
  fields() {
    if (!this.isPassword) {
      const key_file = this.made ?? this.file.files[0];
      if (!key_file) throw new Error("Choose a key file.");
      return { key_file };
    }
    if (!this.password.value) throw new Error("The password is empty. Use several words.");
    if (this.twice && this.password.value !== this.again.value) {
      throw new Error("The two passwords differ. Type them again.");
    }
    return { password: this.password.value };
  }

  /** Forget what was typed. */
  clear() {
    this.password.value = this.again.value = "";
    this.judge();
  }

  switched(kind) {
    this.place.querySelector(".password").hidden = kind !== "password";
    this.place.querySelector(".file").hidden = kind !== "file";
  }

  judge() {
    this.place.querySelector(".strength-hint").textContent = this.twice ? hint(this.password.value) : "";
  }

  async make() {
    const hintPlace = this.place.querySelector(".file-hint");
    try {
      const text = await (await post("/v1/keys/generate")).text();
      this.made = new File([text], "proface.key", { type: "text/plain" });
      this.file.value = "";
      offer(this.place.querySelector("a.download"), this.made, "proface.key");
      hintPlace.textContent =
        "A new key file is used. Download it now, keep it secret, and keep a second copy: without it the faces are lost.";
    } catch (error) {
      hintPlace.textContent = error.message;
    }
    announce(hintPlace.textContent);
  }
}

/** What a password's length says. Nothing here can tell whether it is random. */
function hint(password) {
  const length = [...password.normalize("NFC")].length;
  const tries = "Whoever has the file can try passwords, as many as they have computers for.";
  if (!length) return `${tries} Use four or more random words, or a key file.`;
  if (length < 10) return `Short: ${length} characters. ${tries}`;
  if (length < 16) return `${length} characters: enough only if they are random, not words or names.`;
  return `${length} characters: long enough, if nobody else would put them together.`;
}
