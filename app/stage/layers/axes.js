// Orientation: numbers at the grid in the plane; in space the three axes and, for cosine heads, the unit sphere.

import { css } from "../palette.js";
import { HEADS } from "../shared.js";
import { ring } from "./paths.js";
import { vectorLength } from "./vector_length.js";

/** @typedef {import("../gl/strokes.js").Strokes} Strokes */
/** @typedef {import("../state/views.js").PanelView} PanelView */
/** @typedef {import("./layer.js").Layer} Layer */
/** @typedef {import("./layer.js").Picture} Picture */

const AXIS = { alpha: 0.28, width: 1 }, SPHERE = { alpha: 0.16, width: 1 };
const MERIDIANS = 6, PARALLELS = 2; // of the sphere: half circles, and circles on each side of the equator

/** @returns {Layer} */
export function createAxes() {
  /** @type {Strokes} */
  let strokes;
  return {
    name: "axes", depth: "test",
    init(graphics) { strokes = graphics.strokes; },
    draw(view, { theme }) {
      const { scene, reach } = view;
      if (scene.dim === 2) return;
      for (let d = 0; d < 3; d++) {
        const end = [0, 0, 0];
        end[d] = reach;
        strokes.piece(end.map((v) => -v), end, theme.ink, AXIS);
      }
      if (scene.kind === HEADS.cosine) {
        const radius = vectorLength(scene);
        for (let i = 0; i < MERIDIANS; i++) {
          const turn = (Math.PI * i) / MERIDIANS;
          strokes.path(ring([0, 0, 0], radius, [Math.cos(turn), Math.sin(turn), 0], [0, 0, 1]), theme.ink, SPHERE);
        }
        for (let i = -PARALLELS; i <= PARALLELS; i++) {
          const lift = (Math.PI * i) / 6;
          strokes.path(ring([0, 0, radius * Math.sin(lift)], radius * Math.cos(lift), [1, 0, 0], [0, 1, 0]), theme.ink, SPHERE);
        }
      }
      strokes.draw(view);
    },
    label(context, view, picture) {
      if (view.scene.dim === 2) drawTicks(context, view, picture);
    },
  };
}

/** @param {CanvasRenderingContext2D} context @param {PanelView} view @param {Picture} picture */
function drawTicks(context, { camera, rect, grid }, { theme }) {
  context.font = `10px ${theme.font}`;
  context.fillStyle = css(theme.ink, 0.55);
  const [x0, y0] = camera.toWorld(0, rect.height, rect), [x1, y1] = camera.toWorld(rect.width, 0, rect);
  const label = (/** @type {number} */ value) => String(Number((Math.round(value / grid) * grid).toPrecision(6)));
  context.textAlign = "center";
  context.textBaseline = "bottom";
  for (let x = Math.ceil(x0 / grid) * grid; x <= x1; x += grid) {
    const at = ((x - x0) / (x1 - x0)) * rect.width;
    if (at > 26 && at < rect.width - 12) context.fillText(label(x), at, rect.height - 3);
  }
  context.textAlign = "left";
  context.textBaseline = "middle";
  for (let y = Math.ceil(y0 / grid) * grid; y <= y1; y += grid) {
    const at = (1 - (y - y0) / (y1 - y0)) * rect.height;
    if (at > 10 && at < rect.height - 18) context.fillText(label(y), 4, at);
  }
}
