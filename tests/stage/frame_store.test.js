import assert from "node:assert/strict";
import { test } from "node:test";

import { addFrame, createFrameStore, nextRequest, truncate } from "../../app/stage/data/frame_store.js";
import { frame } from "./frames.js";

const held = (store) => Object.keys(store.frames).map(Number);

function filled(count, loaded, options) {
  const store = createFrameStore(options);
  store.count = count;
  for (const id of loaded) addFrame(store, frame(id));
  return store;
}

test("what is missing is asked for from the head on, then before it, at most 64 at once", () => {
  const store = filled(200, [5, 6]);
  assert.deepEqual(nextRequest(store), { from: 0, count: 5 });
  store.head = 5;
  assert.deepEqual(nextRequest(store), { from: 7, count: 64 });
  store.head = 198;
  assert.deepEqual(nextRequest(store), { from: 198, count: 2 });
  addFrame(store, frame(198));
  addFrame(store, frame(199));
  assert.deepEqual(nextRequest(store), { from: 0, count: 5 });
  assert.equal(nextRequest(filled(3, [0, 1, 2])), null);
});

test("beyond the budget the frames furthest from the head go, but not the newest", () => {
  const store = filled(20, [], { budget: 1000 });
  store.head = 2;
  for (let id = 0; id < 10; id++) addFrame(store, frame(id));
  addFrame(store, frame(19));
  assert.ok(store.bytes <= 1000);
  assert.ok(held(store).includes(19) && held(store).includes(2));
  assert.ok(!held(store).includes(9));
  assert.equal(store.bytes, 100 * held(store).length);
});

test("with memory nearly full only what lies close ahead is asked for", () => {
  const store = filled(500, Array.from({ length: 10 }, (_, k) => k), { budget: 1000 });
  assert.deepEqual(nextRequest(store), { from: 10, count: 64 });
  store.head = 300;
  for (let id = 300; id < 400; id++) store.frames[id] = frame(id);
  assert.equal(nextRequest(store), null);
});

test("without history the newest frame is alone", () => {
  assert.deepEqual(held(filled(3, [0, 1, 2], { history: false })), [2]);
});

test("a fork drops what comes after the last shared frame", () => {
  const store = filled(8, [0, 3, 4, 7]);
  truncate(store, 3);
  assert.deepEqual([held(store), store.count, store.bytes], [[0, 3], 4, 200]);
});
