// The samples under the pointer and the one that was chosen, with a ring in every panel.

import { positionOf } from "../data/interpolate.js";
import { css } from "../palette.js";
import { project } from "../state/camera.js";

/** @typedef {import("./layer.js").Layer} Layer */

const RADIUS = 9.5, HALO = 5, LINE = 2; // pixels

/** @returns {Layer} */
export const createSelection = () => ({
  name: "selection",
  label(context, { scene, lens, rect }, { theme, hover, selection }) {
    for (const sample of new Set([selection, hover])) {
      const z = sample === null ? null : positionOf(scene, sample), place = z && project(lens.view, rect, ...z);
      if (!place) continue;
      for (const [width, colour] of /** @type {[number, string][]} */ ([[HALO, css(theme.paper, 0.95)], [LINE, css(theme.ink)]])) {
        context.lineWidth = width;
        context.strokeStyle = colour;
        context.beginPath();
        context.arc(place[0], place[1], RADIUS, 0, 2 * Math.PI);
        context.stroke();
      }
    }
  },
});
