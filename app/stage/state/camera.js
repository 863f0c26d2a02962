// Where each panel is looked at from: pan and zoom in the plane, an orbit in space.

const FOLLOW = 0.16; // seconds in which the view closes two thirds of its way to the automatic fit
const FIELD = 0.62; // vertical field of view in radians: little distortion at the rim, still a sense of depth

/** A camera serves one panel, or all of them while the axes are locked. */
export function createCamera(dim) {
  const camera = {
    dim, auto: true, ready: false,
    center: [0, 0, 0], radius: 1, // what is looked at, and half the side of the square (cube) that must be seen
    azimuth: 0.7, elevation: 0.42,

    /** Go towards a fit `{center, radius}`; true while still on the way. */
    follow(fit, dt, snap) {
      if (!camera.auto || !fit) return false;
      const share = snap || !camera.ready ? 1 : 1 - Math.exp(-dt / FOLLOW);
      camera.ready = true;
      let rest = Math.abs(fit.radius - camera.radius);
      for (let d = 0; d < 3; d++) rest = Math.max(rest, Math.abs(fit.center[d] - camera.center[d]));
      // a thousandth of the view is less than a pixel: arrive instead of creeping
      const whole = share === 1 || rest < 0.001 * fit.radius;
      const k = whole ? 1 : share;
      camera.radius += (fit.radius - camera.radius) * k;
      for (let d = 0; d < 3; d++) camera.center[d] += (fit.center[d] - camera.center[d]) * k;
      return !whole;
    },
    reset() { camera.auto = true; },
    copy(other) {
      Object.assign(camera, { auto: other.auto, ready: other.ready, radius: other.radius, center: [...other.center],
        azimuth: other.azimuth, elevation: other.elevation });
    },
    unitsPerPixel(rect) { return (2 * camera.radius) / Math.min(rect.width, rect.height); },
    drag(dx, dy, rect) {
      if (dim === 3) {
        camera.azimuth -= dx * 0.008;
        camera.elevation = Math.max(-1.5, Math.min(1.5, camera.elevation + dy * 0.008));
        return;
      }
      camera.auto = false;
      const unit = camera.unitsPerPixel(rect);
      camera.center[0] -= dx * unit;
      camera.center[1] += dy * unit;
    },
    zoom(factor, x, y, rect) {
      camera.auto = false;
      if (dim === 2) {
        const before = camera.toWorld(x, y, rect);
        camera.radius *= factor;
        const after = camera.toWorld(x, y, rect);
        camera.center[0] += before[0] - after[0];
        camera.center[1] += before[1] - after[1];
      } else camera.radius *= factor;
    },
    /** Plane only: the coordinates under a pixel of the panel (from its upper left). */
    toWorld(x, y, rect) {
      const unit = camera.unitsPerPixel(rect);
      return [camera.center[0] + (x - rect.width / 2) * unit, camera.center[1] - (y - rect.height / 2) * unit];
    },
    /** The matrix to clip space (column-major), right and up in world axes, and the distance of the eye. */
    matrix(rect) {
      const [cx, cy, cz] = camera.center;
      if (dim === 2) {
        const unit = camera.unitsPerPixel(rect);
        const sx = 2 / (rect.width * unit), sy = 2 / (rect.height * unit);
        return { view: new Float32Array([sx, 0, 0, 0, 0, sy, 0, 0, 0, 0, 1, 0, -cx * sx, -cy * sy, 0, 1]),
          right: [1, 0, 0], up: [0, 1, 0], toEye: [0, 0, 1], distance: 0 };
      }
      const ce = Math.cos(camera.elevation), se = Math.sin(camera.elevation);
      const ca = Math.cos(camera.azimuth), sa = Math.sin(camera.azimuth);
      const toEye = [ce * ca, ce * sa, se], right = [-sa, ca, 0], up = [-se * ca, -se * sa, ce];
      const distance = (1.06 * camera.radius) / Math.sin(FIELD / 2);
      const tall = 1 / Math.tan(FIELD / 2), short = Math.min(1, rect.width / rect.height);
      const fy = tall * short, fx = (fy * rect.height) / rect.width;
      const near = distance * 0.02, far = distance * 12;
      const dz = -(far + near) / (far - near), wz = (-2 * far * near) / (far - near);
      const dot = (v) => v[0] * cx + v[1] * cy + v[2] * cz;
      const column = (i) => [fx * right[i], fy * up[i], dz * toEye[i], -toEye[i]];
      const eye = dot(toEye) + distance;
      return { view: new Float32Array([...column(0), ...column(1), ...column(2),
        -fx * dot(right), -fy * dot(up), dz * -eye + wz, eye]), right, up, toEye, distance };
    },
    key(rect) { return [camera.center, camera.radius, camera.azimuth, camera.elevation, rect.left, rect.top, rect.width, rect.height].join(); },
  };
  return camera;
}

/** Project a point into pixels of a panel (from its upper left); null behind the eye. */
export function project(view, rect, x, y, z = 0) {
  const w = view[3] * x + view[7] * y + view[11] * z + view[15];
  if (w <= 0) return null;
  const px = (view[0] * x + view[4] * y + view[8] * z + view[12]) / w;
  const py = (view[1] * x + view[5] * y + view[9] * z + view[13]) / w;
  return [(px * 0.5 + 0.5) * rect.width, (0.5 - py * 0.5) * rect.height];
}

/** Let the pointer move cameras. `hit(event)` gives `{camera, rect, x, y}`; `moved()` is called after a change. */
export function steer(element, hit, moved) {
  const held = new Map();
  let pinch = 0;
  element.addEventListener("pointerdown", (event) => {
    const place = hit(event);
    if (!place || event.button > 0) return;
    held.set(event.pointerId, place);
    pinch = 0;
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", (event) => {
    const before = held.get(event.pointerId);
    if (!before) return;
    const x = before.x + event.movementX, y = before.y + event.movementY;
    if (held.size === 2) {
      Object.assign(before, { x, y });
      const [p, q] = [...held.values()];
      const apart = Math.hypot(p.x - q.x, p.y - q.y);
      if (pinch) before.camera.zoom(pinch / apart, (p.x + q.x) / 2, (p.y + q.y) / 2, before.rect);
      pinch = apart;
    } else before.camera.drag(event.movementX, event.movementY, before.rect);
    Object.assign(before, { x, y });
    moved();
  });
  const release = (event) => { held.delete(event.pointerId); pinch = 0; };
  element.addEventListener("pointerup", release);
  element.addEventListener("pointercancel", release);
  element.addEventListener("wheel", (event) => {
    const place = hit(event);
    if (!place) return;
    event.preventDefault();
    const ticks = event.deltaMode === 1 ? event.deltaY * 30 : event.deltaY;
    place.camera.zoom(Math.exp(Math.max(-240, Math.min(240, ticks)) * 0.0016), place.x, place.y, place.rect);
    moved();
  }, { passive: false });
  element.addEventListener("dblclick", (event) => {
    const place = hit(event);
    if (!place) return;
    place.camera.reset();
    moved();
  });
}
