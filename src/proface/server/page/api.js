/** Requests to the service. A failure is an Error with the words of the command. */

let token = "";

/** Use a token for all further requests. */
export function setToken(text) {
  token = text;
}

export class Problem extends Error {
  constructor(status, detail, code) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

/** Send a request; fields may hold lists, files, and null for what is left out. */
export async function send(method, path, fields = null, options = {}) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: fields && form(fields), ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "The service does not answer. Is it still running?");
  }
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  if (answer.status === 429 && !options.again) {
    const seconds = Number(answer.headers.get("Retry-After")) || 2;
    await new Promise((resolve) => setTimeout(resolve, 1000 * Math.min(seconds, 5)));
    return send(method, path, fields, { ...options, again: true });
  }
  throw new Problem(answer.status, problem.detail ?? `The service answers ${answer.status}.`, problem.code);
}

export const post = (path, fields, options) => send("POST", path, fields, options);
export const getJson = async (path) => (await send("GET", path)).json();

function form(fields) {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined) data.append(name, one);
    }
  }
  return data;
}

/** A photo that is sent once, and again if the service has forgotten it. */
export class Photo {
  constructor(file) {
    this.file = file;
    this.id = null;
  }

  async upload() {
    if (this.id === null) {
      const answer = await post("/v1/uploads", { photo: this.file });
      this.id = (await answer.json()).id;
    }
    return this.id;
  }

  /** A request about this photo. */
  async post(path, fields = {}, options = {}) {
    const upload = await this.upload();
    try {
      return await post(path, { upload, ...fields }, options);
    } catch (error) {
      if (error.status !== 404) throw error;
      this.id = null;
      return post(path, { upload: await this.upload(), ...fields }, options);
    }
  }

  /** Let the service forget it now. */
  forget() {
    const { id } = this;
    this.id = null;
    if (id !== null) send("DELETE", `/v1/uploads/${id}`, null, { keepalive: true }).catch(() => {});
  }
}
