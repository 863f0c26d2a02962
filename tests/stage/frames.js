// Frames and feeds made by hand.

/** A safetensors blob of named typed arrays. */
export function blob(tensors, metadata = {}) {
  const names = { Uint8Array: "U8", Uint16Array: "U16", Float32Array: "F32", BigInt64Array: "I64" };
  const header = { __metadata__: metadata };
  let at = 0;
  for (const [name, values] of Object.entries(tensors)) {
    header[name] = { dtype: names[values.constructor.name], shape: values.shape ?? [values.length], data_offsets: [at, at + values.byteLength] };
    at += values.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + at);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  let place = 8 + text.length;
  for (const values of Object.values(tensors)) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), place);
    place += values.byteLength;
  }
  return bytes.buffer;
}

/** Records of the wire, padded to eight bytes. */
export function records(...entries) {
  const parts = entries.map(({ id, step, body }) => {
    const part = new Uint8Array(Math.ceil((16 + body.byteLength) / 8) * 8), view = new DataView(part.buffer);
    [id, step, body.byteLength, 0].forEach((value, k) => view.setUint32(4 * k, value, true));
    part.set(new Uint8Array(body), 16);
    return part;
  });
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole.buffer;
}

/** A panel in the plane: places in units of a hundredth from (-1, -1). */
export function panel(places, { kind = "linear", weight = [1, -1].flatMap((x) => [x, ...Array(places[0].length - 1).fill(0)]), bias = null, shapes = [], head = {}, logVariance = null } = {}) {
  const dim = places[0].length;
  return {
    loss: 1, train_accuracy: 0.5, test_accuracy: 0.5, learning_rate: 0.01, alive: true, knobs: {},
    head: { kind, learned: true, ...head },
    embeddings: Uint16Array.from(places.flat().map((v) => (Number.isNaN(v) ? 65535 : Math.round((v + 1) * 100)))),
    quantum: Float32Array.from([...Array(dim).fill(-1), 0.01]),
    weight: Float32Array.from(weight), bias: Float32Array.from(bias ?? Array(weight.length / dim).fill(0)),
    logVariance: logVariance && Float32Array.from(logVariance),
    shapes: Float32Array.from(shapes), state: {}, histogram: {},
  };
}

export const frame = (id, ...panels) => ({ id, step: 4 * id, bytes: 100, panels });

/** A timeline of `count` frames of which those named are loaded. */
export function timeline(count, loaded = Array.from({ length: count }, (_, k) => k)) {
  const frames = [];
  for (const id of loaded) frames[id] = frame(id);
  return { count, frames, live: false };
}

export const samples = (labels, split = labels.map(() => 0)) =>
  ({ labels: Uint8Array.from(labels), split: Uint8Array.from(split), index: BigInt64Array.from(labels.map((_, k) => BigInt(k))), images: null });
