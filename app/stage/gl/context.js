// What the layers share on the graphics card: the context, the heads of the panels, the colours of the classes, strokes.

import { CLASS_NUMBERS, writeHead } from "../data/head.js";
import { classColour } from "../palette.js";
import { CLASS_COLOURS, MAX_CLASSES, MAX_PANELS } from "../shared.js";
import { createTexture } from "./programs.js";
import { createStrokes } from "./strokes.js";

/** @typedef {import("../data/interpolate.js").Scene} Scene */
/** @typedef {import("../state/views.js").PanelView} PanelView */
/** @typedef {import("./programs.js").Program} Program */

/** Texture units. */
export const UNITS = Object.freeze({ heads: 0, palette: 1, regions: 2 });

/**
 * @typedef {object} Graphics
 * @property {WebGL2RenderingContext} gl
 * @property {import("./strokes.js").Strokes} strokes
 * @property {(views: PanelView[]) => void} uploadHeads
 * @property {(program: Program, view: PanelView) => void} setHead   set the uniforms of gl/shaders/head.js
 */

/**
 * The context of a canvas; null where the browser has no WebGL2. `debug` keeps the picture for read-back.
 * @param {HTMLCanvasElement} canvas
 * @param {boolean} debug
 */
export function openContext(canvas, debug) {
  return canvas.getContext("webgl2", { antialias: false, alpha: false, preserveDrawingBuffer: debug, powerPreference: "high-performance" });
}

/**
 * Make what the layers share; again after the context was lost.
 * @param {WebGL2RenderingContext} gl
 * @returns {Graphics}
 */
export function createGraphics(gl) {
  const colours = new Uint8Array(CLASS_COLOURS.length * 4);
  CLASS_COLOURS.forEach((_, c) => colours.set([...classColour(c), 255], c * 4));
  const texels = CLASS_NUMBERS / 4; // of a class
  createTexture(gl, UNITS.heads, { internal: gl.RGBA32F, width: MAX_CLASSES * texels, height: MAX_PANELS, format: gl.RGBA, type: gl.FLOAT });
  createTexture(gl, UNITS.palette, { internal: gl.RGBA8, width: CLASS_COLOURS.length, height: 1, format: gl.RGBA, type: gl.UNSIGNED_BYTE, data: colours });
  const head = new Float32Array(MAX_CLASSES * CLASS_NUMBERS);

  return {
    gl, strokes: createStrokes(gl),
    uploadHeads(views) {
      gl.activeTexture(gl.TEXTURE0 + UNITS.heads);
      for (const { row, scene } of views) {
        writeHead(scene, head);
        gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, row, MAX_CLASSES * texels, 1, gl.RGBA, gl.FLOAT, head);
      }
    },
    setHead({ at }, { row, scene }) {
      gl.uniform1i(at.heads, UNITS.heads);
      gl.uniform1i(at.row, row);
      gl.uniform1i(at.kind, scene.kind);
      gl.uniform1i(at.classes, Math.min(MAX_CLASSES, scene.classes));
      for (const name of /** @type {const} */ (["factor", "blend", "angle", "cosine", "score", "stretch"])) {
        if (at[name]) gl.uniform1f(at[name], scene[name]);
      }
    },
  };
}
