import assert from "node:assert/strict";
import { test } from "node:test";

import { CLASS_NUMBERS, predict, writeHead } from "../../app/stage/data/head.js";
import { interpolate, positionOf, summaryOf } from "../../app/stage/data/interpolate.js";
import { SHAPES } from "../../app/stage/shared.js";
import { frame, panel, samples } from "./frames.js";

const near = (a, b, by = 1e-5) => a.forEach((v, d) => assert.ok(Math.abs(v - b[d]) < by, `${a} is not ${b}`));

function between(p, q, share, points = samples([0, 1])) {
  return interpolate(frame(0, p), frame(1, q), share, 0, points);
}

test("points, head and numbers lie between the frames", () => {
  const p = panel([[0, 0], [0.5, 0.5]], { kind: "cosine", weight: [1, 0, 0, 1], head: { angle: 0.2 } });
  const q = panel([[1, 0.5], [NaN, NaN]], { kind: "cosine", weight: [0, 1, 1, 0], head: { angle: 0.4 } });
  const scene = between(p, q, 0.25);
  near(positionOf(scene, 0), [0.25, 0.125, 0]);
  assert.equal(positionOf(scene, 1), null);
  near([...scene.weight], [0.75, 0.25, 0.25, 0.75]);
  near([scene.angle, scene.cosine], [0.25, 0]);
  assert.equal(between(p, q, 0).weight, p.weight, "at a frame nothing is copied");
});

test("a summary has means per class, and bounds that one stray point does not stretch", () => {
  const places = Array.from({ length: 1000 }, (_, k) => [k % 2 ? 0.25 : 0.75, 0.5]);
  places[7] = [100, 100];
  const points = samples(places.map((_, k) => (k === 7 ? 1 : 0)));
  const { means, high, low } = summaryOf(panel(places), points);
  near([means[0], means[1], means[2]], [0.5005, 0.5, 0], 1e-3);
  near([...means.slice(3)], [100, 100, 0], 1e-3);
  near([low[0], high[0]], [0.25, 0.75]);
  const empty = summaryOf(panel([[NaN, NaN]]), samples([0]));
  assert.ok(Number.isNaN(empty.means[0]));
  assert.deepEqual([empty.low, empty.high], [[0, 0, 0], [0, 0, 0]]);
});

test("shapes of one kind are mixed, angles the short way; others change half way", () => {
  const row = (kind, ...n) => [kind, 0, 0, -1, ...n, ...Array(8 - n.length).fill(0)];
  const arc = (start) => panel([[0, 0]], { shapes: row(SHAPES.arc, 0, 0, 1, start, start + 0.5) });
  const { shapes } = between(arc(0.1), arc(2 * Math.PI - 0.1), 0.5, samples([0]));
  near([shapes[7], shapes[8]], [0, 0.5]);
  const circle = panel([[0, 0]], { shapes: row(SHAPES.circle, 0, 0, 1) });
  assert.equal(between(arc(0.1), circle, 0.4, samples([0])).shapes[0], SHAPES.arc);
  assert.equal(between(arc(0.1), circle, 0.6, samples([0])).shapes[0], SHAPES.circle);
});

test("a point is given to the class of its head", () => {
  const at = (options, z) => predict(between(panel([[0, 0]], options), panel([[0, 0]], options), 0, samples([0])), z);
  assert.equal(at({ kind: "linear", weight: [1, 0, -1, 0], bias: [0, 3] }, [1, 0]), 1);
  assert.equal(at({ kind: "cosine", weight: [9, 0, 0.1, 0.1] }, [1, 1]), 1);
  assert.equal(at({ kind: "euclidean", weight: [0, 0, 1, 0] }, [0.6, 0]), 1);
  // half a squared distance of 0.18 over variances e^2 against 0.08, minus half the sum of the logarithms
  assert.equal(at({ kind: "mahalanobis", weight: [0, 0, 1, 0], logVariance: [0, 0, 2, 2] }, [0.6, 0]), 0);
  assert.equal(at({ kind: "mahalanobis", weight: [0, 0, 1, 0], logVariance: [0, 0, 2, 2] }, [3, 0]), 1);
});

test("the numbers for the shader: unit vectors for cosines, lengths for linear heads, inverse variances", () => {
  const numbers = (options) => {
    const into = new Float32Array(2 * CLASS_NUMBERS);
    writeHead(between(panel([[0, 0]], options), panel([[0, 0]], options), 0, samples([0])), into);
    return [...into];
  };
  near(numbers({ kind: "cosine", weight: [3, 4, 0, 2] }), [0.6, 0.8, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0]);
  near(numbers({ kind: "linear", weight: [3, 4, 0, 2], bias: [1, 2] }), [3, 4, 0, 1, 5, 0, 0, 0, 0, 2, 0, 2, 2, 0, 0, 0]);
  near(numbers({ kind: "mahalanobis", weight: [1, 2, 3, 4], logVariance: [0, Math.log(4), 0, 0] }),
    [1, 2, 0, -Math.log(4) / 2, 1, 0.25, 0, 0, 3, 4, 0, 0, 1, 1, 0, 0]);
});
