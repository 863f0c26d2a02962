// One panel between two frames: its head, class means, bounds and shapes.

import { HEADS, MISSING, SHAPE_ROW, SHAPES } from "../shared.js";
import { coordinate } from "./decode.js";

/** @typedef {import("./decode.js").Frame} Frame */
/** @typedef {import("./decode.js").Panel} Panel */
/** @typedef {import("./decode.js").Points} Points */

/**
 * What is drawn of a panel between two frames.
 * @typedef {object} Scene
 * @property {Panel} p        at the first frame
 * @property {Panel} q        at the second
 * @property {number} share   of the second one
 * @property {number} dim
 * @property {number} classes
 * @property {number} kind    of `HEADS`
 * @property {boolean} learned
 * @property {Float32Array} weight       `(C, D)`
 * @property {Float32Array} bias         `(C,)`
 * @property {Float32Array|null} logVariance   `(C, D)`
 * @property {number} factor
 * @property {number} blend
 * @property {number} angle
 * @property {number} cosine
 * @property {number} score
 * @property {number} stretch
 * @property {Float32Array} means        of the classes `(C, 3)`, NaN where a class has no point
 * @property {Float32Array|null} centers `(C, D)`, of losses that have some beside the head
 * @property {number[]} low              robust bounds of the points
 * @property {number[]} high
 * @property {Float32Array} shapes
 */

/** @typedef {{points: Points, means: Float32Array, low: number[], high: number[]}} Summary */

const QUANTILE_SAMPLES = 2500; // enough for a quantile, cheap enough for every frame
const STRAY = 0.002; // one stray point in five hundred must not shrink the rest

/** @type {WeakMap<Panel, Summary>} */
const summaries = new WeakMap();

/**
 * Class means and robust bounds of a panel, computed once per frame.
 * @param {Panel} panel
 * @param {Points} points
 * @returns {Summary}
 */
export function summaryOf(panel, points) {
  const memory = summaries.get(panel);
  if (memory && memory.points === points) return memory;
  const { embeddings, quantum, weight } = panel;
  const dim = quantum.length - 1, classes = weight.length / dim, count = embeddings.length / dim;
  const sums = new Float64Array(classes * 3), hits = new Float64Array(classes);
  const stride = Math.max(1, Math.ceil(count / QUANTILE_SAMPLES));
  /** @type {number[][]} */
  const codes = [[], [], []];
  for (let i = 0; i < count; i++) {
    const at = i * dim;
    if (embeddings[at] === MISSING || embeddings[at + 1] === MISSING || embeddings[at + dim - 1] === MISSING) continue;
    const label = points.labels[i];
    if (label < classes) {
      hits[label]++;
      for (let d = 0; d < dim; d++) sums[label * 3 + d] += embeddings[at + d];
    }
    if (i % stride === 0) for (let d = 0; d < dim; d++) codes[d].push(embeddings[at + d]);
  }
  const means = new Float32Array(classes * 3).fill(NaN);
  for (let c = 0; c < classes; c++) {
    if (!hits[c]) continue;
    for (let d = 0; d < 3; d++) means[c * 3 + d] = d < dim ? quantum[d] + (quantum[dim] * sums[c * 3 + d]) / hits[c] : 0;
  }
  const low = [0, 0, 0], high = [0, 0, 0];
  for (let d = 0; d < dim; d++) {
    const order = Uint16Array.from(codes[d]).sort();
    if (!order.length) continue;
    const cut = Math.floor(order.length * STRAY);
    low[d] = quantum[d] + quantum[dim] * order[cut];
    high[d] = quantum[d] + quantum[dim] * order[order.length - 1 - cut];
  }
  const summary = { points, means, low, high };
  summaries.set(panel, summary);
  return summary;
}

/**
 * @template {Float32Array|number[]} T
 * @param {T} a
 * @param {T} b
 * @param {number} share
 * @returns {T}
 */
function mix(a, b, share) {
  if (share === 0 || a === b || a.length !== b.length) return a;
  const mixed = /** @type {T} */ (a.slice());
  for (let i = 0; i < a.length; i++) mixed[i] = a[i] + (b[i] - a[i]) * share;
  return mixed;
}

/**
 * What is drawn of panel `k` between frames `a` and `b`.
 * @param {Frame} a
 * @param {Frame} b
 * @param {number} share
 * @param {number} k
 * @param {Points} points
 * @returns {Scene}
 */
export function interpolate(a, b, share, k, points) {
  const p = a.panels[k], q = b.panels[k];
  const dim = p.quantum.length - 1;
  const value = (/** @type {"factor"|"blend"|"angle"|"cosine"|"score"|"distance"} */ name) =>
    (p.head[name] ?? 0) * (1 - share) + (q.head[name] ?? 0) * share;
  const first = summaryOf(p, points), last = summaryOf(q, points);
  const centers = p.state.centers ?? p.state.means ?? null;
  return {
    p, q, share, dim, classes: p.weight.length / dim, kind: HEADS[p.head.kind], learned: p.head.learned,
    weight: mix(p.weight, q.weight, share), bias: mix(p.bias, q.bias, share),
    logVariance: p.logVariance && mix(p.logVariance, q.logVariance ?? p.logVariance, share),
    factor: value("factor"), blend: value("blend"), angle: value("angle"), cosine: value("cosine"), score: value("score"),
    stretch: value("distance"),
    means: mix(first.means, last.means, share),
    centers: centers && centers.length === p.weight.length ? mix(centers, q.state.centers ?? q.state.means, share) : null,
    low: mix(first.low, last.low, share), high: mix(first.high, last.high, share),
    shapes: mixShapes(p.shapes, q.shapes, share),
  };
}

/** Where the first of the two angles of a shape stands in its row, by kind. */
const ANGLES = /** @type {Record<number, number>} */ ({ [SHAPES.arc]: 7, [SHAPES.sphereConic]: 10 });

/**
 * Shapes of one kind, role, owner and rival are mixed; others change half way. Angles take the short way round.
 * @param {Float32Array} a
 * @param {Float32Array} b
 * @param {number} share
 */
function mixShapes(a, b, share) {
  if (share === 0 || a === b) return a;
  if (a.length !== b.length) return share < 0.5 ? a : b;
  for (let row = 0; row < a.length; row += SHAPE_ROW) {
    for (let i = 0; i < 4; i++) if (a[row + i] !== b[row + i]) return share < 0.5 ? a : b;
  }
  const mixed = mix(a, b, share);
  for (let row = 0; row < a.length; row += SHAPE_ROW) {
    const at = ANGLES[a[row]];
    if (!at) continue;
    const turn = Math.round((b[row + at] - a[row + at]) / (2 * Math.PI)) * 2 * Math.PI;
    for (const i of [at, at + 1]) mixed[row + i] = a[row + i] + (b[row + i] - turn - a[row + i]) * share;
  }
  return mixed;
}

/**
 * The coordinates of sample `i` between the two frames (the third is zero in the plane), or null where it is missing.
 * @param {Scene} scene
 * @param {number} i
 * @returns {[number, number, number]|null}
 */
export function positionOf(scene, i) {
  /** @type {[number, number, number]} */
  const z = [0, 0, 0];
  for (let d = 0; d < scene.dim; d++) {
    const a = coordinate(scene.p, scene.dim, i, d), b = coordinate(scene.q, scene.dim, i, d);
    z[d] = a + (b - a) * scene.share;
  }
  return Number.isFinite(z[0] + z[1] + z[2]) ? z : null;
}
