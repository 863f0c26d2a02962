// The sample under the pointer, and the one that is clicked.

/** @typedef {import("../state/views.js").PanelView} PanelView */
/** @typedef {import("./pointer.js").Hit} Hit */

const STILL = 4; // pixels that a pointer may move in a click

/**
 * Watch the pointer over the panels.
 * @param {HTMLElement} element
 * @param {(event: MouseEvent) => Hit|null} hit
 * @param {{move: () => void, click: (hit: Hit) => void}} on
 */
export function watchPointer(element, hit, { move, click }) {
  /** @type {Hit|null} */
  let place = null;
  let down = { x: 0, y: 0 };
  const set = (/** @type {Hit|null} */ next) => {
    place = next;
    move();
  };
  element.addEventListener("pointermove", (event) => set(event.buttons ? null : hit(event)));
  element.addEventListener("pointerleave", () => set(null));
  element.addEventListener("pointerdown", (event) => { down = { x: event.clientX, y: event.clientY }; });
  element.addEventListener("click", (event) => {
    const target = hit(event);
    if (target && Math.hypot(event.clientX - down.x, event.clientY - down.y) < STILL) click(target);
  });
  return {
    /**
     * Where the pointer is, in what its panel shows now.
     * @param {PanelView[]} views
     * @returns {Hit|null}
     */
    place(views) {
      const view = place && views.find(({ panel }) => panel === place?.view.panel);
      return place && view ? { ...place, view } : null;
    },
  };
}
