/** Holds the state of the page and tells who listens, at most once per turn of the event loop. */

/**
 * @template State, Event
 */
export class Store {
  #reduce;
  #state;
  /** @type {((state: State) => void)[]} */
  #listeners = [];
  #scheduled = false;

  /**
   * @param {(state: State, event: Event) => State} reduce pure
   * @param {State} initial
   */
  constructor(reduce, initial) {
    this.#reduce = reduce;
    this.#state = initial;
  }

  get state() {
    return this.#state;
  }

  /** @param {Event} event */
  dispatch(event) {
    const next = this.#reduce(this.#state, event);
    if (next === this.#state) return;
    this.#state = next;
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#tell());
  }

  /** @param {(state: State) => void} listener */
  subscribe(listener) {
    this.#listeners.push(listener);
    listener(this.#state);
  }

  #tell() {
    this.#scheduled = false;
    for (const listener of this.#listeners) listener(this.#state);
  }
}
