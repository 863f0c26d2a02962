// Everything that is drawn as strokes: shapes of the loss, class vectors or centres, axes and sphere in space.

import { classColour } from "../palette.js";

const PER_PIECE = 13;

/** Gathers pieces for the instanced line program: from, to, colour, width, dash, length so far. */
export function createStrokes() {
  let data = new Float32Array(PER_PIECE * 4096), count = 0;
  return {
    get count() { return count; },
    get data() { return data.subarray(0, count * PER_PIECE); },
    clear() { count = 0; },
    piece(a, b, colour, alpha, width, dash = 0, before = 0) {
      if ((count + 1) * PER_PIECE > data.length) { const more = new Float32Array(data.length * 2); more.set(data); data = more; }
      const at = count++ * PER_PIECE;
      data[at] = a[0]; data[at + 1] = a[1]; data[at + 2] = a[2] ?? 0;
      data[at + 3] = b[0]; data[at + 4] = b[1]; data[at + 5] = b[2] ?? 0;
      data[at + 6] = colour[0] / 255; data[at + 7] = colour[1] / 255; data[at + 8] = colour[2] / 255; data[at + 9] = alpha;
      data[at + 10] = width; data[at + 11] = dash; data[at + 12] = before;
    },
    path(points, colour, alpha, width, dash = 0) {
      let before = 0;
      for (let i = 1; i < points.length; i++) {
        this.piece(points[i - 1], points[i], colour, alpha, width, dash, before);
        before += Math.hypot(...points[i].map((v, d) => v - points[i - 1][d]));
      }
    },
  };
}

const add = (a, b, k = 1) => a.map((v, d) => v + k * b[d]);
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
const unit = (v) => { const n = Math.hypot(...v) || 1; return v.map((x) => x / n); };

function ring(center, radius, first, second, start = 0, stop = 2 * Math.PI) {
  const pieces = Math.max(8, Math.ceil((96 * Math.abs(stop - start)) / (2 * Math.PI)));
  return Array.from({ length: pieces + 1 }, (_, i) => {
    const t = start + ((stop - start) * i) / pieces;
    return center.map((c, d) => c + radius * (Math.cos(t) * first[d] + Math.sin(t) * second[d]));
  });
}

const basis = (axis) => {
  const helper = [0, 0, 0];
  helper[axis.map(Math.abs).indexOf(Math.min(...axis.map(Math.abs)))] = 1;
  const first = unit(cross(axis, helper));
  return [first, cross(axis, first)];
};

/** The curve of kind 6: cot(theta) = |lift| + |pull| cos(phi) about `lift`, phi from the direction of `pull`. */
function conic(lift, pull, start, stop) {
  const level = Math.hypot(...lift), sway = Math.hypot(...pull), axis = unit(lift), first = unit(pull), second = cross(axis, first);
  const pieces = Math.max(8, Math.ceil((96 * Math.abs(stop - start)) / (2 * Math.PI)));
  return Array.from({ length: pieces + 1 }, (_, i) => {
    const phi = start + ((stop - start) * i) / pieces, lean = level + sway * Math.cos(phi);
    return unit(axis.map((v, d) => lean * v + Math.cos(phi) * first[d] + Math.sin(phi) * second[d]));
  });
}

/** The paths of one encoded shape (losses/shape.py); what is endless ends at `reach`, the unit sphere has radius `size`. */
function pathsOf(kind, n, dim, reach, size) {
  const take = (at) => [n[at], n[at + 1], dim === 3 ? n[at + 2] : 0];
  const x = [1, 0, 0], y = [0, 1, 0], z = [0, 0, 1];
  if (kind === 0) return [[take(0), take(dim)]];
  if (kind === 1) return [[take(0), add(take(0), take(dim), reach)]];
  if (kind === 2) {
    const center = take(0), radius = n[dim];
    return (dim === 2 ? [[x, y]] : [[x, y], [y, z], [z, x]]).map(([u, v]) => ring(center, radius, u, v));
  }
  if (kind === 3) {
    const stop = n[4] < n[3] ? n[4] + 2 * Math.PI : n[4];
    return [ring([n[0], n[1], 0], n[2], x, y, n[3], stop)];
  }
  if (kind === 4) {
    const axis = take(0);
    return [ring(axis.map((v) => size * v * Math.cos(n[3])), size * Math.sin(n[3]), ...basis(axis))];
  }
  if (kind === 5) {
    const axis = unit(take(0)), start = unit(take(3)), lift = axis.reduce((sum, v, d) => sum + v * start[d], 0);
    const first = start.map((v, d) => v - lift * axis[d]);
    return [ring(axis.map((v) => size * lift * v), size, first, cross(axis, first), 0, n[6])];
  }
  if (kind === 6) return [conic(take(0), take(3), n[6], n[7]).map((point) => point.map((v) => size * v))];
  if (kind === 7) {
    const along = [x, y, z].map((axis, d) => (d < dim ? axis.map((v) => v * n[dim + d]) : axis));
    return (dim === 2 ? [[0, 1]] : [[0, 1], [1, 2], [2, 0]]).map(([u, v]) => ring(take(0), 1, along[u], along[v]));
  }
  return [];
}

/** Boundary solid, margin dashed, level thin, optimum dotted in the colour of its class. */
export function drawShapes(strokes, scene, theme, reach) {
  const { shapes, dim } = scene, size = vectorLength(scene);
  for (let row = 0; row + 12 <= shapes.length; row += 12) {
    const role = shapes[row + 1], owner = shapes[row + 2];
    const tint = owner >= 0 ? classColour(owner).map((v, d) => v * 0.72 + theme.ink[d] * 0.28) : theme.ink;
    const look = [[theme.ink, 0.8, 1.5, 0], [tint, 0.95, 1.5, 9], [theme.ink, 0.35, 0.9, 0], [tint, 0.95, 1.8, 4]][role];
    if (!look) continue;
    for (const path of pathsOf(shapes[row], shapes.subarray(row + 4, row + 12), dim, reach, size)) strokes.path(path, ...look);
  }
}

/** How long class vectors are drawn: scores fix their directions and ratios only, so they end among the points. */
export function vectorLength(scene) {
  const reaches = [];
  for (let c = 0; c < scene.classes; c++) {
    const r = Math.hypot(scene.means[c * 3], scene.means[c * 3 + 1], scene.means[c * 3 + 2]);
    if (Number.isFinite(r)) reaches.push(r);
  }
  const middle = reaches.sort((a, b) => a - b)[reaches.length >> 1] ?? 1;
  // near the unit circle (sphere) a class vector of length one is the natural picture
  return scene.kind === 1 && middle < 2.5 ? 1 : 0.8 * middle;
}

/** Arrows for class vectors, crosses for centres. `unitAt(point)` is the size of a pixel there. */
export function drawClasses(strokes, scene, theme, lens, unitAt) {
  const { dim, classes, weight } = scene;
  const point = (rows, c) => [rows[c * dim], rows[c * dim + 1], dim === 3 ? rows[c * dim + 2] : 0];
  const both = (a, b, colour) => { strokes.piece(a, b, theme.paper, 0.85, 5.2); strokes.piece(a, b, colour, 1, 2.6); };
  if (scene.kind < 2) {
    const norms = Array.from({ length: classes }, (_, c) => Math.hypot(...point(weight, c)));
    const longest = Math.max(1e-8, ...norms), length = vectorLength(scene);
    for (let c = 0; c < classes; c++) {
      if (norms[c] < 1e-8) continue;
      const direction = unit(point(weight, c));
      const tip = direction.map((v) => v * length * (scene.kind === 1 ? 1 : norms[c] / longest));
      const head = 10 * unitAt(tip), side = unit(cross(direction, lens.toEye));
      both([0, 0, 0], tip, classColour(c));
      for (const turn of [-0.45, 0.45]) both(tip, add(add(tip, direction, -head), side, head * turn), classColour(c));
    }
  }
  const centers = scene.kind > 1 ? weight : scene.centers;
  if (!centers) return;
  for (let c = 0; c < classes; c++) {
    const place = point(centers, c), size = 6.5 * unitAt(place);
    for (const turn of [-1, 1]) {
      const arm = add(lens.right.map((v) => v * size), lens.up, size * turn);
      both(add(place, arm, -1), add(place, arm), classColour(c));
    }
  }
}

/** In space: the three axes and, for cosine heads, the sphere of the class vectors. */
export function drawSpace(strokes, scene, theme, reach) {
  for (let d = 0; d < 3; d++) {
    const end = [0, 0, 0];
    end[d] = reach;
    strokes.piece(end.map((v) => -v), end, theme.ink, 0.28, 1);
  }
  if (scene.kind !== 1) return;
  const radius = vectorLength(scene), faint = 0.16;
  for (let i = 0; i < 6; i++) {
    const turn = (Math.PI * i) / 6;
    strokes.path(ring([0, 0, 0], radius, [Math.cos(turn), Math.sin(turn), 0], [0, 0, 1]), theme.ink, faint, 1);
  }
  for (let i = -2; i <= 2; i++) {
    const lift = (Math.PI * i) / 6;
    strokes.path(ring([0, 0, radius * Math.sin(lift)], radius * Math.cos(lift), [1, 0, 0], [0, 1, 0]), theme.ink, faint, 1);
  }
}
