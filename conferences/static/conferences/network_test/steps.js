/** The list of steps on the page: what each found, and which one is under way. */

import { gettext } from "../meeting/i18n.js";
import { element } from "../meeting/ui/dom.js";

/** @typedef {"waiting" | "running" | "good" | "warn" | "bad"} StepState */

export class Steps {
  #root;
  #progress;
  /** @type {Map<string, {name: string, state: StepState, text: string, detail: string, badge: HTMLElement, line: HTMLElement}>} */
  #steps = new Map();

  /** @param {HTMLElement} root @param {HTMLElement} progress what a screen reader is told */
  constructor(root, progress) {
    this.#root = root;
    this.#progress = progress;
  }

  /** @param {[id: string, name: string][]} steps */
  list(steps) {
    this.#steps.clear();
    this.#root.replaceChildren(...steps.map(([id, name]) => this.#make(id, name)));
  }

  /** @param {string} id @param {StepState} state @param {string} [detail] @param {string} [text] other words than the state's own */
  set(id, state, detail = "", text = stateText(state)) {
    const step = this.#steps.get(id);
    if (!step) return;
    Object.assign(step, { state, text, detail });
    const tone = state === "running" ? "info" : state;
    step.badge.className = state === "waiting" ? "badge" : `badge badge--${tone}`;
    step.badge.textContent = text;
    step.line.textContent = detail;
    if (state === "running") this.#progress.textContent = step.name;
  }

  /** For the report. @returns {{name: string, state: string, detail: string}[]} */
  found() {
    return [...this.#steps.values()].map(({ name, text, detail }) => ({ name, state: text, detail }));
  }

  /** @param {string} id @param {string} name */
  #make(id, name) {
    const badge = element("span", { class: "badge" }, stateText("waiting"));
    const line = element("span", { class: "test-step-detail" });
    this.#steps.set(id, { name, state: "waiting", text: stateText("waiting"), detail: "", badge, line });
    return element("li", { class: "test-step", "data-step": id }, element("span", {}, name), badge, line);
  }
}

/** @param {StepState} state @returns {string} */
function stateText(state) {
  const texts = {
    waiting: gettext("Waiting"),
    running: gettext("Testing…"),
    good: gettext("Good"),
    warn: gettext("Not perfect"),
    bad: gettext("Not possible"),
  };
  return texts[state];
}
