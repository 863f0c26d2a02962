// The page hears where the clock came to rest, once it has stayed there.

const DELAY = 700; // ms

/**
 * @param {(frame: number|null) => void} report  called with a frame inside the run, or with null: the clock moves, or
 *   stands at the end
 */
export function createRest(report) {
  /** @type {number|null} */
  let current = null;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  return {
    /**
     * Set what the page knows already: reporting it would run the page again, across what a visitor does meanwhile.
     * @param {number|null} frame
     */
    assume(frame) { current = frame; },
    /** @param {number|null} frame */
    update(frame) {
      if (frame === current) return;
      current = frame;
      clearTimeout(timer);
      timer = setTimeout(() => report(frame), DELAY);
    },
    end() { clearTimeout(timer); },
  };
}
