// What a slow machine gives up while the picture moves; at rest every picture is drawn in full.

const SLOW = 30, QUICK = 15; // ms a picture: above the first something is given up, below the second taken back

/** The resolutions of the regions and of the whole canvas, from full to coarse. */
const LEVELS = [[1, 1], [0.7, 1], [0.5, 1], [0.35, 1], [0.25, 1], [0.36, 0.7], [0.5, 0.5]];

export class Quality {
  #pace = 22;
  #current = LEVELS[0];

  constructor() {
    /** How much a motion gives up (0: nothing). */
    this.level = 0;
  }

  get regions() {
    return this.#current[0];
  }

  get canvas() {
    return this.#current[1];
  }

  get full() {
    return this.#current === LEVELS[0];
  }

  /**
   * Fit what is given up to the time between two pictures of a motion (ms).
   * @param {number} passed
   */
  adapt(passed) {
    this.#pace = 0.7 * this.#pace + 0.3 * passed;
    const step = this.#pace > SLOW && this.level < LEVELS.length - 1 ? 1 : this.#pace < QUICK && this.level > 0 ? -1 : 0;
    if (!step) return;
    this.level += step;
    this.#pace = (SLOW + QUICK) / 2;
  }

  /**
   * Choose the resolutions of a motion or of rest; true where the canvas has another size then.
   * @param {boolean} moving
   */
  choose(moving) {
    const before = this.#current;
    this.#current = LEVELS[moving ? this.level : 0];
    return this.#current[1] !== before[1];
  }
}
