// The geometry of the loss: boundaries solid, margins dashed, equal loss thin, optima dotted in the colour of their class.

import { classColour, mixColours } from "../palette.js";
import { SHAPE_ROW, STROKES } from "../shared.js";
import { pathsOf } from "./paths.js";
import { vectorLength } from "./vector_length.js";

/** @typedef {import("../gl/strokes.js").Strokes} Strokes */
/** @typedef {import("./layer.js").Layer} Layer */

const INK_SHARE = 0.28; // of a class's colour, so that pale ones are seen as lines

/** @returns {Layer} */
export function createShapes() {
  /** @type {Strokes} */
  let strokes;
  return {
    name: "shapes", switches: { shapes: true }, depth: "test",
    init(graphics) { strokes = graphics.strokes; },
    draw(view, { theme, switches }) {
      if (!switches.shapes) return;
      const { shapes, dim } = view.scene, size = vectorLength(view.scene);
      for (let row = 0; row + SHAPE_ROW <= shapes.length; row += SHAPE_ROW) {
        const [kind, role, owner] = shapes.subarray(row, row + 3), style = STROKES[role];
        if (!style) continue;
        const colour = style.own && owner >= 0 ? mixColours(classColour(owner), theme.ink, INK_SHARE) : theme.ink;
        for (const path of pathsOf(kind, shapes.subarray(row + 4, row + SHAPE_ROW), dim, view.reach, size)) strokes.path(path, colour, style);
      }
      strokes.draw(view);
    },
  };
}
