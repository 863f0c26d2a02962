// The clock: which two frames are shown, and how far between them.

/** @typedef {import("../data/decode.js").Frame} Frame */
/** @typedef {import("../data/frame_store.js").Timeline} Timeline */

/** Two loaded frames, the share of the second one, and the nearest of both. @typedef {{a: Frame, b: Frame, share: number, near: Frame}} Moment */

/**
 * Times are milliseconds of one clock (`performance.now()`), durations seconds, positions frames.
 * @typedef {object} Clock
 * @property {number} position
 * @property {boolean} playing
 * @property {boolean} follow   the newest frame is shown
 * @property {boolean} loop
 * @property {number} speed
 * @property {boolean} smooth   frames are blended
 * @property {number} from      start of the glide towards the newest frame
 * @property {number} to        its end
 * @property {number} began     time at which it began
 * @property {number} span      its duration
 * @property {number} arrival   time of the newest frame
 * @property {number} interval  mean duration between two frames
 * @property {number} beat      mean duration between two pictures of a motion
 * @property {boolean} moving
 * @property {boolean} fresh    no frame has been shown
 */

const RATE = 12; // frames a second of a replay at speed 1: a run of 165 frames takes a quarter of a minute
const ALERT = 150; // ms after a frame for which pictures go on without any motion, so that their beat is known

/** @returns {Clock} */
export function createClock() {
  return {
    position: 0, playing: false, follow: true, loop: false, speed: 1, smooth: true,
    from: 0, to: 0, began: 0, span: 0, arrival: 0, interval: 0.1, beat: 0, moving: false, fresh: true,
  };
}

/** @param {Timeline} timeline */
export const lastFrame = (timeline) => Math.max(0, timeline.count - 1);

/** @param {Clock} clock @param {Timeline} timeline */
export function play(clock, timeline) {
  if (clock.position >= lastFrame(timeline)) clock.position = 0;
  clock.follow = false;
  clock.playing = true;
}

/** @param {Clock} clock */
export function pause(clock) {
  clock.playing = false;
  clock.follow = false;
  clock.position = Math.round(clock.position);
}

/** @param {Clock} clock @param {Timeline} timeline @param {number} position */
export function seek(clock, timeline, position) {
  clock.follow = false;
  clock.playing = false;
  clock.position = Math.min(lastFrame(timeline), Math.max(0, Math.round(position)));
}

/** @param {Clock} clock @param {Timeline} timeline @param {number} now */
export function followNewest(clock, timeline, now) {
  clock.follow = true;
  clock.playing = false;
  glide(clock, lastFrame(timeline), now, 0.25);
}

/**
 * A new frame came from the trainer.
 * @param {Clock} clock
 * @param {number} id
 * @param {number} now
 */
export function arrive(clock, id, now) {
  if (clock.arrival) clock.interval = 0.8 * clock.interval + 0.2 * Math.min(1, (now - clock.arrival) / 1000);
  clock.arrival = now;
  // be there in the last picture before the next one is due, but never lag by more than a fifth of a second: where
  // pictures come no faster than frames, the newest frame is shown as it is
  if (clock.follow) glide(clock, id, now, Math.max(0, Math.min(0.2, clock.interval) - clock.beat));
}

/**
 * The newest frame has been loaded without the socket.
 * @param {Clock} clock
 * @param {Timeline} timeline
 * @param {number} now
 */
export function reachNewest(clock, timeline, now) {
  const last = lastFrame(timeline);
  if (clock.follow && timeline.frames[last] && last > clock.to) glide(clock, last, now, 0.1);
}

/**
 * Frames after `frame` are about to be replaced.
 * @param {Clock} clock
 * @param {number} frame
 */
export function forkAt(clock, frame) {
  clock.position = clock.from = clock.to = Math.min(clock.position, frame);
  clock.span = 0;
  clock.follow = true;
  clock.playing = false;
}

/** @param {Clock} clock */
export function restart(clock) {
  clock.position = clock.from = clock.to = clock.span = clock.arrival = 0;
  clock.follow = true;
  clock.playing = false;
  clock.fresh = true;
}

/**
 * Move the clock on to `now`, `dt` after the last picture; true while it is in motion.
 * @param {Clock} clock
 * @param {Timeline} timeline
 * @param {number} now
 * @param {number} dt
 */
export function advance(clock, timeline, now, dt) {
  if (clock.follow) {
    const share = clock.span > 0 && clock.smooth ? Math.min(1, (now - clock.began) / (clock.span * 1000)) : 1;
    clock.position = clock.from + (clock.to - clock.from) * share;
    if (clock.moving) clock.beat = 0.8 * clock.beat + 0.2 * dt;
    clock.moving = share < 1 || now - clock.arrival < ALERT;
    return clock.moving;
  }
  if (!clock.playing) return false;
  const { frames } = timeline, last = lastFrame(timeline);
  let next = clock.position + dt * RATE * clock.speed;
  // wait for what is not loaded yet
  if (!frames[Math.min(last, Math.floor(next) + 1)] && !frames[Math.floor(next)]) next = clock.position;
  if (next >= last) {
    if (clock.loop) next = 0;
    else {
      next = last;
      clock.playing = false;
    }
  }
  clock.position = next;
  return clock.playing;
}

/**
 * The loaded frames around the position; null where there is none.
 * @param {Clock} clock
 * @param {Timeline} timeline
 * @returns {Moment|null}
 */
export function momentOf(clock, timeline) {
  const { frames } = timeline;
  const place = Math.min(clock.position, lastFrame(timeline));
  let a = Math.floor(place), b = Math.ceil(place);
  while (a >= 0 && !frames[a]) a--;
  while (b < frames.length && !frames[b]) b++;
  const low = frames[a], high = frames[b];
  if (!low && !high) return null;
  if (!low && clock.playing) return null; // the beginning is on its way: its end must not flash up before
  if (!low || !high || low === high) return still(low ?? high);
  let share = (place - a) / (b - a);
  if (!clock.smooth) share = share < 0.5 ? 0 : 1;
  if (share === 0) return still(low);
  if (share === 1) return still(high);
  return { a: low, b: high, share, near: share < 0.5 ? low : high };
}

/** @param {Frame} frame @returns {Moment} */
const still = (frame) => ({ a: frame, b: frame, share: 0, near: frame });

/** @param {Clock} clock @param {number} id @param {number} now @param {number} seconds */
function glide(clock, id, now, seconds) {
  clock.from = clock.fresh ? id : clock.position; // the first frame is simply there
  clock.fresh = false;
  clock.to = id;
  clock.began = now;
  clock.span = seconds;
  if (clock.from > clock.to) clock.from = clock.to;
}
