import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { openFeed } from "../../app/stage/data/feed.js";
import { blob, records } from "./frames.js";

const body = blob({ "0/embeddings": new Uint16Array(2) }, { frame: JSON.stringify({ step: 0, panels: [{ head: {} }] }) });

/** A socket under the test's hand. */
class FakeSocket {
  static OPEN = 1;
  static all = [];
  readyState = 0;
  sent = [];
  constructor(url) {
    this.url = String(url);
    FakeSocket.all.push(this);
  }
  send(text) { this.sent.push(JSON.parse(text)); }
  close() { this.readyState = 3; this.onclose?.(); }
  open() { this.readyState = 1; this.onopen(); }
  say(message) { this.onmessage({ data: JSON.stringify(message) }); }
}

const settle = () => new Promise((done) => setImmediate(() => setImmediate(done)));
let answers, asked;

beforeEach(() => {
  FakeSocket.all = [];
  asked = [];
  answers = () => ({ ok: false, status: 404, json: async () => ({ error: "There is no such run." }) });
  Object.assign(globalThis, { WebSocket: FakeSocket, location: { href: "http://host/page" } });
  mock.method(globalThis, "fetch", async (url) => { asked.push(url); return answers(url); });
  mock.timers.enable({ apis: ["setTimeout"] });
});
afterEach(() => {
  mock.restoreAll();
  mock.timers.reset();
});

const open = (options = {}, listener = {}) => {
  const feed = openFeed({ run: "r", owner: "me", ...options }, listener);
  return { feed, socket: FakeSocket.all[0] };
};

test("what is not there is said in one sentence", async () => {
  const errors = [];
  const { feed } = open({}, { error: (sentence) => errors.push(sentence) });
  await settle();
  assert.equal(errors[0], "There is no such run.");
  feed.close();
});

test("frames are loaded in order over HTTP, and the newest comes through the socket", async () => {
  const newest = [];
  answers = (url) => {
    const query = new URL(url, "http://host").searchParams, from = Number(query.get("from")), count = Number(query.get("count"));
    const buffer = records(...Array.from({ length: count }, (_, k) => ({ id: from + k, step: 0, body })));
    return { ok: true, json: async () => ({ frames: 3, live: true }), arrayBuffer: async () => (url.includes("points") ? blob({ labels: Uint8Array.of(1) }) : buffer) };
  };
  const { feed, socket } = open({}, { newest: (frame) => newest.push(frame.id) });
  for (let k = 0; k < 5; k++) await settle();
  assert.deepEqual([feed.count, Object.keys(feed.frames).length, feed.live], [3, 3, true]);
  assert.ok(asked.includes("/api/runs/r/frames?from=0&count=3"));
  socket.open();
  socket.onmessage({ data: records({ id: 3, step: 12, body }) });
  assert.deepEqual([newest, feed.count], [[3], 4]);
  feed.close();
});

test("edits wait for the connection, the latest of each knob", () => {
  const { feed, socket } = open();
  feed.live = true;
  assert.equal(socket.url, "ws://host/api/runs/r/live?owner=me");
  for (const value of [1, 2]) feed.send({ type: "edit", panel: 0, knob: "margin", value });
  feed.send({ type: "pause" }); // what makes no sense later is dropped
  socket.open();
  assert.deepEqual(socket.sent, [{ type: "edit", panel: 0, knob: "margin", value: 2 }]);
  feed.close();
});

test("an edit that may fork holds the next ones back until it is answered", () => {
  const { feed, socket } = open({ owner: null }, { fork: (fork) => feed.fork(fork) });
  socket.open();
  for (const value of [1, 2, 3]) feed.send({ type: "edit", panel: 0, knob: "margin", value });
  assert.equal(socket.sent.length, 1);
  feed.events = [{ frame: 1 }, { frame: 9 }];
  socket.say({ type: "forked", id: "other", owner: "token", from: 4 });
  const [, next] = FakeSocket.all;
  assert.equal(next.url, "ws://host/api/runs/other/live?from=5&owner=token");
  assert.deepEqual([feed.run, feed.live, feed.events.length], ["other", true, 1]);
  next.open();
  assert.deepEqual(next.sent.map(({ value }) => value), [3]);
  feed.close();
});

test("a lost connection is made again, ever later, and not after the feed was closed", () => {
  mock.method(Math, "random", () => 0.5);
  const { feed, socket } = open();
  socket.open();
  socket.close();
  assert.equal(feed.connected, false);
  mock.timers.tick(399);
  assert.equal(FakeSocket.all.length, 1);
  mock.timers.tick(1);
  assert.equal(FakeSocket.all.length, 2);
  FakeSocket.all[1].close();
  mock.timers.tick(799);
  assert.equal(FakeSocket.all.length, 2);
  mock.timers.tick(1);
  assert.equal(FakeSocket.all.length, 3);
  feed.close();
  mock.timers.tick(60000);
  assert.equal(FakeSocket.all.length, 3);
});
