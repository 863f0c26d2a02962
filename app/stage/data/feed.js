// What the server tells about one run (docs/live.md): description, points, frames over HTTP, the newest live.

import { decodeFrame, decodePoints, splitRecords } from "./decode.js";

const BUDGET = 384 * 2 ** 20; // bytes of frames kept in the page; frames far from the one shown are let go first
const ANSWER = 3000; // ms for which the answer to an edit is waited for
const CHUNK = 64; // frames asked for at once; the server sends at most 8 MiB of them

/**
 * Follow a run. `on` takes `run(meta)`, `points(points)`, `frames()`, `newest(frame)`, `status(message)`, `event(event)`,
 * `forked(message)`, `error(sentence)`; each may be left out. `history: false` keeps the newest frame alone.
 */
export function openFeed({ base = "", run, owner = null, language = "en", history = true }, on = {}) {
  const feed = {
    run, owner, meta: null, points: null, frames: [], count: 0, events: [], live: false, connected: false, head: 0,
    send, fork, close, want,
  };
  let socket = null, closed = false, attempt = 0, retry = 0, loading = false, kept = 0, generation = 0, failures = 0, later = 0, outstanding = 0;
  const outbox = new Map();

  const path = (tail = "") => `${base}/api/runs/${encodeURIComponent(feed.run)}${tail}`;
  const ask = async (url) => {
    const answer = await fetch(url, { headers: { "Accept-Language": language } });
    if (answer.ok) return answer;
    const told = await answer.json().catch(() => ({}));
    throw Object.assign(new Error(told.error ?? `${answer.status}`), { final: answer.status < 500 });
  };

  function describe(meta) {
    feed.meta = meta;
    feed.live = Boolean(meta.live);
    feed.events = meta.events ?? [];
    grow(meta.frames ?? 0);
    on.run?.(meta);
    pump();
  }

  function grow(count) {
    if (count <= feed.count) return;
    feed.count = count;
    on.frames?.();
  }

  function keep(record, newest = false) {
    let frame = feed.frames[record.id];
    if (!frame) {
      frame = decodeFrame(record);
      if (!history) feed.frames = [];
      feed.frames[record.id] = frame;
      kept += frame.bytes;
      if (history && kept > BUDGET) thin(frame.id);
    }
    grow(record.id + 1);
    if (newest) on.newest?.(frame);
    return frame;
  }

  function thin(fresh) {
    const far = (id) => Math.abs(id - feed.head);
    const order = Object.keys(feed.frames).map(Number).sort((a, b) => far(b) - far(a));
    for (const id of order) {
      if (kept <= BUDGET * 0.9) break;
      if (id === fresh || id === feed.count - 1) continue;
      kept -= feed.frames[id].bytes;
      delete feed.frames[id];
    }
  }

  /** Say which frame is looked at: loading starts there. */
  function want(id) {
    feed.head = id;
    if (!feed.frames[id]) pump();
  }

  function missing() {
    const { frames, count, head } = feed;
    for (let id = Math.max(0, head); id < count; id++) if (!frames[id]) return id;
    for (let id = 0; id < Math.min(head, count); id++) if (!frames[id]) return id;
    return -1;
  }

  async function pump() {
    if (!history || loading || closed || later) return;
    const from = missing();
    // once memory is full, only what lies close ahead is worth loading
    if (from < 0 || (kept > BUDGET * 0.9 && (from < feed.head || from > feed.head + CHUNK))) return;
    loading = true;
    const asked = generation;
    let pause = 0;
    try {
      let count = 1;
      while (count < CHUNK && from + count < feed.count && !feed.frames[from + count]) count++;
      const answer = await ask(path(`/frames?from=${from}&count=${count}`));
      const buffer = await answer.arrayBuffer();
      if (asked === generation && !closed) {
        const records = splitRecords(buffer);
        for (const record of records) keep(record);
        if (records.length) on.frames?.();
        else pause = 2000; // announced but not there yet
      }
      failures = 0;
    } catch (error) {
      if (error.final && asked === generation) on.error?.(error.message);
      pause = Math.min(15000, 500 * 2 ** failures++);
    }
    loading = false;
    if (pause) later = setTimeout(() => { later = 0; pump(); }, pause);
    else pump();
  }

  function connect(from = null) {
    if (closed) return;
    clearTimeout(retry);
    const place = new URL(path("/live"), globalThis.location?.href);
    place.protocol = place.protocol === "https:" ? "wss:" : "ws:";
    if (from !== null) place.searchParams.set("from", from);
    if (feed.owner) place.searchParams.set("owner", feed.owner);
    const opened = new WebSocket(place);
    socket = opened;
    opened.binaryType = "arraybuffer";
    opened.onopen = () => { attempt = 0; feed.connected = true; answered(); on.status?.({}); };
    opened.onmessage = ({ data }) => {
      if (socket !== opened) return;
      if (typeof data !== "string") {
        for (const record of splitRecords(data)) keep(record, true);
        pump();
        return;
      }
      hear(JSON.parse(data));
    };
    opened.onclose = () => {
      if (socket !== opened || closed) return;
      feed.connected = false;
      on.status?.({});
      // doubling, up to 15 s, and not all viewers of a lecture hall at the same moment
      const wait = Math.min(15000, 400 * 2 ** attempt++) * (0.75 + Math.random() / 2);
      retry = setTimeout(() => connect(), wait);
    };
  }

  function hear(message) {
    if (message.type === "run") describe(message);
    else if (message.type === "status") {
      feed.live = !["done", "stopped", "failed", "interrupted"].includes(message.status);
      if (feed.meta) Object.assign(feed.meta, { status: message.status });
      grow(message.frames ?? 0);
      on.status?.(message);
      pump();
    } else if (message.type === "event") {
      feed.events.push(message);
      if (message.kind === "edit") answered();
      on.event?.(message);
    } else if (message.type === "forked") on.forked?.(message);
    else if (message.type === "error") { answered(); on.error?.(message.error); }
  }

  /**
   * Send a message to the trainer. Edits wait for a connection, the latest of each knob. Where an edit may fork the
   * run (it is somebody else's, or has been let go), the next ones wait for the answer: one drag is one fork.
   */
  function send(message) {
    const open = socket?.readyState === WebSocket.OPEN;
    if (message.type !== "edit") {
      if (open) socket.send(JSON.stringify(message));
      return;
    }
    if (!open || outstanding) {
      outbox.set(`${message.panel}/${message.knob}`, message);
      return;
    }
    socket.send(JSON.stringify(message));
    if (!feed.owner || !feed.live) outstanding = setTimeout(answered, ANSWER);
  }
  function answered() {
    clearTimeout(outstanding);
    outstanding = 0;
    const waiting = [...outbox.values()];
    outbox.clear();
    waiting.forEach(send);
  }

  /** Go on with another run whose frames up to `from` are the same ones. */
  function fork({ id, owner: token, from }) {
    generation += 1;
    feed.run = id;
    feed.owner = token ?? feed.owner;
    feed.frames.length = Math.min(feed.frames.length, from + 1);
    kept = feed.frames.reduce((sum, frame) => sum + (frame?.bytes ?? 0), 0);
    feed.count = Math.min(feed.count, from + 1);
    feed.events = feed.events.filter((event) => event.frame <= from);
    feed.live = true;
    drop();
    connect(from + 1);
  }

  function drop() {
    clearTimeout(retry);
    const old = socket;
    socket = null;
    old?.close();
  }

  function close() {
    closed = true;
    clearTimeout(later);
    clearTimeout(outstanding);
    drop();
  }

  connect();
  ask(path()).then((answer) => answer.json()).then((meta) => { if (!feed.meta && !closed) describe(meta); })
    .catch((error) => on.error?.(error.message));
  if (history) {
    ask(path("/points")).then((answer) => answer.arrayBuffer()).then((buffer) => {
      if (closed) return;
      feed.points = decodePoints(buffer);
      on.points?.(feed.points);
    }).catch((error) => on.error?.(error.message));
  }
  return feed;
}
