// The script of the current run, kept in the browser so that it outlives a crash of the engine or of the tab.
//
// Lines are appended in batches, because the engine may say several in one frame. Where storage is forbidden the lines
// are kept in memory only, which still serves a crash of the engine.

const BATCH = 250; // milliseconds

export class Keep {
  #lines = [];
  #waiting = [];
  #timer = 0;
  #db = null;

  /** Opens the store and reads what an earlier visit left. */
  static async open() {
    const keep = new Keep();
    try {
      keep.#db = await request(Object.assign(indexedDB.open('kafka-playground', 1), {
        onupgradeneeded: event => event.target.result.createObjectStore('script', { autoIncrement: true }),
      }));
      keep.#lines = (await request(keep.#store('readonly').getAll())).flat();
    } catch {
      keep.#db = null;
    }
    return keep;
  }

  /** The whole script. */
  get script() {
    return this.#lines.join('\n');
  }

  append(text) {
    const lines = text.split('\n').filter(Boolean);
    this.#lines.push(...lines);
    this.#waiting.push(...lines);
    this.#timer ||= setTimeout(() => this.flush(), BATCH);
  }

  /** Forgets the script and begins another. */
  begin(text = '') {
    this.#lines = [];
    this.#waiting = [];
    try {
      this.#db && this.#store('readwrite').clear();
    } catch {
      this.#db = null;
    }
    if (text) this.append(text);
  }

  /** Writes what waits; called before anything that might end the page. */
  flush() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const lines = this.#waiting.splice(0);
    if (!lines.length || !this.#db) return;
    try {
      this.#store('readwrite').add(lines);
    } catch {
      this.#db = null;
    }
  }

  #store(mode) {
    return this.#db.transaction('script', mode).objectStore('script');
  }
}

/**
 * The last cluster of each view, beyond this visit. Small and wanted before anything is drawn, hence not in the database;
 * where storage is forbidden or full nothing is kept.
 */
export const clusters = {
  keep(view, text) {
    try {
      if (text) localStorage.setItem(`cluster ${view}`, text);
      else localStorage.removeItem(`cluster ${view}`);
    } catch {
      // Not kept, then.
    }
  },
  kept(view) {
    try {
      return localStorage.getItem(`cluster ${view}`) ?? undefined;
    } catch {
      return undefined;
    }
  },
};

const request = asked => new Promise((resolve, reject) => {
  asked.onsuccess = () => resolve(asked.result);
  asked.onerror = asked.onblocked = () => reject(asked.error);
});
