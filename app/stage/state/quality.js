// What a slow machine gives up while the picture moves; at rest every picture is drawn in full.

const SLOW = 30, QUICK = 15; // ms a frame: above the first something is given up, below the second taken back
// in turn, the resolution of the regions and of the whole canvas
const LEVELS = [[1, 1], [0.7, 1], [0.5, 1], [0.35, 1], [0.25, 1], [0.36, 0.7], [0.5, 0.5]];

/** `regions` and `canvas` are the resolutions in use, `level` how much a motion gives up (0: nothing). */
export function createQuality() {
  let pace = 22, used = LEVELS[0];
  return {
    level: 0,
    get regions() { return used[0]; },
    get canvas() { return used[1]; },
    get full() { return used === LEVELS[0]; },
    /** Fit what is given up to the time between two pictures of a motion (ms). */
    adapt(passed) {
      pace = 0.7 * pace + 0.3 * passed;
      const step = pace > SLOW && this.level < LEVELS.length - 1 ? 1 : pace < QUICK && this.level > 0 ? -1 : 0;
      if (step) { this.level += step; pace = (SLOW + QUICK) / 2; }
    },
    /** Use what a motion or rest may have; return whether the canvas has another size then. */
    use(flowing) {
      const before = used;
      used = LEVELS[flowing ? this.level : 0];
      return used[1] !== before[1];
    },
  };
}
