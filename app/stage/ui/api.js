// What the stage hands to the outside: a picture to save, and `window.lossGeometry` for scripts and tests.

import { make } from "./elements.js";

/** A PNG data URL of the canvas with its overlay, titles and numbers. */
export function pictureOf(canvas, over, view, panels, theme) {
  const copy = make("canvas", { width: canvas.width, height: canvas.height });
  const pen = copy.getContext("2d"), ratio = canvas.width / Math.max(1, view.clientWidth);
  pen.drawImage(canvas, 0, 0);
  pen.drawImage(over, 0, 0);
  pen.scale(ratio, ratio);
  pen.fillStyle = `rgb(${theme.ink.join()})`;
  for (const { cell, rect } of panels) {
    const title = cell.entry.title ?? "";
    pen.font = `600 14px ${theme.font}`;
    pen.fillText(title, rect.left + 2, rect.top - 9);
    const taken = pen.measureText(title).width + 14;
    pen.font = `12px ${theme.font}`;
    pen.fillText(cell.words, rect.left + taken, rect.top - 9, Math.max(10, rect.width - taken));
  }
  return copy.toDataURL("image/png");
}

/** Set `window.lossGeometry` to live views of the state and return it. */
export function publish({ feed, shown, cells, playing, drawnAt, stage }) {
  const told = {
    get run() { return feed().run; },
    get frame() { return shown()?.near.id ?? null; },
    get frames() { return feed().count; },
    /** Pictures drawn in the last second of motion. */
    get fps() { const end = drawnAt().at(-1) ?? 0; return drawnAt().filter((at) => at > end - 1000).length; },
    get playing() { return playing(); },
    get panels() {
      return cells().map(({ entry: { panel: place, slug, title } }) => {
        const near = shown()?.near, panel = near?.panels[place];
        return { slug, title, step: near?.step ?? null, loss: panel?.loss ?? null, train_accuracy: panel?.train_accuracy ?? null,
          test_accuracy: panel?.test_accuracy ?? null, knobs: panel?.knobs ?? {} };
      });
    },
    stage,
  };
  globalThis.lossGeometry = told;
  return told;
}
