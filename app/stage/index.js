// The stage: one canvas with all panels of a run, its clock and its controls.

import { createActions } from "./actions.js";
import { createAnimation } from "./animation.js";
import { publish } from "./api.js";
import { createRenderer } from "./gl/renderer.js";
import { createLayers, pick, switchesOf } from "./layers/layers.js";
import { createPanels } from "./panels.js";
import { createState, describeRun, openRun, selectSample } from "./state.js";
import { arrive, forkAt, reachNewest } from "./state/clock.js";
import { listenToKeys } from "./ui/keyboard.js";
import { hitOf, steerCameras } from "./ui/pointer.js";
import { watchPointer } from "./ui/selection.js";
import { createView } from "./ui/view.js";
import { translator } from "./words.js";

/** @typedef {import("./data/feed.js").Feed} Feed */
/** @typedef {import("./data/feed.js").FeedListener} FeedListener */
/** @typedef {import("./ui/cell.js").PanelEntry} PanelEntry */

/**
 * What the page shows.
 * @typedef {object} Options
 * @property {string} run
 * @property {string|null} [owner]     the token of the run's owner
 * @property {string} [language]
 * @property {string} [base]           address of the server
 * @property {Record<string, string>} texts   spec/texts/stage.toml in one language
 * @property {PanelEntry[]} [panels]   default: all of the run
 * @property {number|null} [height]    pixels
 * @property {number|null} [frame]     where the clock stands at first
 * @property {boolean} [play]          a recording plays from its beginning
 * @property {"same"|"own"} [axes]
 * @property {boolean} [debug]         keep the picture for read-back
 */

/**
 * Where the stage stands: where frames come from, where edits go. `open` calls the listener only after it has returned.
 * @typedef {object} Host
 * @property {(options: import("./data/feed.js").FeedOptions, listener: FeedListener) => Feed} open
 * @property {(edit: import("./data/feed.js").Edit & {run: string}) => void} [edit]   a knob was released
 * @property {(fork: import("./data/feed.js").Fork) => void} [fork]   the stage goes on with another run
 * @property {(rest: {run: string, frame: number|null}) => void} [rest]   the clock came to rest at a frame inside the run
 */

/**
 * The parts of a stage.
 * @typedef {object} Stage
 * @property {Options} options
 * @property {Host} host
 * @property {import("./state.js").State} state
 * @property {Feed} feed
 * @property {import("./layers/layer.js").Layer[]} layers
 * @property {import("./gl/renderer.js").Renderer|null} renderer
 * @property {import("./ui/view.js").View} view
 * @property {import("./ui/cell.js").Cell[]} cells
 * @property {import("./ui/bar.js").Bar|null} bar
 * @property {import("./animation.js").Animation} animation
 * @property {import("./words.js").Translate} t
 */

/**
 * Show a run in `root` (an element or a shadow root).
 * @param {Node & {fullscreenElement?: Element|null}} root
 * @param {Host} host
 * @param {Options} options
 */
export function mount(root, host, options) {
  const calm = globalThis.matchMedia("(prefers-reduced-motion: reduce)");
  const layers = createLayers(), state = createState(switchesOf(layers)), view = createView(root);
  const stage = /** @type {Stage} */ (/** @type {Partial<Stage>} */ ({
    options, host, state, layers, view, cells: [], bar: null,
    renderer: createRenderer(view.canvas, layers, Boolean(options.debug)),
    t: (key, values) => translator(stage.options.texts)(key, values),
  }));
  const act = createActions(stage, root), panels = createPanels(stage, act);
  stage.animation = createAnimation(stage, panels);
  const { animation } = stage;
  let { run } = options;

  function open() {
    stage.feed?.close();
    ({ run } = stage.options);
    openRun(state, stage.options.axes !== "own");
    stage.feed = host.open(stage.options, listenerOf(stage, calm));
  }

  const hit = (/** @type {MouseEvent} */ event) => hitOf(view.element, animation.views, event);
  steerCameras(view.grid, hit, animation.wake);
  animation.pointer = watchPointer(view.grid, hit, {
    move: animation.wake,
    click({ view: panel, x, y }) {
      const picture = animation.picture();
      if (picture) selectSample(state, pick(layers, panel, picture, x, y));
      animation.redraw();
    },
  });
  const stopKeys = listenToKeys(view.stage, act);
  const lose = (/** @type {Event} */ event) => event.preventDefault();
  const restore = () => {
    stage.renderer?.forget();
    animation.redraw();
  };
  view.canvas.addEventListener("webglcontextlost", lose);
  view.canvas.addEventListener("webglcontextrestored", restore);
  const setMotion = () => {
    state.clock.smooth = !calm.matches;
    animation.wake();
  };
  calm.addEventListener("change", setMotion);
  setMotion();
  open();
  const withdraw = publish(stage, act);

  return {
    /** @param {Options} next */
    update(next) {
      stage.options = next;
      animation.redraw();
      // Python may not know yet that the stage went over to a fork: only a change of its mind counts
      if (next.run !== run) {
        run = next.run;
        if (run !== stage.feed.run) open();
      }
    },
    destroy() {
      animation.end();
      stage.feed.close();
      stopKeys();
      panels.end();
      calm.removeEventListener("change", setMotion);
      stage.renderer?.destroy();
      view.stage.remove();
      withdraw();
    },
  };
}

/**
 * What the stage does with what comes from the run.
 * @param {Stage} stage
 * @param {MediaQueryList} calm
 * @returns {FeedListener}
 */
function listenerOf(stage, calm) {
  const { state, animation } = stage;
  return {
    run() {
      const { frame, play } = stage.options;
      describeRun(state, stage.feed, Number.isInteger(frame) ? Number(frame) : null, Boolean(play) && !calm.matches);
      animation.assumeRest(Number.isInteger(frame) ? Number(frame) : null);
      animation.wake();
    },
    points: animation.wake,
    frames() {
      reachNewest(state.clock, stage.feed, performance.now());
      animation.wake();
    },
    newest(frame) {
      arrive(state.clock, frame.id, performance.now());
      animation.wake();
    },
    status: animation.wake,
    event({ kind }) {
      if (kind === "pause" || kind === "resume") state.paused = kind === "pause";
      animation.wake();
    },
    fork(fork) {
      stage.feed.fork(fork);
      forkAt(state.clock, fork.from);
      stage.host.fork?.(fork);
      animation.wake();
    },
    error(sentence) {
      state.problem = sentence;
      animation.wake();
    },
  };
}
