// Small makers of elements, so that the other files say what stands where and nothing else.

/**
 * @typedef {object} ElementOptions
 * @property {string} [text]
 * @property {Record<string, (event: any) => void>} [on]   listeners by the name of the event
 */

/**
 * Make an element: `make("button", {class, text, title, on: {click}}, ...children)`. Attributes that are `undefined`,
 * `null` or `false` are left out, and so are such children.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {ElementOptions & Record<string, unknown>} [options]
 * @param {(Node|string|null|false)[]} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, options = {}, ...children) {
  const element = document.createElement(tag);
  const { text, on = {}, ...attributes } = options;
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  if (text !== undefined) element.textContent = text;
  for (const [event, listener] of Object.entries(on)) element.addEventListener(event, listener);
  element.append(...children.filter((child) => child !== null && child !== false));
  return element;
}

/**
 * Change a text only where it differs: writing the same text still costs a layout.
 * @param {Element} element
 * @param {string} text
 */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Change an attribute only where it differs.
 * @param {Element} element
 * @param {string} name
 * @param {unknown} value
 */
export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
}

/**
 * Hide an element or show it.
 * @param {HTMLElement} element
 * @param {boolean} on
 */
export function show(element, on) {
  if (element.hidden === on) element.hidden = !on;
}

const PATHS = {
  play: "M8 5.5v13l10.5-6.5z",
  pause: "M7 5h3.6v14H7zM13.4 5H17v14h-3.6z",
  step: "M6 5.5v13l8.5-6.5zM15.6 5.5H18v13h-2.4z",
  loop: "M17 17H7v-3l-4 4 4 4v-3h12v-6h-2zM7 7h10v3l4-4-4-4v3H5v6h2z",
  full: "M4 4h6v2H6v4H4zM14 4h6v6h-2V6h-4zM4 14h2v4h4v2H4zM18 14h2v6h-6v-2h4z",
  picture: "M9 4.5 7.6 6.5H4.5A1.5 1.5 0 0 0 3 8v10.5A1.5 1.5 0 0 0 4.5 20h15a1.5 1.5 0 0 0 1.5-1.5V8a1.5 1.5 0 0 0-1.5-1.5h-3.1L15 4.5zM12 17a4 4 0 1 1 0-8 4 4 0 0 1 0 8z",
};

/**
 * An icon of 24 units in the colour of the text.
 * @param {keyof typeof PATHS} name
 */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
