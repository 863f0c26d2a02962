// Heads on the processor: their numbers for the shaders, and the class that a head gives to a point.

import { HEADS } from "../shared.js";

/** @typedef {import("./interpolate.js").Scene} Scene */

/** Numbers of a class: vector or centre and offset, then its length (linear, cosine) or inverse variances. */
export const CLASS_NUMBERS = 8;

/**
 * Write the numbers of each class for the shaders (gl/shaders/head.js).
 * @param {Scene} scene
 * @param {Float32Array} into   `CLASS_NUMBERS` a class
 */
export function writeHead(scene, into) {
  const { weight, bias, logVariance, dim, classes, kind } = scene;
  into.fill(0);
  for (let c = 0; c < classes; c++) {
    const at = c * CLASS_NUMBERS;
    let square = 0, offset = bias[c];
    for (let d = 0; d < dim; d++) square += weight[c * dim + d] ** 2;
    const norm = Math.sqrt(square), factor = kind === HEADS.cosine ? 1 / Math.max(norm, 1e-8) : 1;
    for (let d = 0; d < dim; d++) into[at + d] = weight[c * dim + d] * factor;
    if (kind === HEADS.mahalanobis && logVariance) {
      for (let d = 0; d < dim; d++) {
        into[at + 4 + d] = Math.exp(-logVariance[c * dim + d]);
        offset -= logVariance[c * dim + d] / 2;
      }
    } else into[at + 4] = kind === HEADS.cosine ? 1 : norm;
    into[at + 3] = offset;
  }
}

/**
 * The class that the head gives to the point `z`, by the rule of the shader.
 * @param {Scene} scene
 * @param {number[]} z
 */
export function predict(scene, z) {
  const { weight, bias, logVariance, dim, classes, kind } = scene;
  let best = -Infinity, winner = 0;
  for (let c = 0; c < classes; c++) {
    let product = 0, square = 0, distance = 0, logs = 0;
    for (let d = 0; d < dim; d++) {
      const w = weight[c * dim + d], log = logVariance ? logVariance[c * dim + d] : 0;
      product += w * z[d];
      square += w * w;
      distance += (z[d] - w) ** 2 * Math.exp(-log);
      logs += log;
    }
    let score;
    if (kind === HEADS.linear) score = product + bias[c];
    // the length of z is the same for all classes
    else if (kind === HEADS.cosine) score = product / Math.max(Math.sqrt(square), 1e-8);
    else score = bias[c] - 0.5 * logs - 0.5 * distance;
    if (score > best) {
      best = score;
      winner = c;
    }
  }
  return winner;
}
