// The clock: which two frames are shown, and how far between them.

const RATE = 12; // frames a second of a replay at speed 1: a run of 165 frames takes a quarter of a minute
const ALERT = 150; // ms after a frame for which pictures go on without any motion, so that their beat is known

export function createPlayer(frames) {
  let from = 0, to = 0, began = 0, span = 0, arrived = 0, interval = 0.1, fresh = true;
  let beat = 0, moving = false; // seconds from one picture of a motion to the next

  const player = {
    position: 0, playing: false, follow: true, loop: false, speed: 1, smooth: true,

    get last() { return Math.max(0, frames().count - 1); },

    play() {
      if (player.position >= player.last) player.position = 0;
      player.follow = false;
      player.playing = true;
    },
    pause() { player.playing = false; player.follow = false; player.position = Math.round(player.position); },
    seek(position) {
      player.follow = false;
      player.playing = false;
      player.position = Math.min(player.last, Math.max(0, Math.round(position)));
    },
    followLive(now) {
      player.follow = true;
      player.playing = false;
      glide(player.last, now, 0.25);
    },
    /** A new frame came from the trainer. */
    arrive(id, now) {
      if (arrived) interval = 0.8 * interval + 0.2 * Math.min(1, (now - arrived) / 1000);
      arrived = now;
      // be there in the last picture before the next one is due, but never lag by more than a fifth of a second: where
      // pictures come no faster than frames, the newest frame is shown as it is
      if (player.follow) glide(id, now, Math.max(0, Math.min(0.2, interval) - beat));
    },
    /** The newest frame has been loaded without the socket. */
    reach(now) { if (player.last > to) glide(player.last, now, 0.1); },
    /** Frames after `frame` are about to be replaced. */
    fork(frame) { player.position = from = to = Math.min(player.position, frame); span = 0; player.follow = true; player.playing = false; },
    restart() { player.position = from = to = span = arrived = 0; player.follow = true; player.playing = false; fresh = true; },
    /** Move the clock on to `now` (ms); true while it is in motion. */
    advance(now, dt) {
      if (player.follow) {
        const share = span > 0 && player.smooth ? Math.min(1, (now - began) / (span * 1000)) : 1;
        player.position = from + (to - from) * share;
        if (moving) beat = 0.8 * beat + 0.2 * dt;
        moving = share < 1 || now - arrived < ALERT;
        return moving;
      }
      if (!player.playing) return false;
      const held = frames().frames;
      let next = player.position + dt * RATE * player.speed;
      // wait for what is not loaded yet
      if (!held[Math.min(player.last, Math.floor(next) + 1)] && !held[Math.floor(next)]) next = player.position;
      if (next >= player.last) {
        if (player.loop) next = 0;
        else { next = player.last; player.playing = false; }
      }
      player.position = next;
      return player.playing;
    },
    /** The loaded frames around the position and the share of the second one. */
    shown() {
      const held = frames().frames;
      const place = Math.min(player.position, player.last);
      let a = Math.floor(place), b = Math.ceil(place);
      while (a >= 0 && !held[a]) a--;
      const end = held.length;
      while (b < end && !held[b]) b++;
      const low = held[a], high = held[b];
      if (!low && !high) return null;
      if (!low && player.playing) return null; // the beginning is on its way: its end must not flash up before
      if (!low || !high || low === high) return { a: low ?? high, b: low ?? high, mix: 0, near: low ?? high };
      let mix = (place - a) / (b - a);
      if (!player.smooth) mix = mix < 0.5 ? 0 : 1;
      if (mix === 0) return { a: low, b: low, mix: 0, near: low };
      if (mix === 1) return { a: high, b: high, mix: 0, near: high };
      return { a: low, b: high, mix, near: mix < 0.5 ? low : high };
    },
  };

  function glide(id, now, seconds) {
    from = fresh ? id : player.position; // the first frame is simply there
    fresh = false;
    to = id;
    began = now;
    span = seconds;
    if (from > to) from = to;
  }
  return player;
}
