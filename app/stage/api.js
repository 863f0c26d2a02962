// `window.lossGeometry`, for scripts and tests (docs/live.md).

/** @typedef {import("./index.js").Stage} Stage */

const SECOND = 1000; // ms

/**
 * Set `window.lossGeometry` to live views of a stage; returns what takes it away.
 * @param {Stage} stage
 * @param {import("./actions.js").Actions} act
 */
export function publish(stage, act) {
  const { animation, layers } = stage;
  const regions = /** @type {ReturnType<typeof import("./layers/regions.js").createRegions>} */ (layers.find(({ name }) => name === "regions"));
  const api = {
    get run() { return stage.feed.run; },
    get frame() { return animation.moment?.near.id ?? null; },
    get frames() { return stage.feed.count; },
    /** Pictures drawn in the last second of motion. */
    get fps() {
      const last = animation.times.at(-1) ?? 0;
      return animation.times.filter((time) => time > last - SECOND).length;
    },
    get playing() { return act.isPlaying(); },
    get panels() {
      const near = animation.moment?.near;
      return stage.cells.map(({ entry: { panel: place, slug, title } }) => {
        const panel = near?.panels[place];
        return { slug, title, step: near?.step ?? null, loss: panel?.loss ?? null, train_accuracy: panel?.train_accuracy ?? null,
          test_accuracy: panel?.test_accuracy ?? null, knobs: panel?.knobs ?? {} };
      });
    },
    stage: {
      seek: act.seek,
      /** The layers' switches: name -> shown. */
      get layers() { return { ...stage.state.layers }; },
      show: act.layer,
      select: act.select,
      /** The sample that was chosen, or null. */
      get selection() { return stage.state.selection; },
      /** A PNG data URL of what is shown. */
      snapshot: animation.snapshot,
      refresh: animation.redraw,
      /** Frames that are loaded. */
      get loaded() { return Object.keys(stage.feed.frames).length; },
      /** Whether the picture stands still in full resolution. */
      get settled() { return animation.still; },
      /** How much resolution motion gives up (0: nothing). */
      get level() { return animation.quality.level; },
      get views() { return animation.views; },
      get points() { return stage.feed.points; },
      get renderer() { return stage.renderer && { gl: stage.renderer.gl, readRegions: regions.read }; },
    },
  };
  Object.assign(globalThis, { lossGeometry: api });
  return () => {
    if (Reflect.get(globalThis, "lossGeometry") === api) Reflect.deleteProperty(globalThis, "lossGeometry");
  };
}
