// Where a panel is looked at from: pan and zoom in the plane, an orbit in space.

import { CAMERA, HEADS } from "../shared.js";

/** @typedef {import("../data/interpolate.js").Scene} Scene */
/** A place in the window, in CSS pixels. @typedef {{left: number, top: number, width: number, height: number}} Rect */
/** What must be seen: half the side of a square (cube) about its center. @typedef {{center: number[], radius: number}} Fit */

/**
 * A camera's matrix to clip space (column-major), right, up and the way to the eye in world axes, and how far the eye is.
 * @typedef {{view: Float32Array, right: number[], up: number[], toEye: number[], distance: number}} Lens
 */

const FOLLOW = 0.16; // seconds in which the view closes two thirds of its way to the automatic fit
const STEEPEST = 1.5; // radians of elevation
const ORBIT = 0.008; // radians a pixel
const NEAR = 0.02, FAR = 12; // times the distance of the eye

/** A camera serves one panel, or all of them while they share their axes. */
export class Camera {
  /** @param {number} dim */
  constructor(dim) {
    this.dim = dim;
    /** Whether it follows the automatic fit. */
    this.auto = true;
    this.ready = false;
    this.center = [0, 0, 0];
    this.radius = 1;
    /** Radians. @type {number} */
    this.azimuth = CAMERA.azimuth;
    /** Radians. @type {number} */
    this.elevation = CAMERA.elevation;
  }

  /**
   * Go towards a fit within `dt` seconds; true while still on the way.
   * @param {Fit|null} fit
   * @param {number} dt
   * @param {boolean} snap
   */
  follow(fit, dt, snap) {
    if (!this.auto || !fit) return false;
    const share = snap || !this.ready ? 1 : 1 - Math.exp(-dt / FOLLOW);
    this.ready = true;
    let rest = Math.abs(fit.radius - this.radius);
    for (let d = 0; d < 3; d++) rest = Math.max(rest, Math.abs(fit.center[d] - this.center[d]));
    // a thousandth of the view is less than a pixel: arrive instead of creeping
    const whole = share === 1 || rest < 0.001 * fit.radius;
    const towards = (/** @type {number} */ from, /** @type {number} */ to) => (whole ? to : from + (to - from) * share);
    this.radius = towards(this.radius, fit.radius);
    this.center = this.center.map((v, d) => towards(v, fit.center[d]));
    return !whole;
  }

  reset() {
    this.auto = true;
  }

  /** @param {Camera} other */
  copy(other) {
    this.auto = other.auto;
    this.ready = other.ready;
    this.radius = other.radius;
    this.center = [...other.center];
    this.azimuth = other.azimuth;
    this.elevation = other.elevation;
  }

  /** @param {Rect} rect */
  unitsPerPixel(rect) {
    return (2 * this.radius) / Math.min(rect.width, rect.height);
  }

  /** @param {number} dx @param {number} dy @param {Rect} rect */
  drag(dx, dy, rect) {
    if (this.dim === 3) {
      this.azimuth -= dx * ORBIT;
      this.elevation = Math.max(-STEEPEST, Math.min(STEEPEST, this.elevation + dy * ORBIT));
      return;
    }
    this.auto = false;
    const unit = this.unitsPerPixel(rect);
    this.center[0] -= dx * unit;
    this.center[1] += dy * unit;
  }

  /**
   * Zoom; in the plane the place under a pixel of the panel (from its upper left) stays.
   * @param {number} factor
   * @param {number} x
   * @param {number} y
   * @param {Rect} rect
   */
  zoom(factor, x, y, rect) {
    this.auto = false;
    const before = this.toWorld(x, y, rect);
    this.radius *= factor;
    if (this.dim === 3) return;
    const after = this.toWorld(x, y, rect);
    this.center[0] += before[0] - after[0];
    this.center[1] += before[1] - after[1];
  }

  /**
   * Plane only: the coordinates under a pixel of the panel (from its upper left).
   * @param {number} x
   * @param {number} y
   * @param {Rect} rect
   */
  toWorld(x, y, rect) {
    const unit = this.unitsPerPixel(rect);
    return [this.center[0] + (x - rect.width / 2) * unit, this.center[1] - (y - rect.height / 2) * unit];
  }

  /**
   * @param {Rect} rect
   * @returns {Lens}
   */
  lens(rect) {
    const [cx, cy, cz] = this.center;
    if (this.dim === 2) {
      const unit = this.unitsPerPixel(rect);
      const sx = 2 / (rect.width * unit), sy = 2 / (rect.height * unit);
      return { view: new Float32Array([sx, 0, 0, 0, 0, sy, 0, 0, 0, 0, 1, 0, -cx * sx, -cy * sy, 0, 1]),
        right: [1, 0, 0], up: [0, 1, 0], toEye: [0, 0, 1], distance: 0 };
    }
    const ce = Math.cos(this.elevation), se = Math.sin(this.elevation);
    const ca = Math.cos(this.azimuth), sa = Math.sin(this.azimuth);
    const toEye = [ce * ca, ce * sa, se], right = [-sa, ca, 0], up = [-se * ca, -se * sa, ce];
    const distance = (1.06 * this.radius) / Math.sin(CAMERA.field / 2);
    const tall = 1 / Math.tan(CAMERA.field / 2), short = Math.min(1, rect.width / rect.height);
    const fy = tall * short, fx = (fy * rect.height) / rect.width;
    const near = distance * NEAR, far = distance * FAR;
    const dz = -(far + near) / (far - near), wz = (-2 * far * near) / (far - near);
    const dot = (/** @type {number[]} */ v) => v[0] * cx + v[1] * cy + v[2] * cz;
    const column = (/** @type {number} */ i) => [fx * right[i], fy * up[i], dz * toEye[i], -toEye[i]];
    const eye = dot(toEye) + distance;
    return { view: new Float32Array([...column(0), ...column(1), ...column(2),
      -fx * dot(right), -fy * dot(up), dz * -eye + wz, eye]), right, up, toEye, distance };
  }

  /**
   * A text that changes with what is seen.
   * @param {Rect} rect
   */
  key(rect) {
    return [this.center, this.radius, this.azimuth, this.elevation, rect.left, rect.top, rect.width, rect.height].join();
  }
}

/**
 * Project a point into pixels of a panel (from its upper left); null behind the eye.
 * @param {Float32Array} view
 * @param {Rect} rect
 * @param {number} x
 * @param {number} y
 * @param {number} [z]
 * @returns {[number, number]|null}
 */
export function project(view, rect, x, y, z = 0) {
  const w = view[3] * x + view[7] * y + view[11] * z + view[15];
  if (w <= 0) return null;
  const px = (view[0] * x + view[4] * y + view[8] * z + view[12]) / w;
  const py = (view[1] * x + view[5] * y + view[9] * z + view[13]) / w;
  return [(px * 0.5 + 0.5) * rect.width, (0.5 - py * 0.5) * rect.height];
}

/**
 * What must be seen of scenes: their points, the origin where directions count, the unit circle, the centres.
 * @param {Scene[]} scenes
 * @returns {Fit|null}
 */
export function fitOf(scenes) {
  const low = [Infinity, Infinity, Infinity], high = [-Infinity, -Infinity, -Infinity];
  const add = (/** @type {number[]} */ point) => {
    for (let d = 0; d < 3; d++) {
      low[d] = Math.min(low[d], point[d]);
      high[d] = Math.max(high[d], point[d]);
    }
  };
  for (const scene of scenes) {
    const { dim, kind, weight } = scene;
    add(scene.low);
    add(scene.high);
    if (kind === HEADS.linear || kind === HEADS.cosine) add([0, 0, 0]);
    else for (let c = 0; c < scene.classes; c++) add([0, 1, 2].map((d) => (d < dim ? weight[c * dim + d] : 0)));
    if (kind === HEADS.cosine) {
      add([-1, -1, dim === 3 ? -1 : 0]);
      add([1, 1, dim === 3 ? 1 : 0]);
    }
  }
  if (!(low[0] <= high[0])) return null;
  let side = 0;
  for (let d = 0; d < 3; d++) side = Math.max(side, high[d] - low[d]);
  return { center: low.map((v, d) => (v + high[d]) / 2), radius: Math.max(1e-6, (side * CAMERA.room) / 2) };
}
