// What each panel shows at a moment: its scene, its camera and its place on the canvas.

import { interpolate } from "../data/interpolate.js";

/** @typedef {import("../data/decode.js").Points} Points */
/** @typedef {import("../data/interpolate.js").Scene} Scene */
/** @typedef {import("./camera.js").Camera} Camera */
/** @typedef {import("./camera.js").Lens} Lens */
/** @typedef {import("./camera.js").Rect} Rect */
/** @typedef {import("./clock.js").Moment} Moment */

/** A place on the canvas in its pixels, from the lower left. @typedef {{x: number, y: number, width: number, height: number, ratio: number}} Box */
/** Where the plot of a panel of the run lies. @typedef {{panel: number, rect: Rect, box: Box}} Place */

/**
 * @typedef {object} PanelView
 * @property {number} row       its place among those shown
 * @property {number} panel     its place in the run
 * @property {Rect} rect
 * @property {Box} box
 * @property {Scene} scene
 * @property {Camera} camera
 * @property {Lens} lens
 * @property {number} unit      how long a pixel is
 * @property {number} grid      distance between two lines of the grid
 * @property {number} reach     how far endless lines go
 * @property {number} size      diameter of a dot in pixels
 * @property {string} key       changes with whatever moves points or regions
 */

/**
 * The scenes of the places at a moment.
 * @param {Moment} moment
 * @param {Place[]} places
 * @param {Points} points
 */
export const scenesOf = (moment, places, points) =>
  places.map(({ panel }) => interpolate(moment.a, moment.b, moment.share, panel, points));

/**
 * @param {string} run
 * @param {Moment} moment
 * @param {Place} place
 * @param {number} row
 * @param {Scene} scene
 * @param {Camera} camera
 * @param {number} samples
 * @returns {PanelView}
 */
export function viewOf(run, moment, { panel, rect, box }, row, scene, camera, samples) {
  const unit = camera.unitsPerPixel(rect), side = Math.min(rect.width, rect.height);
  return {
    row, panel, rect, box, scene, camera, lens: camera.lens(rect), unit, grid: gridStep(unit),
    reach: camera.radius * (scene.dim === 3 ? 1.2 : 4) + 2 * Math.hypot(...camera.center),
    size: Math.max(4, Math.min(7, (side / 90) * Math.sqrt(2000 / Math.max(500, samples)))),
    key: `${run}:${moment.a.id}:${moment.b.id}:${moment.share}:${camera.key(rect)}`,
  };
}

/**
 * A round distance (1, 2 or 5 times a power of ten) that is at least 56 pixels wide.
 * @param {number} unitsPerPixel
 */
export function gridStep(unitsPerPixel) {
  const wide = 56 * unitsPerPixel, power = 10 ** Math.floor(Math.log10(wide)), lead = wide / power;
  return power * (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10);
}
