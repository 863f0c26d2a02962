// The pointer moves the cameras: drag, pinch, wheel, double click.

/** @typedef {import("../state/views.js").PanelView} PanelView */

/** A place in a panel, in pixels from its upper left. @typedef {{view: PanelView, x: number, y: number}} Hit */

const WHEEL = 0.0016, FASTEST = 240, LINE = 30; // the zoom of a pixel, most pixels of an event, pixels of a line

/**
 * Where an event lies among the panels.
 * @param {HTMLElement} element   that the panels' places count from
 * @param {PanelView[]} views
 * @param {MouseEvent} event
 * @returns {Hit|null}
 */
export function hitOf(element, views, event) {
  const outer = element.getBoundingClientRect(), x = event.clientX - outer.left, y = event.clientY - outer.top;
  const view = views.find(({ rect }) => x >= rect.left && y >= rect.top && x < rect.left + rect.width && y < rect.top + rect.height);
  return view ? { view, x: x - view.rect.left, y: y - view.rect.top } : null;
}

/**
 * @param {HTMLElement} element
 * @param {(event: MouseEvent) => Hit|null} hit
 * @param {() => void} onMove   is called after a camera has moved
 */
export function steerCameras(element, hit, onMove) {
  /** Pointers that are down. @type {Map<number, Hit>} */
  const pointers = new Map();
  let pinch = 0;
  element.addEventListener("pointerdown", (event) => {
    const place = hit(event);
    if (!place || event.button > 0) return;
    pointers.set(event.pointerId, place);
    pinch = 0;
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", (event) => {
    const place = pointers.get(event.pointerId);
    if (!place) return;
    const { camera, rect } = place.view;
    place.x += event.movementX;
    place.y += event.movementY;
    if (pointers.size === 2) {
      const [p, q] = [...pointers.values()];
      const apart = Math.hypot(p.x - q.x, p.y - q.y);
      if (pinch) camera.zoom(pinch / apart, (p.x + q.x) / 2, (p.y + q.y) / 2, rect);
      pinch = apart;
    } else camera.drag(event.movementX, event.movementY, rect);
    onMove();
  });
  const release = (/** @type {PointerEvent} */ event) => {
    pointers.delete(event.pointerId);
    pinch = 0;
  };
  element.addEventListener("pointerup", release);
  element.addEventListener("pointercancel", release);
  element.addEventListener("wheel", (event) => {
    const place = hit(event);
    if (!place) return;
    event.preventDefault();
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * LINE : event.deltaY;
    place.view.camera.zoom(Math.exp(Math.max(-FASTEST, Math.min(FASTEST, pixels)) * WHEEL), place.x, place.y, place.view.rect);
    onMove();
  }, { passive: false });
  element.addEventListener("dblclick", (event) => {
    const place = hit(event);
    if (!place) return;
    place.view.camera.reset();
    onMove();
  });
}
