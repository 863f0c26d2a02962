// One picture after the other, as long as something moves.

import { drawLabels, pick } from "./layers/layers.js";
import { themeOf } from "./palette.js";
import { compose, isPlaying, restOf } from "./state.js";
import { advance, lastFrame, momentOf } from "./state/clock.js";
import { Quality } from "./state/quality.js";
import { createRest } from "./state/rest.js";
import { say, show } from "./ui/elements.js";
import { createHoverCard } from "./ui/hover_card.js";
import { pictureOf } from "./ui/view.js";

/** @typedef {import("./index.js").Stage} Stage */
/** @typedef {import("./layers/layer.js").Picture} Picture */
/** @typedef {import("./palette.js").Theme} Theme */
/** @typedef {import("./state/clock.js").Moment} Moment */
/** @typedef {import("./state/views.js").PanelView} PanelView */
/** @typedef {import("./state/views.js").Place} Place */

const STILL = 160; // ms without motion before the full resolution is drawn
const LOOK = 150; // ms between two looks for the sample under a pointer that rests
const MEMORY = 2000; // ms for which the times of pictures are held

/**
 * @typedef {object} Animation
 * @property {Moment|null} moment     what is shown
 * @property {PanelView[]} views
 * @property {number[]} times         when pictures were drawn
 * @property {Quality} quality
 * @property {boolean} still        nothing is to be drawn
 * @property {ReturnType<typeof import("./ui/selection.js").watchPointer>|null} pointer
 * @property {() => void} wake        draw soon if something has change
 * @property {() => void} redraw      draw soon
 * @property {() => Picture|null} picture   null while there is none
 * @property {() => string} snapshot  a PNG data URL
 * @property {(frame: number|null) => void} assumeRest   the page knows where the clock stands
 * @property {() => void} end
 */

/**
 * @param {Stage} stage
 * @param {import("./panels.js").Panels} panels
 * @returns {Animation}
 */
export function createAnimation(stage, panels) {
  const { state, view, layers, renderer } = stage;
  const quality = new Quality(), card = createHoverCard(view.element);
  const rest = createRest((frame) => stage.host.rest?.({ run: stage.feed.run, frame }));
  let request = 0, before = 0, change = 0, key = "", dirty = true, over = false, look = 0;
  /** Where the pointer was looked under. @type {string|null} */
  let pointer = null;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  /** @type {Theme|null} */
  let theme = null;

  /** @type {Animation} */
  const animation = {
    moment: null, views: [], times: [], quality, pointer: null, wake, picture,
    get still() { return !request && quality.full; },
    redraw() {
      theme = null;
      dirty = true;
      wake();
    },
    snapshot() {
      paint();
      return pictureOf(view, animation.views, stage.cells, themeNow());
    },
    assumeRest: rest.assume,
    end() {
      over = true;
      cancelAnimationFrame(request);
      clearTimeout(timer);
      rest.end();
    },
  };

  function wake() {
    if (!request && !over) request = requestAnimationFrame(tick);
  }

  /** @param {number} now */
  function tick(now) {
    request = 0;
    const passed = Math.min(250, now - before), dt = Math.min(0.1, passed / 1000);
    before = now;
    panels.build();
    let moving = advance(state.clock, stage.feed, now, dt);
    animation.moment = momentOf(state.clock, stage.feed);
    stage.feed.want(Math.floor(state.clock.position));
    if (panels.stale) resize();
    moving = composeViews(dt) || moving;
    draw(now, passed, dt, moving);
    lookUnderPointer(now, moving);
    report();
    if (moving) wake();
    else if (!quality.full) {
      clearTimeout(timer);
      timer = setTimeout(wake, STILL + 20);
    }
  }

  /**
   * Draw if the picture is another one, and in full resolution once it has stood still.
   * @param {number} now      ms
   * @param {number} passed   ms since the last tick
   * @param {number} dt       the same in seconds, limited
   * @param {boolean} moving
   */
  function draw(now, passed, dt, moving) {
    const next = animation.moment ? animation.views.map((panel) => panel.key).join("/") : "";
    const flowing = moving || now - change < STILL;
    if (dirty || next !== key) {
      if (flowing) quality.adapt(passed);
      refine(flowing, dt);
      key = next;
      change = now;
      dirty = false;
      paint();
      const { times } = animation;
      if (animation.moment) times.push(now);
      while (times[0] < now - MEMORY) times.shift();
    } else if (!quality.full && !flowing) {
      refine(false, dt);
      paint();
    }
  }

  /** @param {boolean} flowing @param {number} dt */
  function refine(flowing, dt) {
    if (!quality.choose(flowing)) return;
    resize();
    composeViews(dt);
  }

  function resize() {
    panels.resize(quality.canvas);
    dirty = true;
  }

  /** @param {number} dt */
  function composeViews(dt) {
    const { moment } = animation, { points, run } = stage.feed;
    if (!moment || !points) return false;
    const count = moment.a.panels.length;
    const places = stage.cells.flatMap(({ place }) => (place && place.panel < count ? [place] : []));
    const { views, moving } = compose(state, run, moment, places, points, dt);
    animation.views = views;
    return moving;
  }

  function themeNow() {
    theme ??= themeOf(view.stage);
    return theme;
  }

  /** @returns {Picture|null} */
  function picture() {
    const { points, meta } = stage.feed;
    if (!points || !animation.moment) return null;
    const { layers: switches, hover, selection } = state;
    return { points, classes: meta?.classes ?? [], theme: themeNow(), switches, scale: quality.regions, hover, selection };
  }

  function paint() {
    const { pen, overlay, element } = view, now = picture();
    themeNow();
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, overlay.width, overlay.height);
    if (!now || !renderer) return;
    renderer.draw(animation.views, now);
    const ratio = overlay.width / Math.max(1, element.clientWidth);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    drawLabels(layers, pen, animation.views, now);
  }

  /**
   * Mark the sample under the pointer in all panels and show its card. While the picture moves under a pointer that
   * rests, the sample is looked for a few times a second.
   * @param {number} now      ms
   * @param {boolean} moving
   */
  function lookUnderPointer(now, moving) {
    const place = animation.pointer?.place(animation.views) ?? null, current = picture();
    const spot = place && `${place.view.panel}/${place.x}/${place.y}`;
    let sample = null;
    if (place && current) {
      if (moving && spot === pointer && now - look < LOOK) sample = state.hover;
      else {
        sample = pick(layers, place.view, current, place.x, place.y);
        look = now;
      }
    }
    pointer = spot;
    if (sample !== state.hover) {
      state.hover = sample;
      dirty = true;
      wake();
    }
    card.refresh(place, picture(), stage.t);
  }

  /** Tell the page around the picture what is shown. */
  function report() {
    const { feed, cells, bar, t } = stage, { clock } = state, near = animation.moment?.near;
    if (near && state.ready) rest.update(restOf(state, feed));
    for (const cell of cells) {
      const panel = near?.panels[cell.entry.panel];
      const stop = feed.events.findLast(({ kind, body }) => kind === "diverged" && body.panel === cell.entry.panel);
      if (panel) cell.show(panel, stop?.body.reason);
    }
    const last = lastFrame(feed), lost = !feed.connected && feed.meta ? t("reconnecting") : "";
    bar?.refresh({
      playing: isPlaying(state, feed), follow: clock.follow, live: feed.live, loop: clock.loop,
      paused: state.paused, commonAxes: state.commonAxes, commonKnobs: state.commonKnobs, panels: cells.length, layers: state.layers,
      learningRate: near?.panels[0]?.learning_rate, events: feed.events, last, frame: Math.round(Math.min(clock.position, last)),
      step: near?.step ?? 0, words: near ? state.problem || lost : "",
    });
    say(view.message, renderer ? (near && feed.points ? "" : state.problem || t("loading")) : t("no_webgl"));
    show(view.message, view.message.textContent !== "");
  }

  return animation;
}
