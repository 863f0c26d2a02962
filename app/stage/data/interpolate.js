// One panel between two frames: its head, class means and bounds, interpolated.

import { MISSING } from "./decode.js";

const KINDS = { linear: 0, cosine: 1, euclidean: 2, mahalanobis: 3 };
const facts = new WeakMap();

/** Class means `(C, 3)` (NaN where a class has no point) and robust bounds of a panel, computed once per frame. */
export function factsOf(panel, points, dim) {
  const known = facts.get(panel);
  if (known && known.points === points) return known;
  const { embeddings, quantum, weight } = panel;
  const classes = weight.length / dim, count = embeddings.length / dim;
  const sums = new Float64Array(classes * 3), hits = new Float64Array(classes);
  const stride = Math.max(1, Math.ceil(count / 2500)); // enough for a quantile, cheap enough for every frame
  const sampled = [[], [], []];
  for (let i = 0; i < count; i++) {
    const at = i * dim;
    if (embeddings[at] === MISSING || embeddings[at + 1] === MISSING || embeddings[at + dim - 1] === MISSING) continue;
    const label = points.labels[i];
    if (label < classes) {
      hits[label]++;
      for (let d = 0; d < dim; d++) sums[label * 3 + d] += embeddings[at + d];
    }
    if (i % stride === 0) for (let d = 0; d < dim; d++) sampled[d].push(embeddings[at + d]);
  }
  const means = new Float32Array(classes * 3).fill(NaN);
  for (let c = 0; c < classes; c++) {
    if (!hits[c]) continue;
    for (let d = 0; d < 3; d++) means[c * 3 + d] = d < dim ? quantum[d] + (quantum[dim] * sums[c * 3 + d]) / hits[c] : 0;
  }
  const low = [0, 0, 0], high = [0, 0, 0];
  for (let d = 0; d < dim; d++) {
    const sorted = Uint16Array.from(sampled[d]).sort();
    if (!sorted.length) continue;
    const cut = Math.floor(sorted.length * 0.002); // one stray point in five hundred must not shrink the rest
    low[d] = quantum[d] + quantum[dim] * sorted[cut];
    high[d] = quantum[d] + quantum[dim] * sorted[sorted.length - 1 - cut];
  }
  const found = { points, means, low, high };
  facts.set(panel, found);
  return found;
}

const blend = (a, b, share) => {
  if (share === 0 || a === b || a.length !== b.length) return a;
  const mixed = new Float32Array(a.length);
  for (let i = 0; i < a.length; i++) mixed[i] = a[i] + (b[i] - a[i]) * share;
  return mixed;
};

/** What is drawn of panel `k` between frames `a` and `b`. */
export function panelScene(a, b, share, k, points) {
  const p = a.panels[k], q = b.panels[k];
  const dim = p.quantum.length - 1, classes = p.weight.length / dim;
  const weight = blend(p.weight, q.weight, share), bias = blend(p.bias, q.bias, share);
  const logVariance = p.logVariance && blend(p.logVariance, q.logVariance ?? p.logVariance, share);
  const mixed = (name) => (p.head[name] ?? 0) * (1 - share) + (q.head[name] ?? 0) * share;
  const first = factsOf(p, points, dim), last = factsOf(q, points, dim);
  const centers = p.state.centers ?? p.state.means ?? null;
  return {
    p, q, share, dim, classes, weight, bias, logVariance,
    kind: KINDS[p.head.kind], learned: p.head.learned,
    factor: mixed("factor"), blend: mixed("blend"), angle: mixed("angle"), cosine: mixed("cosine"), score: mixed("score"), stretch: mixed("distance"),
    means: blend(first.means, last.means, share),
    centers: centers && centers.length === weight.length ? blend(centers, q.state.centers ?? q.state.means, share) : null,
    low: blend(first.low, last.low, share), high: blend(first.high, last.high, share),
    shapes: blendShapes(p.shapes, q.shapes, share),
  };
}

function blendShapes(a, b, share) {
  if (share === 0 || a === b) return a;
  if (a.length !== b.length) return share < 0.5 ? a : b;
  for (let row = 0; row < a.length; row += 12) {
    for (let i = 0; i < 4; i++) if (a[row + i] !== b[row + i]) return share < 0.5 ? a : b;
  }
  const mixed = blend(a, b, share);
  for (let row = 0; row < a.length; row += 12) {
    const at = { 3: 7, 6: 10 }[a[row]]; // the angles of an arc or a conic take the short way round
    if (!at) continue;
    const turn = Math.round((b[row + at] - a[row + at]) / (2 * Math.PI)) * 2 * Math.PI;
    for (const i of [at, at + 1]) mixed[row + i] = a[row + i] + (b[row + i] - turn - a[row + i]) * share;
  }
  return mixed;
}

/** The two texels of each class for the shaders, see shaders.js. */
export function headTexels(scene, into) {
  const { weight, bias, logVariance, dim, classes, kind } = scene;
  into.fill(0);
  for (let c = 0; c < classes; c++) {
    const at = c * 8;
    let square = 0, offset = bias[c];
    for (let d = 0; d < dim; d++) square += weight[c * dim + d] ** 2;
    const norm = Math.sqrt(square), unit = kind === 1 ? 1 / Math.max(norm, 1e-8) : 1;
    for (let d = 0; d < dim; d++) into[at + d] = weight[c * dim + d] * unit;
    if (kind === 3) {
      for (let d = 0; d < dim; d++) {
        into[at + 4 + d] = Math.exp(-logVariance[c * dim + d]);
        offset -= logVariance[c * dim + d] / 2;
      }
    } else into[at + 4] = kind === 1 ? 1 : norm;
    into[at + 3] = offset;
  }
  return into;
}

/** The class that the head gives to the point `z`: the same rule as in the shader, for the hover card. */
export function predict(texels, scene, z) {
  let best = -Infinity, winner = 0;
  for (let c = 0; c < scene.classes; c++) {
    const at = c * 8;
    let s = texels[at + 3];
    for (let d = 0; d < scene.dim; d++) {
      const w = texels[at + d];
      if (scene.kind < 2) s += w * z[d];
      else s -= 0.5 * (z[d] - w) ** 2 * (scene.kind === 3 ? texels[at + 4 + d] : 1);
    }
    // for the cosine kind the length of z is the same for all classes
    if (s > best) { best = s; winner = c; }
  }
  return winner;
}

/** What must be seen of the scenes: `{center, radius}`. */
export function fitOf(scenes) {
  const low = [Infinity, Infinity, Infinity], high = [-Infinity, -Infinity, -Infinity];
  const add = (point) => { for (let d = 0; d < 3; d++) { low[d] = Math.min(low[d], point[d]); high[d] = Math.max(high[d], point[d]); } };
  for (const scene of scenes) {
    add(scene.low);
    add(scene.high);
    if (scene.kind < 2) add([0, 0, 0]);
    if (scene.kind === 1) { add([-1, -1, scene.dim === 3 ? -1 : 0]); add([1, 1, scene.dim === 3 ? 1 : 0]); }
    if (scene.kind > 1) for (let c = 0; c < scene.classes; c++) add([0, 1, 2].map((d) => (d < scene.dim ? scene.weight[c * scene.dim + d] : 0)));
  }
  if (!(low[0] <= high[0])) return null;
  let side = 0;
  for (let d = 0; d < 3; d++) side = Math.max(side, high[d] - low[d]);
  return { center: low.map((v, d) => (v + high[d]) / 2), radius: Math.max(1e-6, side * 0.54) };
}
