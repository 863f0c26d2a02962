// What the server says about one run (docs/live.md): description, points, frames over HTTP, the newest frame live.

import { decodeFrame, decodePoints, splitRecords } from "./decode.js";
import { addFrame, createFrameStore, nextRequest, truncate } from "./frame_store.js";
import { createSocket } from "./socket.js";

/** @typedef {import("./decode.js").Frame} Frame */
/** @typedef {import("./decode.js").Points} Points */
/** @typedef {import("./decode.js").KnobValue} KnobValue */
/** @typedef {{panels: {loss: string}[], steps_per_frame?: number}} Experiment */
/** @typedef {{kind: string, step: number, frame: number, body: {panel?: number, knob?: string, value?: KnobValue, reason?: string}}} RunEvent */
/** @typedef {{live?: boolean, frames?: number, events?: RunEvent[], classes?: string[], status?: string, experiment?: Experiment}} RunMeta */
/** @typedef {{panel: number|null, knob: string, value: KnobValue, frame: number}} Edit */
/** @typedef {{id: string, owner: string|null, from: number}} Fork   `from`: the last frame that both runs share */

/**
 * What a feed calls when something comes; each may be left out.
 * @typedef {object} FeedListener
 * @property {(meta: RunMeta) => void} [run]
 * @property {(points: Points) => void} [points]
 * @property {() => void} [frames]          more frames exist or are loaded
 * @property {(frame: Frame) => void} [newest]
 * @property {() => void} [status]
 * @property {(event: RunEvent) => void} [event]
 * @property {(fork: Fork) => void} [fork]
 * @property {(sentence: string) => void} [error]
 */

/**
 * @typedef {object} Feed
 * @property {string} run
 * @property {RunMeta|null} meta
 * @property {Points|null} points
 * @property {Frame[]} frames      those loaded, by id, with holes
 * @property {number} count        how many the run has
 * @property {RunEvent[]} events
 * @property {boolean} live        a trainer has the run
 * @property {boolean} connected
 * @property {(message: {type: string} & Record<string, unknown>) => void} send
 * @property {(fork: Fork) => void} fork     go on with another run that shares the first frames
 * @property {(frame: number) => void} want  say which frame is looked at: busy starts there
 * @property {() => void} close
 */

/** @typedef {{base?: string, run: string, owner?: string|null, language?: string, history?: boolean}} FeedOptions */

const EDIT_ANSWER = 3000; // ms for which the answer to an edit is waited for
const FINAL = ["done", "stopped", "failed", "interrupted"];

/** An answer that says no, with its sentence; `final` where asking again is no use. */
class RequestError extends Error {
  /** @param {string} sentence @param {boolean} final */
  constructor(sentence, final) {
    super(sentence);
    this.final = final;
  }
}

/**
 * Follow a run. `history: false` holds the newest frame alone.
 * @param {FeedOptions} options
 * @param {FeedListener} [listener]
 * @returns {Feed}
 */
export function openFeed({ base = "", run, owner = null, language = "en", history = true }, listener = {}) {
  const store = createFrameStore({ history });
  /** @type {Map<string, {type: string} & Record<string, unknown>>} */
  const outbox = new Map();
  let busy = false, over = false, generation = 0, failures = 0;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let pause;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let answer;

  /** @type {Feed} */
  const feed = {
    run, meta: null, points: null, events: [], live: false, connected: false, send, fork, want, close,
    get frames() { return store.frames; },
    get count() { return store.count; },
  };
  const path = (tail = "") => `${base}/api/runs/${encodeURIComponent(feed.run)}${tail}`;
  const socket = createSocket(() => address(), {
    open() { feed.connected = true; releaseEdits(); listener.status?.(); },
    loss() { feed.connected = false; listener.status?.(); },
    message(data) {
      if (typeof data === "string") return read(JSON.parse(data));
      for (const record of splitRecords(data)) listener.newest?.(add(record));
      load();
    },
  });

  /** @param {string} url */
  async function request(url) {
    const response = await fetch(url, { headers: { "Accept-Language": language } });
    if (response.ok) return response;
    const body = await response.json().catch(() => ({}));
    throw new RequestError(body.error ?? `${response.status}`, response.status < 500);
  }

  /** @param {number|null} from  the first frame to send, null: the newest */
  function address(from = null) {
    const place = new URL(path("/live"), globalThis.location?.href);
    place.protocol = place.protocol === "https:" ? "wss:" : "ws:";
    if (from !== null) place.searchParams.set("from", String(from));
    if (owner) place.searchParams.set("owner", owner);
    return place;
  }

  /** @param {RunMeta} meta */
  function describe(meta) {
    feed.meta = meta;
    feed.live = Boolean(meta.live);
    feed.events = meta.events ?? [];
    announce(meta.frames ?? 0);
    listener.run?.(meta);
    load();
  }

  /** @param {number} count */
  function announce(count) {
    if (count <= store.count) return;
    store.count = count;
    listener.frames?.();
  }

  /** @param {import("./decode.js").FrameRecord} record */
  function add(record) {
    if (!store.frames[record.id]) addFrame(store, decodeFrame(record));
    announce(record.id + 1);
    return store.frames[record.id];
  }

  /** @param {number} frame */
  function want(frame) {
    store.head = frame;
    if (!store.frames[frame]) load();
  }

  async function load() {
    if (!history || busy || over || pause) return;
    const next = nextRequest(store);
    if (!next) return;
    busy = true;
    const current = generation;
    let wait = 0;
    try {
      const response = await request(path(`/frames?from=${next.from}&count=${next.count}`));
      const records = splitRecords(await response.arrayBuffer());
      if (current === generation && !over) {
        records.forEach(add);
        if (records.length) listener.frames?.();
        else wait = 2000; // announced, but not there yet
      }
      failures = 0;
    } catch (error) {
      if (error instanceof RequestError && error.final && current === generation) listener.error?.(error.message);
      wait = Math.min(15000, 500 * 2 ** failures++);
    }
    busy = false;
    if (wait) pause = setTimeout(() => { pause = undefined; load(); }, wait);
    else load();
  }

  /** @param {any} message  a text message of the socket (docs/live.md) */
  function read(message) {
    if (message.type === "run") describe(message);
    else if (message.type === "status") {
      feed.live = !FINAL.includes(message.status);
      if (feed.meta) feed.meta.status = message.status;
      announce(message.frames ?? 0);
      listener.status?.();
      load();
    } else if (message.type === "event") {
      feed.events.push(message);
      if (message.kind === "edit") releaseEdits();
      listener.event?.(message);
    } else if (message.type === "forked") listener.fork?.(message);
    else if (message.type === "error") {
      releaseEdits();
      listener.error?.(message.error);
    }
  }

  /**
   * Send a message to the trainer. Edits wait for a connection, the latest of each knob. Where an edit may fork the
   * run (it belongs to somebody else, or has been let go), the next ones wait for the answer: one drag is one fork.
   * @param {{type: string} & Record<string, unknown>} message
   */
  function send(message) {
    if (message.type !== "edit") {
      if (socket.open) socket.send(JSON.stringify(message));
      return;
    }
    if (!socket.open || answer) {
      outbox.set(`${message.panel}/${message.knob}`, message);
      return;
    }
    socket.send(JSON.stringify(message));
    if (!owner || !feed.live) answer = setTimeout(releaseEdits, EDIT_ANSWER);
  }

  function releaseEdits() {
    clearTimeout(answer);
    answer = undefined;
    const edits = [...outbox.values()];
    outbox.clear();
    edits.forEach(send);
  }

  /** @param {Fork} other */
  function fork(other) {
    generation += 1;
    feed.run = other.id;
    owner = other.owner ?? owner;
    truncate(store, other.from);
    feed.events = feed.events.filter((event) => event.frame <= other.from);
    feed.live = true;
    socket.connect(address(other.from + 1));
  }

  function close() {
    over = true;
    clearTimeout(pause);
    clearTimeout(answer);
    socket.close();
  }

  const fail = (/** @type {Error} */ error) => listener.error?.(error.message);
  socket.connect(address());
  request(path()).then((response) => response.json()).then((meta) => { if (!feed.meta && !over) describe(meta); }).catch(fail);
  if (history) {
    request(path("/points")).then((response) => response.arrayBuffer()).then((buffer) => {
      if (over) return;
      feed.points = decodePoints(buffer);
      listener.points?.(feed.points);
    }).catch(fail);
  }
  return feed;
}
