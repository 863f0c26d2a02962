// Buttons, switches and menus of the bar.

import { icon, make, setAttribute } from "./elements.js";

/** @typedef {import("../words.js").Translate} Translate */

/**
 * A button with an icon; its name is a text of the catalogue.
 * @param {Translate} t
 * @param {string} key
 * @param {Parameters<typeof icon>[0]} picture
 * @param {() => void} click
 * @param {Record<string, unknown>} [attributes]
 */
export const createButton = (t, key, picture, click, attributes = {}) =>
  make("button", { type: "button", class: "lg-button", title: t(key), "aria-label": t(key), "data-act": key, ...attributes, on: { click } }, icon(picture));

/**
 * A switch with its glyph; its help is the text `KEY_help`.
 * @param {Translate} t
 * @param {string} key
 * @param {() => void} click
 * @param {HTMLElement|null} [glyph]
 */
export const createToggle = (t, key, click, glyph = null) =>
  make("button", { type: "button", class: "lg-chip", "aria-pressed": "false", "data-act": key, title: t(`${key}_help`), on: { click } }, glyph, make("span", { text: t(key) }));

/**
 * A menu of numbers.
 * @param {Translate} t
 * @param {string} key
 * @param {number[]} values
 * @param {number} value
 * @param {(value: number) => string} words
 * @param {(value: number) => void} choose
 */
export function createMenu(t, key, values, value, words, choose) {
  const menu = make("select", { class: "lg-select", title: t(key), "aria-label": t(key), "data-act": key,
    on: { change: () => choose(Number(menu.value)) } }, ...values.map((number) => make("option", { value: number, text: words(number) })));
  menu.value = String(value);
  return menu;
}

/** @param {Element} element @param {boolean} on */
export const press = (element, on) => setAttribute(element, "aria-pressed", on);
