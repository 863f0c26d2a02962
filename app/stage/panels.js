// The cells of the panels and the bar, made from what the page says, and their sizes.

import { MAX_PANELS } from "./shared.js";
import { arrange } from "./state/layout.js";
import { createBar } from "./ui/bar.js";
import { createCell, measure } from "./ui/cell.js";
import { sizeCanvases } from "./ui/view.js";

/** @typedef {import("./ui/cell.js").PanelEntry} PanelEntry */
/** @typedef {ReturnType<typeof createPanels>} Panels */

const SHARPEST = 2; // pixels of the screen per CSS pixel that are drawn

/**
 * @param {import("./index.js").Stage} stage
 * @param {import("./actions.js").Actions} act
 */
export function createPanels(stage, act) {
  const { view } = stage;
  let shape = "", stale = true;
  /** @type {import("./index.js").Options|null} */
  let current = null;
  const observer = new ResizeObserver(() => {
    stale = true;
    stage.animation.wake();
  });

  /** @returns {PanelEntry[]} */
  function entries() {
    const { panels } = stage.options;
    return panels?.length ? panels : (stage.feed.meta?.experiment?.panels ?? []).map(({ loss }, panel) => ({ panel, title: loss, slug: loss }));
  }

  return {
    /** Make the cells anew where what stands in them has changed, but never under a hand that drags a knob. */
    build() {
      if (stage.cells.length && current === stage.options) return;
      const { texts, height } = stage.options, list = entries().slice(0, MAX_PANELS);
      const next = JSON.stringify([list.map((entry) => ({ ...entry, knobs: entry.knobs?.map((knob) => ({ ...knob, value: null })) })), texts, height]);
      if (next !== shape && stage.cells.some((cell) => cell.knobs.busy())) return;
      current = stage.options;
      if (next === shape) return;
      shape = next;
      view.element.setAttribute("aria-label", stage.t("stage"));
      stage.cells = list.map((entry) => createCell(entry, act.edit, stage.t));
      view.grid.replaceChildren(...stage.cells.map(({ element }) => element));
      stage.bar?.element.remove();
      stage.bar = createBar(stage.t, act);
      view.stage.append(stage.bar.element);
      // after a click with the mouse the keys belong to the stage again; a button reached by Tab keeps them
      stage.bar.element.addEventListener("click", (event) => {
        if (event.detail > 0 && event.target instanceof Element && event.target.closest("button")) view.element.focus({ preventScroll: true });
      });
      view.stage.style.setProperty("--lg-height", height ? `${height}px` : "");
      observer.disconnect();
      for (const element of [view.element, ...stage.cells.map(({ plot }) => plot)]) observer.observe(element);
      stale = true;
    },

    /** Whether the elements may have other sizes than `resize` found. */
    get stale() { return stale; },

    /**
     * Arrange the cells, size the canvases and measure where the plots lie; `share` is the resolution of the picture.
     * @param {number} share
     */
    resize(share) {
      const ratio = Math.min(SHARPEST, globalThis.devicePixelRatio || 1);
      const knobs = Math.max(0, ...stage.cells.map(({ entry }) => entry.knobs?.length ?? 0));
      const { columns, height, narrow } = arrange(stage.cells.length, knobs, view.element.clientWidth, view.room.offsetHeight);
      view.grid.style.setProperty("--lg-columns", String(columns));
      view.stage.classList.toggle("lg-narrow", narrow);
      view.element.style.minHeight = height ? `${height}px` : "";
      sizeCanvases(view, ratio, share);
      for (const cell of stage.cells) cell.place = measure(cell, view.element, view.canvas, ratio * share);
      stale = false;
    },

    end() { observer.disconnect(); },
  };
}
