// The elements of the stage: canvas, panels over it, labels over those, and the message where there is no picture.

import { make } from "./elements.js";

/** @typedef {import("../palette.js").Theme} Theme */
/** @typedef {import("../state/views.js").PanelView} PanelView */
/** @typedef {import("./cell.js").Cell} Cell */

/**
 * @typedef {object} View
 * @property {HTMLElement} stage     everything
 * @property {HTMLElement} element   the picture without the bar
 * @property {HTMLCanvasElement} canvas
 * @property {HTMLElement} grid      the panels
 * @property {HTMLElement} room      as high as the page wants the view
 * @property {HTMLCanvasElement} overlay
 * @property {CanvasRenderingContext2D} pen   of the overlay
 * @property {HTMLElement} message
 */

/**
 * @param {Node} root  an element or a shadow root
 * @returns {View}
 */
export function createView(root) {
  const canvas = make("canvas", { class: "lg-canvas", "aria-hidden": "true" }), overlay = make("canvas", { class: "lg-over", "aria-hidden": "true" });
  const grid = make("div", { class: "lg-grid" }), message = make("div", { class: "lg-message", role: "status" });
  const room = make("div", { class: "lg-room" });
  const element = make("div", { class: "lg-view", tabindex: 0 }, canvas, grid, overlay, message, room);
  const stage = make("div", { class: "lg-stage" }, element);
  root.appendChild(stage);
  return { stage, element, canvas, grid, room, overlay, pen: /** @type {CanvasRenderingContext2D} */ (overlay.getContext("2d")), message };
}

/**
 * Give the canvases the size of the view in pixels of the screen; `share` is the resolution of the picture.
 * @param {View} view
 * @param {number} ratio
 * @param {number} share
 */
export function sizeCanvases({ element, canvas, overlay }, ratio, share) {
  for (const [target, scale] of /** @type {[HTMLCanvasElement, number][]} */ ([[canvas, ratio * share], [overlay, ratio]])) {
    const width = Math.max(1, Math.round(element.clientWidth * scale)), height = Math.max(1, Math.round(element.clientHeight * scale));
    if (target.width !== width || target.height !== height) Object.assign(target, { width, height });
  }
}

/**
 * A PNG data URL of the picture with its labels, titles and numbers.
 * @param {View} view
 * @param {PanelView[]} panels
 * @param {Cell[]} cells
 * @param {Theme} theme
 */
export function pictureOf({ element, canvas, overlay }, panels, cells, theme) {
  const copy = make("canvas", { width: canvas.width, height: canvas.height });
  const pen = /** @type {CanvasRenderingContext2D} */ (copy.getContext("2d")), ratio = canvas.width / Math.max(1, element.clientWidth);
  pen.drawImage(canvas, 0, 0);
  pen.drawImage(overlay, 0, 0);
  pen.scale(ratio, ratio);
  pen.fillStyle = `rgb(${theme.ink.join()})`;
  for (const { panel, rect } of panels) {
    const cell = cells.find(({ entry }) => entry.panel === panel);
    if (!cell) continue;
    const title = cell.entry.title ?? "";
    pen.font = `600 14px ${theme.font}`;
    pen.fillText(title, rect.left + 2, rect.top - 9);
    const width = pen.measureText(title).width + 14;
    pen.font = `12px ${theme.font}`;
    pen.fillText(cell.words, rect.left + width, rect.top - 9, Math.max(10, rect.width - width));
  }
  return copy.toDataURL("image/png");
}
