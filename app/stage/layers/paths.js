// The paths of encoded shapes (losses/shape.py), as plots/paths.py has them for pictures.

import { SHAPES } from "../shared.js";

/** A place or a direction in space. @typedef {number[]} Vector */

/** @param {Vector} a @param {Vector} b @param {number} [k] */
export const add = (a, b, k = 1) => a.map((v, d) => v + k * b[d]);

/** @param {Vector} v @param {number} k */
export const times = (v, k) => v.map((x) => x * k);

/** @param {Vector} a @param {Vector} b */
export const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];

/** @param {Vector} v */
export const unitVector = (v) => times(v, 1 / (Math.hypot(...v) || 1));

const PIECES = 96; // of a whole turn
const X = [1, 0, 0], Y = [0, 1, 0], Z = [0, 0, 1];

/**
 * Points along a turn, from the angle `start` to `stop`.
 * @param {number} start
 * @param {number} stop
 * @param {(angle: number) => Vector} at
 */
function turn(start, stop, at) {
  const pieces = Math.max(8, Math.ceil((PIECES * Math.abs(stop - start)) / (2 * Math.PI)));
  return Array.from({ length: pieces + 1 }, (_, i) => at(start + ((stop - start) * i) / pieces));
}

/**
 * A circle, or a part of it; an ellipse where the directions differ in length.
 * @param {Vector} center
 * @param {number} radius
 * @param {Vector} first
 * @param {Vector} second
 * @param {number} [start]
 * @param {number} [stop]
 */
export function ring(center, radius, first, second, start = 0, stop = 2 * Math.PI) {
  return turn(start, stop, (angle) => {
    const c = radius * Math.cos(angle), s = radius * Math.sin(angle);
    return [center[0] + c * first[0] + s * second[0], center[1] + c * first[1] + s * second[1], center[2] + c * first[2] + s * second[2]];
  });
}

/**
 * The curve cot(theta) = |lift| + |pull| cos(phi) about `lift`, phi from the direction of `pull`.
 * @param {Vector} lift
 * @param {Vector} pull
 * @param {number} start
 * @param {number} stop
 */
function conic(lift, pull, start, stop) {
  const level = Math.hypot(...lift), sway = Math.hypot(...pull), axis = unitVector(lift), first = unitVector(pull), second = cross(axis, first);
  return turn(start, stop, (phi) => {
    const lean = level + sway * Math.cos(phi);
    return unitVector(axis.map((v, d) => lean * v + Math.cos(phi) * first[d] + Math.sin(phi) * second[d]));
  });
}

/**
 * Two directions at right angles to an axis and to each other.
 * @param {Vector} axis
 */
function basis(axis) {
  const sizes = axis.map(Math.abs), helper = [0, 0, 0];
  helper[sizes.indexOf(Math.min(...sizes))] = 1;
  const first = unitVector(cross(axis, helper));
  return [first, cross(axis, first)];
}

/**
 * The paths of one shape: `n` are its parameters. What is endless ends at `reach`, the unit sphere has radius `size`.
 * @param {number} kind
 * @param {Float32Array} n
 * @param {number} dim
 * @param {number} reach
 * @param {number} size
 * @returns {Vector[][]}
 */
export function pathsOf(kind, n, dim, reach, size) {
  const vector = (/** @type {number} */ at) => [n[at], n[at + 1], dim === 3 ? n[at + 2] : 0];
  switch (kind) {
    case SHAPES.segment:
      return [[vector(0), vector(dim)]];
    case SHAPES.ray:
      return [[vector(0), add(vector(0), vector(dim), reach)]];
    case SHAPES.circle:
      return (dim === 2 ? [[X, Y]] : [[X, Y], [Y, Z], [Z, X]]).map(([u, v]) => ring(vector(0), n[dim], u, v));
    case SHAPES.arc:
      return [ring([n[0], n[1], 0], n[2], X, Y, n[3], n[4] < n[3] ? n[4] + 2 * Math.PI : n[4])];
    case SHAPES.cap: {
      const axis = vector(0), [first, second] = basis(axis);
      return [ring(times(axis, size * Math.cos(n[3])), size * Math.sin(n[3]), first, second)];
    }
    case SHAPES.sphereArc: {
      const axis = unitVector(vector(0)), start = unitVector(vector(3));
      const lift = axis.reduce((sum, v, d) => sum + v * start[d], 0), first = add(start, axis, -lift);
      return [ring(times(axis, size * lift), size, first, cross(axis, first), 0, n[6])];
    }
    case SHAPES.sphereConic:
      return [conic(vector(0), vector(3), n[6], n[7]).map((point) => times(point, size))];
    case SHAPES.ellipse: {
      const along = [X, Y, Z].map((axis, d) => (d < dim ? times(axis, n[dim + d]) : axis));
      return (dim === 2 ? [[0, 1]] : [[0, 1], [1, 2], [2, 0]]).map(([u, v]) => ring(vector(0), 1, along[u], along[v]));
    }
    default:
      return [];
  }
}
