// The signs of the picture, as small glyphs.

import { make } from "./elements.js";

/** @param {"hatch"|"line"|"dot"|"diamond"|"ring"|"live"} name */
export const glyph = (name) => make("span", { class: `lg-glyph lg-${name}`, "aria-hidden": "true" });

/**
 * The signs that have no switch.
 * @param {import("../words.js").Translate} t
 */
export const createLegend = (t) => make("span", { class: "lg-key" }, glyph("ring"), make("span", { text: t("misclassified") }));
