import assert from "node:assert/strict";
import { test } from "node:test";

import * as clocks from "../../app/stage/state/clock.js";
import { timeline } from "./frames.js";

test("it plays at twelve frames a second times the speed and stops at the end", () => {
  const clock = clocks.createClock(), line = timeline(13);
  clocks.seek(clock, line, 0);
  clocks.play(clock, line);
  clocks.advance(clock, line, 0, 0.5);
  assert.equal(clock.position, 6);
  clock.speed = 0.5;
  clocks.advance(clock, line, 0, 0.5);
  assert.equal(clock.position, 9);
  assert.equal(clocks.advance(clock, line, 0, 5), false);
  assert.deepEqual([clock.position, clock.playing], [12, false]);
});

test("at the end play starts again, and a loop goes on", () => {
  const clock = clocks.createClock(), line = timeline(5);
  clocks.seek(clock, line, 99);
  assert.equal(clock.position, 4);
  clocks.play(clock, line);
  assert.equal(clock.position, 0);
  clock.loop = true;
  assert.equal(clocks.advance(clock, line, 0, 1), true);
  assert.deepEqual([clock.position, clock.playing], [0, true]);
});

test("it waits for frames that are not loaded", () => {
  const clock = clocks.createClock(), line = timeline(10, [0, 1]);
  clocks.seek(clock, line, 1);
  clocks.play(clock, line);
  clocks.advance(clock, line, 0, 0.1);
  const before = clock.position;
  clocks.advance(clock, line, 0, 0.1);
  assert.ok(clock.position < 3 && clock.position >= before);
  for (let k = 0; k < 20; k++) clocks.advance(clock, line, 0, 0.1);
  assert.ok(clock.position < 3);
});

test("between two loaded frames the moment has both, and the nearest", () => {
  const clock = clocks.createClock(), line = timeline(10, [2, 6]);
  clock.position = 5;
  const { a, b, share, near } = clocks.momentOf(clock, line);
  assert.deepEqual([a.id, b.id, share, near.id], [2, 6, 0.75, 6]);
  clock.smooth = false;
  assert.deepEqual([clocks.momentOf(clock, line).a.id, clocks.momentOf(clock, line).share], [6, 0]);
  clock.position = 1;
  assert.equal(clocks.momentOf(clock, line).near.id, 2);
  clock.playing = true;
  assert.equal(clocks.momentOf(clock, line), null, "the beginning is awaited, its end does not flash up");
  assert.equal(clocks.momentOf(clocks.createClock(), timeline(0)), null);
});

test("a fork holds the clock at the last shared frame and follows", () => {
  const clock = clocks.createClock(), line = timeline(10);
  clocks.seek(clock, line, 7);
  clocks.forkAt(clock, 4);
  assert.deepEqual([clock.position, clock.follow], [4, true]);
  clocks.arrive(clock, 5, 1000);
  clocks.advance(clock, line, 1e6, 0.016);
  assert.equal(clock.position, 5);
});

/** Follow a run for some seconds: lag behind the newest frame and the share between two frames, of the last pictures. */
function follow(clock, clockwork, seconds, frameEvery, pictureEvery) {
  const pictures = [], line = timeline(1);
  let frame = clockwork.now, picture = clockwork.now;
  const end = clockwork.now + 1000 * seconds;
  while (clockwork.now < end) {
    if (frame <= picture) {
      clockwork.now = frame;
      clocks.arrive(clock, clockwork.id++, frame);
      frame += frameEvery;
    } else {
      clockwork.now = picture;
      clocks.advance(clock, line, picture, pictureEvery / 1000);
      pictures.push({ lag: clockwork.id - 1 - clock.position, share: clock.position % 1 });
      picture += pictureEvery;
    }
  }
  return pictures.slice(-20);
}

test("the newest frame is not glided to where pictures come slower than frames", () => {
  const clock = clocks.createClock(), clockwork = { now: 0, id: 0 };
  const between = (pictures) => pictures.filter(({ share }) => share > 0.01 && share < 0.99).length;
  const quick = follow(clock, clockwork, 3, 100, 16);
  assert.ok(Math.max(...quick.map(({ lag }) => lag)) <= 1);
  assert.ok(between(quick) > 10);
  follow(clock, clockwork, 2, 33, 75);
  assert.equal(Math.max(...follow(clock, clockwork, 3, 33, 75).map(({ lag }) => lag)), 0);
  assert.ok(between(follow(clock, clockwork, 6, 100, 16)) > 10);
});
