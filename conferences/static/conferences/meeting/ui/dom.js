/** Finding and making elements. Text goes in as text nodes only: what people write is never parsed as markup. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * The element that the template calls `data-part="<name>"`.
 *
 * @template {Element} T
 * @param {string} name
 * @param {new () => T} type
 * @returns {T}
 * @throws {TypeError} when the template has none of that type
 */
export function part(name, type) {
  const found = document.querySelector(`[data-part="${name}"]`);
  if (!(found instanceof type)) throw new TypeError(`The page has no ${type.name} "${name}".`);
  return found;
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string>} [attributes]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** @param {string} name of a symbol in liveon/icons.svg @returns {SVGSVGElement} */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${part("icons", HTMLTemplateElement).dataset.url}#${name}`);
  svg.append(use);
  return svg;
}

/**
 * A small button with an icon and a spoken name.
 *
 * @param {string} symbol
 * @param {string} label
 * @param {() => void} action
 * @param {string} [testId]
 * @returns {HTMLButtonElement}
 */
export function iconButton(symbol, label, action, testId) {
  const button = element("button", { type: "button", class: "tool tool--small", title: label, "aria-label": label }, icon(symbol));
  if (testId) button.dataset.testid = testId;
  button.addEventListener("click", action);
  return button;
}

/**
 * What stands in an avatar: the first letter of a Latin first and last name, the first character of any other name.
 *
 * @param {string} name
 * @returns {string}
 */
export function initials(name) {
  const words = name.trim().split(/[\s　]+/u);
  const first = [...(words[0] ?? "")][0] ?? "?";
  if (!/\p{Script=Latin}/u.test(first) || words.length < 2) return first.toUpperCase();
  return (first + ([...(words.at(-1) ?? "")][0] ?? "")).toUpperCase();
}

/** One of six avatar colours, always the same for one participant. @param {string} id @returns {string} */
export function avatarClass(id) {
  const sum = [...id].reduce((total, character) => total + character.charCodeAt(0), 0);
  return `avatar--${(sum % 6) + 1}`;
}
