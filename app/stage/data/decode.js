// Records and safetensors blobs (docs/recording.md), decoded without copying a tensor.

import { MISSING } from "../shared.js";

/** @typedef {Uint8Array|Uint16Array|Int32Array|Float32Array|Float64Array|BigInt64Array} Values */
/** @typedef {{values: Values, shape: number[]}} Tensor */
/** @typedef {{id: number, step: number, body: ArrayBuffer}} FrameRecord */
/** @typedef {number|string|boolean} KnobValue */

/**
 * The head of a panel as the frame's metadata has it (losses/head.py); a number that is missing is zero.
 * @typedef {object} HeadNumbers
 * @property {"linear"|"cosine"|"euclidean"|"mahalanobis"} kind
 * @property {boolean} learned   false where class means stand in for a head
 * @property {number} [factor]
 * @property {number} [blend]
 * @property {number} [angle]
 * @property {number} [cosine]
 * @property {number} [score]
 * @property {number} [distance]
 */

/**
 * One panel of a frame: `N` samples in `D` dimensions, `C` classes.
 * @typedef {object} Panel
 * @property {number|null} loss
 * @property {number|null} train_accuracy
 * @property {number|null} test_accuracy
 * @property {number} learning_rate
 * @property {boolean} alive   false once it has diverged
 * @property {Record<string, KnobValue>} knobs
 * @property {HeadNumbers} head
 * @property {Uint16Array} embeddings   codes `(N, D)`
 * @property {Float32Array} quantum     origin of each coordinate, then the step of all `(D + 1,)`
 * @property {Float32Array} weight      class vectors or centres `(C, D)`
 * @property {Float32Array} bias        `(C,)`
 * @property {Float32Array|null} logVariance   `(C, D)`, for the Mahalanobis kind
 * @property {Float32Array} shapes      rows of `SHAPE_ROW` numbers
 * @property {Record<string, Float32Array>} state       what the loss has learned, by name
 * @property {Record<string, Float32Array>} histogram   counts by branch of the loss's profile
 */

/** @typedef {{id: number, step: number, bytes: number, panels: Panel[]}} Frame */
/** @typedef {{values: Uint8Array, height: number, width: number}} Images */

/**
 * The samples of a run, the same in all frames.
 * @typedef {object} Points
 * @property {Uint8Array} labels
 * @property {Uint8Array} split         0: training sample, 1: test sample
 * @property {BigInt64Array} index      place in the data set
 * @property {Images|null} images       grey pictures
 */

const TYPES = { U8: Uint8Array, U16: Uint16Array, I32: Int32Array, F32: Float32Array, F64: Float64Array, I64: BigInt64Array };
const RECORD_HEADER = 16; // bytes

/**
 * Read a safetensors blob.
 * @param {ArrayBuffer} buffer
 * @returns {{metadata: Record<string, string>, tensors: Map<string, Tensor>}}
 */
export function decodeTensors(buffer) {
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const start = 8 + length;
  /** @type {Map<string, Tensor>} */
  const tensors = new Map();
  for (const [name, entry] of Object.entries(header)) {
    const Type = TYPES[/** @type {keyof typeof TYPES} */ (entry.dtype)];
    if (name === "__metadata__" || !Type) continue;
    const [from, to] = entry.data_offsets;
    const place = start + from;
    const aligned = place % Type.BYTES_PER_ELEMENT === 0;
    const values = aligned ? new Type(buffer, place, (to - from) / Type.BYTES_PER_ELEMENT) : new Type(buffer.slice(place, start + to));
    tensors.set(name, { values, shape: entry.shape });
  }
  return { metadata: header.__metadata__ ?? {}, tensors };
}

/**
 * Split an answer of `/frames`, or a message of the socket, into records.
 * @param {ArrayBuffer} buffer
 * @returns {FrameRecord[]}
 */
export function splitRecords(buffer) {
  const view = new DataView(buffer);
  const records = [];
  for (let at = 0; at + RECORD_HEADER <= buffer.byteLength; ) {
    const end = at + RECORD_HEADER + view.getUint32(at + 8, true);
    if (end > buffer.byteLength) break;
    // a copy, so that one frame can be dropped without the megabytes it came with
    records.push({ id: view.getUint32(at, true), step: view.getUint32(at + 4, true), body: buffer.slice(at + RECORD_HEADER, end) });
    at = Math.ceil(end / 8) * 8;
  }
  return records;
}

/**
 * Decode one record into a frame.
 * @param {FrameRecord} record
 * @returns {Frame}
 */
export function decodeFrame({ id, step, body }) {
  const { metadata, tensors } = decodeTensors(body);
  const description = JSON.parse(metadata.frame);
  const floats = (/** @type {string} */ name) => /** @type {Float32Array|undefined} */ (tensors.get(name)?.values);
  const panels = description.panels.map((/** @type {Panel} */ panel, /** @type {number} */ k) => ({
    ...panel,
    embeddings: tensors.get(`${k}/embeddings`)?.values,
    quantum: floats(`${k}/quantum`),
    weight: floats(`${k}/weight`),
    bias: floats(`${k}/bias`),
    logVariance: floats(`${k}/log_variance`) ?? null,
    shapes: floats(`${k}/shapes`) ?? new Float32Array(0),
    state: {},
    histogram: {},
  }));
  for (const [name, { values }] of tensors) {
    const [k, group, key] = name.split("/");
    const panel = panels[Number(k)];
    if (panel && key !== undefined && (group === "state" || group === "histogram")) panel[group][key] = values;
  }
  return { id, step: description.step ?? step, bytes: body.byteLength, panels };
}

/**
 * Decode the `points` blob.
 * @param {ArrayBuffer} buffer
 * @returns {Points}
 */
export function decodePoints(buffer) {
  const { tensors } = decodeTensors(buffer);
  const bytes = (/** @type {string} */ name) => /** @type {Uint8Array} */ (tensors.get(name)?.values);
  const images = tensors.get("images");
  return {
    labels: bytes("labels"),
    split: bytes("split"),
    index: /** @type {BigInt64Array} */ (tensors.get("index")?.values),
    images: images ? { values: bytes("images"), height: images.shape[1], width: images.shape[2] } : null,
  };
}

/**
 * Coordinate `d` of sample `i`, or NaN where it is missing.
 * @param {Panel} panel
 * @param {number} dim
 * @param {number} i
 * @param {number} d
 */
export function coordinate(panel, dim, i, d) {
  const code = panel.embeddings[i * dim + d];
  return code === MISSING ? NaN : panel.quantum[d] + panel.quantum[dim] * code;
}
