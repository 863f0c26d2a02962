import assert from "node:assert/strict";
import { test } from "node:test";

import { coordinate, decodeFrame, decodePoints, decodeTensors, splitRecords } from "../../app/stage/data/decode.js";
import { blob, records } from "./frames.js";

test("tensors come back, aligned or not", () => {
  // one byte before them puts the floats at an odd place
  const { tensors, metadata } = decodeTensors(blob({ a: Uint8Array.of(7), b: Float32Array.of(1.5, -2), c: BigInt64Array.of(-3n) }, { note: "x" }));
  assert.equal(metadata.note, "x");
  assert.deepEqual([...tensors.get("a").values], [7]);
  assert.deepEqual([...tensors.get("b").values], [1.5, -2]);
  assert.deepEqual([...tensors.get("c").values], [-3n]);
});

test("records are split, and one that is cut off is left out", () => {
  const body = Uint8Array.of(1, 2, 3).buffer, whole = records({ id: 4, step: 16, body }, { id: 5, step: 20, body });
  const split = splitRecords(whole);
  assert.deepEqual(split.map(({ id, step, body: { byteLength } }) => [id, step, byteLength]), [[4, 16, 3], [5, 20, 3]]);
  assert.deepEqual(splitRecords(whole.slice(0, whole.byteLength - 6)).map(({ id }) => id), [4]);
  assert.deepEqual(splitRecords(new ArrayBuffer(0)), []);
});

test("a frame has its panels with state and histogram, and a missing coordinate is no number", () => {
  const body = blob({
    "0/embeddings": Uint16Array.of(0, 100, 65535, 65535), "0/quantum": Float32Array.of(-1, -2, 0.01), "0/weight": Float32Array.of(1, 0),
    "0/bias": Float32Array.of(0.5), "0/state/centers": Float32Array.of(3, 4), "0/histogram/sample": Float32Array.of(9, 8),
  }, { frame: JSON.stringify({ step: 12, panels: [{ loss: 0.25, alive: true, knobs: { margin: 0.5 }, head: { kind: "cosine", learned: true } }] }) });
  const { id, step, bytes, panels: [panel] } = decodeFrame({ id: 3, step: 99, body });
  assert.deepEqual([id, step, bytes], [3, 12, body.byteLength]);
  assert.deepEqual([panel.loss, panel.knobs.margin, panel.head.kind, panel.logVariance, panel.shapes.length], [0.25, 0.5, "cosine", null, 0]);
  assert.deepEqual([...panel.state.centers, ...panel.histogram.sample], [3, 4, 9, 8]);
  assert.equal(coordinate(panel, 2, 0, 0), -1);
  assert.ok(Math.abs(coordinate(panel, 2, 0, 1) + 1) < 1e-6);
  assert.ok(Number.isNaN(coordinate(panel, 2, 1, 0)));
});

test("points have pictures or none", () => {
  const tensors = { labels: Uint8Array.of(1, 0), split: Uint8Array.of(0, 1), index: BigInt64Array.of(8n, 9n) };
  assert.equal(decodePoints(blob(tensors)).images, null);
  const images = Object.assign(new Uint8Array(12), { shape: [2, 3, 2] });
  const points = decodePoints(blob({ ...tensors, images }));
  assert.deepEqual([points.images.height, points.images.width, Number(points.index[1])], [3, 2, 9]);
});
