// Strokes: layers add pieces and paths, one instanced call draws them.

import { createProgram } from "./programs.js";
import { LINES, STROKE } from "./shaders/strokes.js";

/** @typedef {import("../palette.js").Colour} Colour */
/** @typedef {import("../state/views.js").PanelView} PanelView */

/** How a stroke is drawn: opacity, width and dash in pixels (no dash: 0). @typedef {{alpha: number, width: number, dash?: number}} StrokeStyle */

/**
 * @typedef {object} Strokes
 * @property {(a: number[], b: number[], colour: Colour, style: StrokeStyle, before?: number) => void} piece
 *   add a straight piece; `before` is the length of the path up to it
 * @property {(points: number[][], colour: Colour, style: StrokeStyle) => void} path
 * @property {(view: PanelView) => void} draw   draw what was added and forget it
 */

/** From, to, colour, opacity, width, dash, length before. */
const LAYOUT = [[3, 0], [3, 12], [4, 24], [3, 40]], PIECE = 13;

/**
 * @param {WebGL2RenderingContext} gl
 * @returns {Strokes}
 */
export function createStrokes(gl) {
  const { handle, at } = createProgram(gl, LINES, STROKE, ["from", "to", "tint", "style"]);
  const buffer = gl.createBuffer(), array = gl.createVertexArray();
  gl.bindVertexArray(array);
  gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
  LAYOUT.forEach(([size, offset], place) => {
    gl.enableVertexAttribArray(place);
    gl.vertexAttribPointer(place, size, gl.FLOAT, false, PIECE * 4, offset);
    gl.vertexAttribDivisor(place, 1);
  });
  gl.bindVertexArray(null);
  let data = new Float32Array(PIECE * 4096), count = 0;

  /** @type {Strokes} */
  const strokes = {
    piece(a, b, colour, { alpha, width, dash = 0 }, before = 0) {
      if ((count + 1) * PIECE > data.length) {
        const larger = new Float32Array(data.length * 2);
        larger.set(data);
        data = larger;
      }
      const k = count++ * PIECE;
      data[k] = a[0]; data[k + 1] = a[1]; data[k + 2] = a[2] ?? 0;
      data[k + 3] = b[0]; data[k + 4] = b[1]; data[k + 5] = b[2] ?? 0;
      data[k + 6] = colour[0] / 255; data[k + 7] = colour[1] / 255; data[k + 8] = colour[2] / 255; data[k + 9] = alpha;
      data[k + 10] = width; data[k + 11] = dash; data[k + 12] = before;
    },
    path(points, colour, style) {
      let before = 0;
      for (let i = 1; i < points.length; i++) {
        const a = points[i - 1], b = points[i];
        strokes.piece(a, b, colour, style, before);
        before += Math.hypot(b[0] - a[0], b[1] - a[1], b[2] - a[2]);
      }
    },
    draw({ lens, box, unit }) {
      if (!count) return;
      gl.useProgram(handle);
      gl.bindVertexArray(array);
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.bufferData(gl.ARRAY_BUFFER, data.subarray(0, count * PIECE), gl.DYNAMIC_DRAW);
      gl.uniformMatrix4fv(at.view, false, lens.view);
      gl.uniform2f(at.half_, box.width / 2, box.height / 2);
      gl.uniform1f(at.ratio, box.ratio);
      gl.uniform1f(at.perUnit, box.ratio / unit);
      gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, count);
      gl.bindVertexArray(null);
      count = 0;
    },
  };
  return strokes;
}
