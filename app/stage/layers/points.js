// The samples: discs (training) and diamonds (test) in the colour of their class, misclassified ones with a ring.

import { UNITS } from "../gl/context.js";
import { createProgram } from "../gl/programs.js";
import { DOT, POINTS } from "../gl/shaders/points.js";
import { MAX_PANELS } from "../shared.js";
import { createScreenIndex } from "./screen_index.js";

/** @typedef {import("../data/decode.js").Panel} Panel */
/** @typedef {import("../data/decode.js").Points} Points */
/** @typedef {import("./layer.js").Layer} Layer */

/** A buffer with the embeddings of a panel at a frame. @typedef {{buffer: WebGLBuffer, panel: Panel}} Slot */

const PARTS = { right: 0, misclassified: 1, all: 2 };
const SLOTS = 3; // two frames are switches, and one more is at hand when the clock goes back

/** @returns {Layer} */
export function createPoints() {
  /** @type {import("../gl/context.js").Graphics} */
  let graphics;
  /** @type {import("../gl/programs.js").Program} */
  let program;
  /** @type {{array: WebGLVertexArrayObject, slots: Slot[]}[]} */
  let panels = [];
  /** Labels and splits. @type {WebGLBuffer} */
  let samples;
  /** @type {Points|null} */
  let current = null;
  const index = createScreenIndex();

  /**
   * The buffer of a panel at a frame: current once, then used again as the other end.
   * @param {Slot[]} slots
   * @param {Panel} panel
   * @param {Panel} other
   */
  function bufferOf(slots, panel, other) {
    const { gl } = graphics;
    let slot = slots.find((entry) => entry.panel === panel);
    if (slot) return slot.buffer;
    slot = slots.length < SLOTS ? undefined : slots.find((entry) => entry.panel !== other);
    if (!slot) {
      slot = { buffer: gl.createBuffer(), panel };
      slots.push(slot);
    }
    slot.panel = panel;
    gl.bindBuffer(gl.ARRAY_BUFFER, slot.buffer);
    gl.bufferData(gl.ARRAY_BUFFER, panel.embeddings, gl.DYNAMIC_DRAW);
    return slot.buffer;
  }

  /** @param {Points} points */
  function uploadSamples(points) {
    const { gl } = graphics, pairs = new Uint8Array(points.labels.length * 2);
    for (let i = 0; i < points.labels.length; i++) {
      pairs[2 * i] = points.labels[i];
      pairs[2 * i + 1] = points.split[i];
    }
    gl.bindBuffer(gl.ARRAY_BUFFER, samples);
    gl.bufferData(gl.ARRAY_BUFFER, pairs, gl.STATIC_DRAW);
    current = points;
  }

  return {
    name: "points", switches: { train_points: true, test_points: true }, depth: "write",

    init(shared) {
      graphics = shared;
      const { gl } = graphics;
      program = createProgram(gl, POINTS, DOT, ["a", "b", "sample_"]);
      panels = Array.from({ length: MAX_PANELS }, () => ({ array: gl.createVertexArray(), slots: [] }));
      samples = gl.createBuffer();
      current = null;
    },

    update(_, { points }) {
      if (current !== points) uploadSamples(points);
    },

    draw(view, { points, theme, switches }) {
      const { gl } = graphics, { at, handle } = program;
      const { row, scene, lens, box, size } = view, { p, q, dim } = scene, { array, slots } = panels[row];
      const first = bufferOf(slots, p, q), last = bufferOf(slots, q, p);
      gl.useProgram(handle);
      gl.bindVertexArray(array);
      /** @type {[WebGLBuffer, number, number][]} */
      const attributes = [[first, dim, gl.UNSIGNED_SHORT], [last, dim, gl.UNSIGNED_SHORT], [samples, 2, gl.UNSIGNED_BYTE]];
      attributes.forEach(([buffer, wide, type], place) => {
        gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
        gl.enableVertexAttribArray(place);
        gl.vertexAttribPointer(place, wide, type, false, 0, 0);
      });
      graphics.setHead(program, view);
      const quantum = (/** @type {Float32Array} */ n) => (dim === 3 ? n : [n[0], n[1], 0, n[2]]);
      gl.uniform4fv(at.quantumA, quantum(p.quantum));
      gl.uniform4fv(at.quantumB, quantum(q.quantum));
      gl.uniform1f(at.share, scene.share);
      gl.uniform1f(at.size, size * box.ratio);
      gl.uniform1f(at.ratio, box.ratio);
      gl.uniform1f(at.focus, lens.distance);
      gl.uniformMatrix4fv(at.view, false, lens.view);
      gl.uniform1i(at.palette, UNITS.palette);
      gl.uniform1i(at.solid, Number(dim === 3));
      gl.uniform3fv(at.paper, theme.paper.map((v) => v / 255));
      gl.uniform3fv(at.ink, theme.ink.map((v) => v / 255));
      const count = Math.min(points.labels.length, p.embeddings.length / dim, q.embeddings.length / dim);
      // in the plane the misclassified are drawn after the others, so that nothing hides them
      for (const part of dim === 3 ? [PARTS.all] : [PARTS.right, PARTS.misclassified]) {
        gl.uniform3i(at.show, Number(switches.train_points), Number(switches.test_points), part);
        gl.drawArrays(gl.POINTS, 0, count);
      }
      gl.bindVertexArray(null);
    },

    pick: (view, picture, x, y) => index.find(view, picture, x, y),
  };
}
