// The classes: arrows for class vectors, crosses for centres, names at the class means.

import { classColour, css, mixColours } from "../palette.js";
import { HEADS } from "../shared.js";
import { project } from "../state/camera.js";
import { add, cross, times, unitVector } from "./paths.js";
import { vectorLength } from "./vector_length.js";

/** @typedef {import("../gl/strokes.js").Strokes} Strokes */
/** @typedef {import("../palette.js").Colour} Colour */
/** @typedef {import("../state/views.js").PanelView} PanelView */
/** @typedef {import("./layer.js").Layer} Layer */
/** @typedef {import("./layer.js").Picture} Picture */

const HALO = { alpha: 0.85, width: 5.2 }, LINE = { alpha: 1, width: 2.6 };
const ARROW_HEAD = 10, CROSS = 6.5; // pixels

/** @returns {Layer} */
export function createClasses() {
  /** @type {Strokes} */
  let strokes;
  return {
    name: "classes", switches: { classes: true },
    init(graphics) { strokes = graphics.strokes; },
    draw(view, { theme, switches }) {
      if (!switches.classes) return;
      const { scene } = view;
      const line = (/** @type {number[]} */ a, /** @type {number[]} */ b, /** @type {number} */ c) => {
        strokes.piece(a, b, theme.paper, HALO);
        strokes.piece(a, b, classColour(c), LINE);
      };
      if (hasVectors(scene)) addVectors(view, line);
      const centers = hasVectors(scene) ? scene.centers : scene.weight;
      if (centers) addCenters(view, centers, line);
      strokes.draw(view);
    },
    label(context, view, picture) {
      if (picture.switches.classes) drawNames(context, view, picture);
    },
  };
}

/** @param {import("../data/interpolate.js").Scene} scene */
const hasVectors = ({ kind }) => kind === HEADS.linear || kind === HEADS.cosine;

/** @typedef {(a: number[], b: number[], c: number) => void} DrawLine */

/** @param {PanelView} view @param {DrawLine} line */
function addVectors({ scene, lens, unit }, line) {
  const vectors = Array.from({ length: scene.classes }, (_, c) => rowOf(scene.weight, c, scene.dim));
  const norms = vectors.map((vector) => Math.hypot(...vector));
  const longest = Math.max(1e-8, ...norms), length = vectorLength(scene), head = ARROW_HEAD * unit;
  vectors.forEach((vector, c) => {
    if (norms[c] < 1e-8) return;
    const direction = unitVector(vector), side = unitVector(cross(direction, lens.toEye));
    const tip = times(direction, length * (scene.kind === HEADS.cosine ? 1 : norms[c] / longest));
    line([0, 0, 0], tip, c);
    for (const turn of [-0.45, 0.45]) line(tip, add(add(tip, direction, -head), side, head * turn), c);
  });
}

/** @param {PanelView} view @param {Float32Array} centers @param {DrawLine} line */
function addCenters({ scene, lens, unit }, centers, line) {
  const size = CROSS * unit;
  for (let c = 0; c < scene.classes; c++) {
    const place = rowOf(centers, c, scene.dim);
    for (const turn of [-1, 1]) {
      const arm = add(times(lens.right, size), lens.up, size * turn);
      line(add(place, arm, -1), add(place, arm), c);
    }
  }
}

/** @param {Float32Array} rows @param {number} c @param {number} dim */
const rowOf = (rows, c, dim) => [rows[c * dim], rows[c * dim + 1], dim === 3 ? rows[c * dim + 2] : 0];

/** @param {CanvasRenderingContext2D} context @param {PanelView} view @param {Picture} picture */
function drawNames(context, { scene, lens, rect }, { classes, theme }) {
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  const size = Math.max(14, Math.min(19, rect.width / 28));
  for (let c = 0; c < scene.classes; c++) {
    const mean = scene.means.subarray(c * 3, c * 3 + 3);
    const place = Number.isFinite(mean[0]) ? project(lens.view, rect, mean[0], mean[1], mean[2]) : null;
    if (!place) continue;
    if (!hasVectors(scene)) place[1] -= size * 0.95; // beside the cross of the centre, not on it
    const name = String(classes[c] ?? c);
    context.font = `700 ${name.length > 2 ? size * 0.72 : size}px ${theme.font}`;
    context.lineWidth = 4;
    context.strokeStyle = css(theme.paper, 0.92);
    context.strokeText(name, ...place);
    context.fillStyle = css(mixColours(classColour(c), theme.ink, 0.65));
    context.fillText(name, ...place);
  }
}
