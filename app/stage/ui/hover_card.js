// The card of the sample under the pointer: its picture, what it is, and what the panel takes it for.

import { predict } from "../data/head.js";
import { positionOf } from "../data/interpolate.js";
import { figure } from "../words.js";
import { make } from "./elements.js";

/** @typedef {import("../data/decode.js").Images} Images */
/** @typedef {import("../layers/layer.js").Picture} Picture */
/** @typedef {import("../words.js").Translate} Translate */
/** @typedef {import("./pointer.js").Hit} Hit */

const AWAY = 16, DOWN = 12, RIM = 4; // pixels from the pointer, and from the edge of the view

/** @param {HTMLElement} parent */
export function createHoverCard(parent) {
  const card = make("div", { class: "lg-card", hidden: true, role: "tooltip" });
  parent.append(card);
  return {
    /**
     * Show the sample that is pointed at, or nothing.
     * @param {Hit|null} hit
     * @param {Picture|null} picture
     * @param {Translate} t
     */
    refresh(hit, picture, t) {
      const content = hit && picture && picture.hover !== null ? contentOf(hit, picture, picture.hover, t) : null;
      card.hidden = content === null;
      if (!hit || !content) return;
      card.replaceChildren(...content);
      const x = hit.view.rect.left + hit.x, y = hit.view.rect.top + hit.y;
      card.style.left = `${x + AWAY + card.offsetWidth > parent.clientWidth ? Math.max(RIM, x - AWAY - card.offsetWidth) : x + AWAY}px`;
      card.style.top = `${Math.max(RIM, Math.min(y + DOWN, parent.clientHeight - card.offsetHeight - RIM))}px`;
    },
  };
}

/**
 * @param {Hit} hit
 * @param {Picture} picture
 * @param {number} sample
 * @param {Translate} t
 */
function contentOf({ view: { scene } }, { points, classes }, sample, t) {
  const z = positionOf(scene, sample);
  if (!z) return null;
  const label = points.labels[sample], guess = predict(scene, z), right = guess === label;
  const lines = [
    t("card_label", { name: classes[label] ?? label }),
    t(right ? "card_right" : "card_wrong", { name: classes[guess] ?? guess }),
    t(points.split[sample] ? "card_test" : "card_train", { index: Number(points.index[sample]) }),
    `(${z.slice(0, scene.dim).map(figure).join(", ")})`,
  ];
  const text = make("div", {}, ...lines.map((line, n) => make("div", { text: line, class: n === 1 && !right ? "lg-bad" : "" })));
  return points.images ? [imageOf(points.images, sample), text] : [text];
}

/** @param {Images} images @param {number} sample */
function imageOf({ values, height, width }, sample) {
  const canvas = make("canvas", { width, height, class: "lg-sample", role: "presentation" });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")), image = context.createImageData(width, height);
  for (let n = 0; n < width * height; n++) {
    const grey = values[sample * width * height + n];
    image.data.set([grey, grey, grey, 255], n * 4);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
