/**
 * Single-key shortcuts. Not while somebody types, not with a modifier, not behind an open dialog.
 *
 * @import {ToolActions} from "./toolbar.js"
 */

/** @type {Record<string, keyof ToolActions>} */
const KEYS = { m: "microphone", v: "camera", s: "screen", h: "hand", c: "chat", p: "people", i: "statistics", l: "view", "?": "help" };

/**
 * @param {ToolActions} actions
 * @param {{isActive: () => boolean, closePanel: () => void}} page
 */
export function listenForShortcuts(actions, { isActive, closePanel }) {
  document.addEventListener("keydown", (event) => {
    if (!isActive() || event.isComposing || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") return closePanel();
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || isTyping(event.target)) return;
    const name = KEYS[event.key.toLowerCase()];
    if (!name) return;
    event.preventDefault();
    actions[name]();
  });
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable]") !== null;
}
