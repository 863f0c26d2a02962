// How the panels are arranged in the view.

/** Pixels between two columns. */
export const GAP = 16;

const NARROW = 460; // pixels: below, one column that scrolls
const LEAST = 230; // pixels: plots are no smaller than this, the view grows instead
const LINE = 26; // pixels of a row of knobs

/**
 * @typedef {object} Arrangement
 * @property {number} columns
 * @property {number} height    that the view must have at least (0: as it is)
 * @property {boolean} narrow   one column that the page scrolls
 */

/**
 * The numbers of columns to choose from: four panels stand two by two, five or six two by three or three by two.
 * @param {number} count
 */
function choices(count) {
  if (count <= 3) return [1, 2, 3].slice(0, Math.max(1, count));
  return count === 4 ? [2] : [2, 3];
}

/**
 * The columns that leave the plots the largest squares in a view of `width` by `height` pixels.
 * @param {number} count   panels
 * @param {number} knobs   the most of a panel
 * @param {number} width
 * @param {number} height
 * @returns {Arrangement}
 */
export function arrange(count, knobs, width, height) {
  // what stands above and below a plot: a header of one line or two, and the rows that the knobs wrap into
  const around = (/** @type {number} */ wide) => (wide < 500 ? 52 : 31) + Math.ceil(knobs / Math.max(1, Math.floor(wide / 208))) * LINE + 13;
  if (width < NARROW) return { columns: 1, height: Math.ceil(count * (width * 0.9 + around(width))), narrow: true };
  let best = { columns: 1, side: -Infinity, wide: width };
  for (const columns of choices(count)) {
    const rows = Math.ceil(count / columns), wide = (width - GAP * (columns - 1)) / columns;
    const side = Math.min(wide, height / rows - around(wide));
    if (side > best.side) best = { columns, side, wide };
  }
  const rows = Math.ceil(count / best.columns), least = Math.min(LEAST, best.wide);
  return { columns: best.columns, height: best.side < least ? Math.ceil(rows * (least + around(best.wide))) : 0, narrow: false };
}
