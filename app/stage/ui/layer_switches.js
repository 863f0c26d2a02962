// The switches of the layers.

import { createToggle, press } from "./buttons.js";
import { glyph } from "./legend.js";

/** @typedef {import("../words.js").Translate} Translate */

/** The switches on the bar and their signs; the others are for scripts. */
const SWITCHES = /** @type {const} */ ([["regions", null], ["band", "hatch"], ["shapes", "line"], ["train_points", "dot"], ["test_points", "diamond"]]);

/**
 * @param {Translate} t
 * @param {(name: string) => void} toggle
 */
export function createLayerSwitches(t, toggle) {
  const chips = SWITCHES.map(([name, sign]) => ({ name, chip: createToggle(t, name, () => toggle(name), sign && glyph(sign)) }));
  return {
    elements: chips.map(({ chip }) => chip),
    /** @param {Record<string, boolean>} layers */
    refresh(layers) {
      for (const { name, chip } of chips) press(chip, layers[name]);
    },
  };
}
