// Colours: those of the classes, and those that the page gives to an element.

import { CLASS_COLOURS } from "./shared.js";

/** Red, green and blue (0 to 255). @typedef {number[]} Colour */

/** @typedef {{paper: Colour, ink: Colour, dark: boolean, font: string}} Theme */

const COLOURS = CLASS_COLOURS.map((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));

/**
 * The colour of class `c` (spec/palette.py).
 * @param {number} c
 * @returns {Colour}
 */
export const classColour = (c) => COLOURS[c];

/** @param {Colour} colour @param {number} [alpha] */
export const css = ([r, g, b], alpha = 1) => `rgba(${r}, ${g}, ${b}, ${alpha})`;

/**
 * A colour between two: the first at 0, the second at 1.
 * @param {Colour} a
 * @param {Colour} b
 * @param {number} share
 * @returns {Colour}
 */
export const mixColours = (a, b, share) => a.map((v, d) => v * (1 - share) + b[d] * share);

/**
 * Read a computed CSS colour (`rgb(...)`); `fallback` where there is none.
 * @param {string} text
 * @param {Colour} fallback
 * @returns {Colour}
 */
export function readColour(text, fallback) {
  const match = /rgba?\(\s*([\d.]+)[ ,]+([\d.]+)[ ,]+([\d.]+)(?:[ ,/]+([\d.]+))?/.exec(text ?? "");
  if (!match || Number(match[4] ?? 1) === 0) return fallback;
  return match.slice(1, 4).map(Number);
}

/**
 * The colours and the font that the page gives to an element; marks it `lg-dark` on a dark page.
 * @param {Element} element
 * @returns {Theme}
 */
export function themeOf(element) {
  const style = getComputedStyle(element);
  const paper = readColour(style.backgroundColor, [255, 255, 255]), ink = readColour(style.color, [30, 32, 40]);
  const dark = paper[0] + paper[1] + paper[2] < 384;
  element.classList.toggle("lg-dark", dark);
  return { paper, ink, dark, font: style.fontFamily };
}
