// The sample under the pointer: marked in all panels, with a card beside it.

import { make } from "./elements.js";
import { fillCard, findSample } from "./overlay.js";

/** Watch the pointer over `grid`; `state()` tells what is shown, `changed()` hears that another sample is marked. */
export function createHover(view, grid, hit, state, changed, wake) {
  const card = make("div", { class: "lg-card", hidden: true, role: "tooltip" });
  view.append(card);
  let pointer = null;
  grid.addEventListener("pointermove", (event) => { pointer = event.buttons ? null : hit(event); wake(); });
  grid.addEventListener("pointerleave", () => { pointer = null; wake(); });
  const hover = {
    marked: null,
    look() {
      const { panels, points, show, names, renderer, t } = state();
      const panel = pointer && panels.find((shown) => shown.cell === pointer.cell);
      const found = panel && points ? findSample(panel, points, pointer.x, pointer.y, show) : null;
      if (found !== hover.marked) { hover.marked = found; changed(); }
      const texels = panel && renderer?.texels(panels.indexOf(panel));
      card.hidden = found === null || !texels || !fillCard(card, panel, texels, points, found, names, t);
      if (card.hidden) return;
      const x = panel.rect.left + pointer.x, y = panel.rect.top + pointer.y;
      card.style.left = `${x + 16 + card.offsetWidth > view.clientWidth ? x - 16 - card.offsetWidth : x + 16}px`;
      card.style.top = `${Math.max(4, Math.min(y + 12, view.clientHeight - card.offsetHeight - 4))}px`;
    },
  };
  return hover;
}
