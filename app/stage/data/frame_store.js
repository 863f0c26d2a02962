// The frames that the page holds, within a budget of bytes.

/** @typedef {import("./decode.js").Frame} Frame */

/**
 * What a clock needs to know of a run: how many frames it has, and those that are loaded (by id, with holes).
 * @typedef {{frames: Frame[], count: number}} Timeline
 */

/**
 * @typedef {object} FrameStore
 * @property {Frame[]} frames    by id, with holes
 * @property {number} count      how many the run has
 * @property {number} bytes      size of those loaded
 * @property {number} head       the frame that is looked at
 * @property {number} budget     bytes
 * @property {boolean} history   false: the newest frame alone
 */

const BUDGET = 384 * 2 ** 20;
const NEARLY_FULL = 0.9; // of the budget

/** Frames asked for at once; the server sends at most 8 MiB of them. */
export const CHUNK = 64;

/**
 * @param {{history?: boolean, budget?: number}} [options]
 * @returns {FrameStore}
 */
export function createFrameStore({ history = true, budget = BUDGET } = {}) {
  return { frames: [], count: 0, bytes: 0, head: 0, budget, history };
}

/**
 * Add a frame. Once the budget is spent, frames far from the one that is looked at are dropped.
 * @param {FrameStore} store
 * @param {Frame} frame
 */
export function addFrame(store, frame) {
  if (!store.history) {
    store.frames = [];
    store.bytes = 0;
  }
  store.frames[frame.id] = frame;
  store.bytes += frame.bytes;
  if (store.bytes > store.budget) dropFarFrames(store, frame.id);
}

/**
 * @param {FrameStore} store
 * @param {number} newest
 */
function dropFarFrames(store, newest) {
  const distance = (/** @type {number} */ id) => Math.abs(id - store.head);
  const order = Object.keys(store.frames).map(Number).sort((a, b) => distance(b) - distance(a));
  for (const id of order) {
    if (store.bytes <= store.budget * NEARLY_FULL) break;
    if (id === newest || id === store.count - 1) continue;
    store.bytes -= store.frames[id].bytes;
    delete store.frames[id];
  }
}

/**
 * The frames to ask for next: the first hole from the head on, or before it. Null where nothing is missing, or where
 * memory is nearly full and the hole does not lie close ahead.
 * @param {FrameStore} store
 * @returns {{from: number, count: number}|null}
 */
export function nextRequest({ frames, count, head, bytes, budget }) {
  const hole = (/** @type {number} */ start, /** @type {number} */ stop) => {
    for (let id = start; id < stop; id++) if (!frames[id]) return id;
    return -1;
  };
  let from = hole(Math.max(0, head), count);
  if (from < 0) from = hole(0, Math.min(head, count));
  if (from < 0) return null;
  if (bytes > budget * NEARLY_FULL && (from < head || from > head + CHUNK)) return null;
  let many = 1;
  while (many < CHUNK && from + many < count && !frames[from + many]) many++;
  return { from, count: many };
}

/**
 * Drop the frames after `last`.
 * @param {FrameStore} store
 * @param {number} last
 */
export function truncate(store, last) {
  store.frames.length = Math.min(store.frames.length, last + 1);
  store.count = Math.min(store.count, last + 1);
  store.bytes = store.frames.reduce((sum, frame) => sum + frame.bytes, 0);
}
