// What lies over the picture: numbers on the axes, class names, the marked sample and its card.

import { project } from "../state/camera.js";
import { figure, make } from "./elements.js";
import { classColour, css } from "../palette.js";
import { coordinate } from "../data/decode.js";
import { predict } from "../data/interpolate.js";

const REACH = 9; // pixels around the pointer in which a sample is found

/** Draw the overlay of all panels onto a 2-D context whose unit is the CSS pixel. */
export function drawOverlay(context, panels, names, theme, marked) {
  for (const panel of panels) {
    const { scene, lens, rect } = panel;
    context.save();
    context.translate(rect.left, rect.top);
    context.beginPath();
    context.rect(0, 0, rect.width, rect.height);
    context.clip();
    if (scene.dim === 2) drawTicks(context, panel, theme);
    drawNames(context, scene, lens, rect, names, theme);
    if (marked !== null) drawMarked(context, panel, marked, theme);
    context.restore();
  }
}

function drawTicks(context, { camera, rect, grid }, theme) {
  context.font = `10px ${theme.font}`;
  context.fillStyle = css(theme.ink, 0.55);
  const [x0, y0] = camera.toWorld(0, rect.height, rect), [x1, y1] = camera.toWorld(rect.width, 0, rect);
  const label = (value) => String(Number((Math.round(value / grid) * grid).toPrecision(6)));
  context.textAlign = "center";
  context.textBaseline = "bottom";
  for (let x = Math.ceil(x0 / grid) * grid; x <= x1; x += grid) {
    const at = ((x - x0) / (x1 - x0)) * rect.width;
    if (at > 26 && at < rect.width - 12) context.fillText(label(x), at, rect.height - 3);
  }
  context.textAlign = "left";
  context.textBaseline = "middle";
  for (let y = Math.ceil(y0 / grid) * grid; y <= y1; y += grid) {
    const at = (1 - (y - y0) / (y1 - y0)) * rect.height;
    if (at > 10 && at < rect.height - 18) context.fillText(label(y), 4, at);
  }
}

function drawNames(context, scene, lens, rect, names, theme) {
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  const size = Math.max(14, Math.min(19, rect.width / 28));
  for (let c = 0; c < scene.classes; c++) {
    const m = scene.means.subarray(c * 3, c * 3 + 3);
    if (!Number.isFinite(m[0])) continue;
    const at = project(lens.view, rect, m[0], m[1], m[2]);
    if (!at) continue;
    if (scene.kind > 1) at[1] -= size * 0.95; // beside the cross of the centre, not on it
    const name = String(names[c] ?? c);
    context.font = `700 ${name.length > 2 ? size * 0.72 : size}px ${theme.font}`;
    context.lineWidth = 4;
    context.strokeStyle = css(theme.paper, 0.92);
    context.strokeText(name, ...at);
    context.fillStyle = css(classColour(c).map((v, d) => v * 0.35 + theme.ink[d] * 0.65));
    context.fillText(name, ...at);
  }
}

/** The coordinates of sample `i` between the two frames, or null where it is missing. */
export function placeOf(scene, i) {
  const z = [0, 0, 0];
  for (let d = 0; d < scene.dim; d++) {
    const a = coordinate(scene.p, scene.dim, i, d), b = coordinate(scene.q, scene.dim, i, d);
    z[d] = a + (b - a) * scene.share;
  }
  return Number.isFinite(z[0] + z[1] + z[2]) ? z : null;
}

function drawMarked(context, { scene, lens, rect }, marked, theme) {
  const z = placeOf(scene, marked), at = z && project(lens.view, rect, ...z);
  if (!at) return;
  for (const [width, colour] of [[5, css(theme.paper, 0.95)], [2, css(theme.ink)]]) {
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.beginPath();
    context.arc(at[0], at[1], 9.5, 0, 2 * Math.PI);
    context.stroke();
  }
}

/** The sample nearest to a pixel of a panel, or null. */
export function findSample({ scene, lens, rect }, points, x, y, show) {
  let best = REACH * REACH, found = null;
  const count = Math.min(points.labels.length, scene.p.embeddings.length / scene.dim);
  for (let i = 0; i < count; i++) {
    if (!(points.split[i] ? show.test : show.train)) continue;
    const z = placeOf(scene, i), at = z && project(lens.view, rect, ...z);
    if (!at) continue;
    const apart = (at[0] - x) ** 2 + (at[1] - y) ** 2;
    if (apart < best) { best = apart; found = i; }
  }
  return found;
}

/** The card of a sample: its picture, what it is, and what the panel under the pointer takes it for. */
export function fillCard(card, panel, texels, points, i, names, t) {
  const { scene } = panel, z = placeOf(scene, i);
  if (!z) return false;
  const label = points.labels[i], guess = predict(texels, scene, z);
  const lines = [
    t("card_label", { name: names[label] ?? label }),
    t(guess === label ? "card_right" : "card_wrong", { name: names[guess] ?? guess }),
    t(points.split[i] ? "card_test" : "card_train", { index: Number(points.index[i]) }),
    `(${z.slice(0, scene.dim).map(figure).join(", ")})`,
  ];
  const text = make("div", {}, ...lines.map((line, n) => make("div", { text: line, class: n === 1 && guess !== label ? "lg-bad" : "" })));
  card.replaceChildren(text);
  if (points.images) card.prepend(picture(points.images, i));
  return true;
}

function picture(images, i) {
  const [, height, width] = images.shape;
  const canvas = make("canvas", { width, height, class: "lg-sample", role: "presentation" });
  const context = canvas.getContext("2d"), image = context.createImageData(width, height);
  for (let n = 0; n < width * height; n++) {
    const grey = images[i * width * height + n];
    image.data.set([grey, grey, grey, 255], n * 4);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/** A round distance (1, 2 or 5 times a power of ten) that is at least 56 pixels wide. */
export function gridStep(unitsPerPixel) {
  const wide = 56 * unitsPerPixel, power = 10 ** Math.floor(Math.log10(wide)), lead = wide / power;
  return power * (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10);
}
