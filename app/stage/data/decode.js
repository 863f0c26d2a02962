// Records and safetensors blobs (docs/recording.md), decoded without a copy of any tensor.

export const MISSING = 65535;

const TYPES = { U8: Uint8Array, U16: Uint16Array, I32: Int32Array, F32: Float32Array, F64: Float64Array, I64: BigInt64Array };

/** Read a safetensors blob: its `__metadata__` and its tensors by name, as typed arrays with a `shape`. */
export function decodeTensors(buffer) {
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const start = 8 + length;
  const tensors = new Map();
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const Type = TYPES[entry.dtype];
    if (!Type) continue;
    const [from, to] = entry.data_offsets;
    const count = (to - from) / Type.BYTES_PER_ELEMENT;
    const place = start + from;
    const aligned = place % Type.BYTES_PER_ELEMENT === 0;
    const values = aligned ? new Type(buffer, place, count) : new Type(buffer.slice(place, start + to));
    values.shape = entry.shape;
    tensors.set(name, values);
  }
  return { metadata: header.__metadata__ ?? {}, tensors };
}

/** Split an answer of `/frames`, or a message of the socket, into `{id, step, body}`. */
export function splitRecords(buffer) {
  const view = new DataView(buffer);
  const found = [];
  for (let at = 0; at + 16 <= buffer.byteLength; ) {
    const length = view.getUint32(at + 8, true);
    const end = at + 16 + length;
    if (end > buffer.byteLength) break;
    // a copy, so that one frame can be let go without the megabytes it came with
    found.push({ id: view.getUint32(at, true), step: view.getUint32(at + 4, true), body: buffer.slice(at + 16, end) });
    at = Math.ceil(end / 8) * 8;
  }
  return found;
}

/** Decode one record into a frame: what `frame` of the metadata says, and the tensors of each panel. */
export function decodeFrame({ id, step, body }) {
  const { metadata, tensors } = decodeTensors(body);
  const told = JSON.parse(metadata.frame);
  const panels = told.panels.map((panel, k) => ({
    ...panel,
    embeddings: tensors.get(`${k}/embeddings`),
    quantum: tensors.get(`${k}/quantum`),
    weight: tensors.get(`${k}/weight`),
    bias: tensors.get(`${k}/bias`),
    logVariance: tensors.get(`${k}/log_variance`) ?? null,
    shapes: tensors.get(`${k}/shapes`) ?? new Float32Array(0),
    state: {},
    histogram: {},
  }));
  for (const [name, values] of tensors) {
    const [k, group, key] = name.split("/");
    if (key === undefined || !panels[k]) continue;
    if (group === "state") panels[k].state[key] = values;
    if (group === "histogram") panels[k].histogram[key] = values;
  }
  return { id, step: told.step ?? step, bytes: body.byteLength, panels };
}

/** Decode the `points` blob: labels, split, index and (or null) the samples' pictures. */
export function decodePoints(buffer) {
  const { tensors } = decodeTensors(buffer);
  return {
    labels: tensors.get("labels"),
    split: tensors.get("split"),
    index: tensors.get("index"),
    images: tensors.get("images") ?? null,
  };
}

/** Coordinate `d` of sample `i`, or NaN where it is missing. */
export function coordinate(panel, dim, i, d) {
  const value = panel.embeddings[i * dim + d];
  return value === MISSING ? NaN : panel.quantum[d] + panel.quantum[dim] * value;
}
