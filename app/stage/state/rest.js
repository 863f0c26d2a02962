// The page hears where the clock came to rest, once it has stayed there.

const RESTED = 700; // ms

/** `tell(frame)` is called for a frame inside the run, or `null`: the clock moves, or stands at the end. */
export function createResting(tell) {
  let known = null, waiting = 0;
  return {
    /** Take what the page knows already: telling it would run it again, across what a visitor does meanwhile. */
    take(frame) { known = frame; },
    look(frame) {
      if (frame === known) return;
      known = frame;
      clearTimeout(waiting);
      waiting = setTimeout(() => tell(frame), RESTED);
    },
    end() { clearTimeout(waiting); },
  };
}
