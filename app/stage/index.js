// The stage: one canvas with all panels of a run, its clock and its controls.

import { createBar } from "./ui/bar.js";
import { createCamera, steer } from "./state/camera.js";
import { make, say } from "./ui/elements.js";
import { openFeed } from "./data/feed.js";
import { keysOf } from "./ui/keyboard.js";
import { arrange, createCell, measure } from "./ui/layout.js";
import { createHover } from "./ui/hover_card.js";
import { drawOverlay, gridStep } from "./ui/overlay.js";
import { themeOf } from "./palette.js";
import { pictureOf, publish } from "./ui/api.js";
import { createPlayer } from "./state/clock.js";
import { createQuality } from "./state/quality.js";
import { createRenderer } from "./gl/renderer.js";
import { createResting } from "./state/rest.js";
import { fitOf, panelScene } from "./data/interpolate.js";

const SETTLED = 160; // ms of rest before the full resolution is drawn

/**
 * Show a run in `root` (an element or a shadow root).
 * `data`: `{run, owner, language, texts, panels, base?, height?, debug?, play?, frame?, axes?}`; `callbacks`:
 * `edited(edit)`, `forked(fork)`, `rested({run, frame})`, all optional, and `openFeed` to read a recording from elsewhere. Returns `{update(data), destroy()}`.
 */
export function mount(root, data, callbacks = {}) {
  const t = (key, values = {}) => Object.entries(values).reduce((text, [name, value]) => text.replaceAll(`{${name}}`, value), data.texts?.[key] ?? key);
  const calm = globalThis.matchMedia("(prefers-reduced-motion: reduce)");
  const canvas = make("canvas", { class: "lg-canvas", "aria-hidden": "true" }), over = make("canvas", { class: "lg-over", "aria-hidden": "true" });
  const grid = make("div", { class: "lg-grid" });
  const message = make("div", { class: "lg-message", role: "status" });
  const view = make("div", { class: "lg-view", tabindex: 0 }, canvas, grid, over, message);
  const stage = make("div", { class: "lg-stage" }, view);
  root.append(stage);

  let renderer = createRenderer(canvas, Boolean(data.debug));
  const context = over.getContext("2d");
  const show = { regions: true, band: true, shapes: true, train: true, test: true, classes: true, points: true };
  let feed = { frames: [], count: 0, events: [], live: false, run: data.run }, given = null, shape = "", cells = [], bar = null;
  const player = createPlayer(() => feed);
  player.smooth = !calm.matches;
  const quality = createQuality(), resting = createResting((frame) => callbacks.rested?.({ run: feed.run, frame }));
  let cameras = [], locked = true, linked = false, halted = false, theme = null, trouble = "";
  let asked = 0, before = 0, rest = 0, dirty = true, resized = true, changed = 0, drawnAt = [], shown = null, panels = [];
  let begun = false;

  // ---- what comes from the run
  const hear = {
    run: () => { trouble = ""; halted = false; begin(); wake(); },
    points: () => wake(),
    frames: () => { if (player.follow && feed.frames[player.last]) player.reach(performance.now()); wake(); },
    newest: (frame) => { player.arrive(frame.id, performance.now()); wake(); },
    status: () => wake(),
    event: (event) => {
      if (event.kind === "pause" || event.kind === "resume") halted = event.kind === "pause";
      wake();
    },
    forked: (fork) => {
      feed.fork(fork);
      player.fork(fork.from);
      callbacks.forked?.(fork);
      wake();
    },
    error: (sentence) => { trouble = sentence; wake(); },
  };
  /** A run that was just opened starts where the page asks: at a frame, or a recording at its beginning. */
  function begin() {
    if (begun) return;
    begun = true;
    const asks = Number.isInteger(data.frame);
    resting.take(asks ? data.frame : null);
    if (asks) player.seek(data.frame);
    else if (data.play && !feed.live && !calm.matches) player.play();
  }
  function open() {
    feed.close?.();
    given = data.run;
    begun = false;
    locked = data.axes !== "own";
    player.restart();
    feed = { frames: [], count: 0, events: [] };
    feed = (callbacks.openFeed ?? openFeed)({ base: data.base ?? "", run: data.run, owner: data.owner, language: data.language }, hear);
  }

  // ---- what the user does
  function edit(change, final) {
    const panel = linked ? null : change.panel;
    if (panel === null) for (const cell of cells) cell.knobs.controls.get(change.knob)?.hold(change.value);
    const frame = shown?.near.id ?? 0;
    if (!final) feed.send?.({ type: "edit", ...change, panel, frame });
    else callbacks.edited?.({ ...change, panel, frame, run: feed.run });
  }
  const act = {
    play() {
      if (isPlaying()) player.pause();
      else if (feed.live && player.position >= player.last) player.followLive(performance.now());
      else player.play();
      wake();
    },
    step() {
      if (feed.live) { feed.send({ type: "step" }); halted = true; player.followLive(performance.now()); } else move(1);
      wake();
    },
    seek(frame) { player.seek(frame); wake(); },
    speed(value) { player.speed = value; },
    follow() { if (player.follow) player.pause(); else player.followLive(performance.now()); wake(); },
    loop() { player.loop = !player.loop; wake(); },
    train() { halted = !halted; feed.send({ type: halted ? "pause" : "resume" }); if (!halted) player.followLive(performance.now()); wake(); },
    pace(rate) { feed.send({ type: "pace", frames_per_second: rate, steps_per_frame: feed.meta?.experiment?.steps_per_frame ?? 1 }); },
    layer(name) { const key = { train_points: "train", test_points: "test" }[name] ?? name; show[key] = !show[key]; dirty = true; wake(); },
    locked() {
      locked = !locked;
      if (!locked) for (const camera of cameras.slice(1)) camera.copy(cameras[0]);
      else cameras[0]?.reset();
      wake();
    },
    linked() { linked = !linked; wake(); },
    picture() { make("a", { href: snapshot(), download: `${feed.run}-${shown?.near.step ?? 0}.png` }).click(); },
    fullscreen() {
      const opened = document.fullscreenElement ?? root.fullscreenElement;
      if (opened) document.exitFullscreen();
      else stage.requestFullscreen?.();
    },
  };
  const move = (by) => { player.seek((shown ? Math.round(player.position) : 0) + by); wake(); };
  const isPlaying = () => player.playing || Boolean(player.follow && feed.live && !halted);
  const keys = keysOf(stage, { play: act.play, move, home: () => act.seek(0), end: () => act.seek(player.last), fullscreen: act.fullscreen });
  const hit = (event) => {
    const x = event.clientX - view.getBoundingClientRect().left, y = event.clientY - view.getBoundingClientRect().top;
    const panel = panels.find(({ rect }) => x >= rect.left && y >= rect.top && x < rect.left + rect.width && y < rect.top + rect.height);
    return panel && event.target.closest(".lg-plot") ? { ...panel, x: x - panel.rect.left, y: y - panel.rect.top } : null;
  };
  steer(grid, hit, () => wake());
  const hover = createHover(view, grid, hit, () => ({ panels, points: feed.points, show, names: feed.meta?.classes ?? [], renderer, t }),
    () => { dirty = true; wake(); }, wake);

  // ---- the page around the canvas
  function build() {
    const entries = data.panels?.length ? data.panels : (feed.meta?.experiment?.panels ?? []).map((panel, k) => ({ panel: k, title: panel.loss, slug: panel.loss }));
    const next = JSON.stringify([entries.map((entry) => ({ ...entry, knobs: entry.knobs?.map(({ value, ...knob }) => knob) })), data.texts, data.height]);
    if (next === shape || cells.some((cell) => cell.knobs.busy())) return;
    shape = next;
    view.setAttribute("aria-label", t("stage"));
    cells = entries.slice(0, 4).map((entry) => createCell(entry, edit, t));
    grid.replaceChildren(...cells.map((cell) => cell.element));
    bar?.element.remove();
    bar = createBar(t, act, edit);
    stage.append(bar.element);
    // after a click with the mouse the keys belong to the stage again; who tabs to a button keeps it
    bar.element.addEventListener("click", (event) => { if (event.detail > 0 && event.target.closest("button")) view.focus({ preventScroll: true }); });
    stage.style.setProperty("--lg-height", data.height ? `${data.height}px` : "");
    watcher.disconnect();
    for (const element of [view, ...cells.map((cell) => cell.plot)]) watcher.observe(element);
    resized = true;
  }
  const watcher = new ResizeObserver(() => { resized = true; wake(); });
  function resize() {
    const ratio = Math.min(2, globalThis.devicePixelRatio || 1), box = view.getBoundingClientRect();
    const { columns, height: tall } = arrange(cells.map((cell) => cell.entry), box.width, box.height);
    grid.style.setProperty("--lg-columns", columns);
    view.style.minHeight = tall ? `${tall}px` : "";
    const size = (share) => ({ width: Math.max(1, Math.round(view.clientWidth * share)), height: Math.max(1, Math.round(view.clientHeight * share)) });
    for (const [target, share] of [[canvas, ratio * quality.canvas], [over, ratio]]) {
      const wanted = size(share);
      if (target.width !== wanted.width || target.height !== wanted.height) Object.assign(target, wanted);
    }
    for (const cell of cells) Object.assign(cell, measure(cell.plot, view, canvas, ratio * quality.canvas));
    dirty = true;
    resized = false;
  }

  // ---- one picture
  function wake() { if (!asked && !gone) asked = requestAnimationFrame(tick); }
  let gone = false, last = "";
  function tick(now) {
    asked = 0;
    const passed = Math.min(250, now - before), dt = Math.min(0.1, passed / 1000);
    before = now;
    if (!cells.length || data !== built) { build(); built = data; }
    let moving = player.advance(now, dt);
    shown = player.shown();
    feed.want?.(Math.floor(player.position));
    if (resized) resize();
    if (shown && feed.points) moving = compose(dt) || moving;
    const key = shown && `${feed.run}/${shown.a.id}/${shown.b.id}/${shown.mix}/${panels.map((panel) => panel.key).join("/")}`;
    const flowing = moving || now - changed < SETTLED;
    if (dirty || key !== last) {
      if (flowing) quality.adapt(passed);
      refine(flowing, dt);
      [last, changed, dirty] = [key, now, false];
      paint();
      if (shown) drawnAt.push(now);
      while (drawnAt[0] < now - 2000) drawnAt.shift();
    } else if (!quality.full && !flowing) {
      refine(false, dt);
      paint();
    }
    hover.look();
    tell();
    if (moving) wake();
    else if (!quality.full) { clearTimeout(rest); rest = setTimeout(wake, SETTLED + 20); }
  }
  let built = null;

  function refine(flowing, dt) {
    if (!quality.use(flowing)) return;
    resize();
    if (shown && feed.points) compose(dt);
  }

  function compose(dt) {
    const count = shown.a.panels.length;
    const visible = cells.filter((cell) => cell.rect && cell.entry.panel < count);
    const scenes = visible.map((cell) => panelScene(shown.a, shown.b, shown.mix, cell.entry.panel, feed.points));
    const dim = scenes[0]?.dim ?? 2;
    if (cameras.length !== visible.length || cameras[0]?.dim !== dim) cameras = visible.map(() => createCamera(dim));
    const snap = !player.smooth;
    let moving = false;
    if (locked) moving = cameras[0]?.follow(fitOf(scenes), dt, snap) ?? false;
    else scenes.forEach((scene, k) => { moving = cameras[k].follow(fitOf([scene]), dt, snap) || moving; });
    panels = visible.map((cell, k) => {
      const camera = cameras[locked ? 0 : k], { rect, box } = cell, wide = Math.min(rect.width, rect.height);
      const size = Math.max(4, Math.min(7, (wide / 90) * Math.sqrt(2000 / Math.max(500, feed.points.labels.length))));
      return { cell, scene: scenes[k], camera, rect, box, size, lens: camera.matrix(rect), grid: gridStep(camera.unitsPerPixel(rect)),
        key: `${feed.run}:${shown.a.id}:${shown.b.id}:${shown.mix}:${camera.key(rect)}` };
    });
    return moving;
  }

  function paint() {
    theme ??= themeOf(stage);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, over.width, over.height);
    if (!shown || !feed.points || !renderer) return;
    renderer.draw(panels, feed.points, theme, show, quality.regions);
    const ratio = over.width / Math.max(1, view.clientWidth);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    drawOverlay(context, panels, feed.meta?.classes ?? [], theme, hover.marked);
  }

  function tell() {
    const near = shown?.near;
    if (near && begun) resting.look(isPlaying() || player.follow || player.position >= player.last ? null : Math.round(player.position));
    if (near) {
      for (const cell of cells) {
        const panel = near.panels[cell.entry.panel], stop = feed.events.findLast(({ kind, body }) => kind === "diverged" && body.panel === cell.entry.panel);
        if (panel) cell.show(panel, stop?.body.reason);
      }
    }
    const lost = feed.connected === false && feed.meta ? t("reconnecting") : "";
    bar?.refresh({ playing: isPlaying(), follow: player.follow, live: feed.live, halted, loop: player.loop, locked, linked, many: cells.length > 1,
      learningRate: near?.panels[0]?.learning_rate, layers: { ...show, train_points: show.train, test_points: show.test }, events: feed.events, last: player.last,
      frame: Math.round(Math.min(player.position, player.last)), step: near?.step ?? 0, status: near ? trouble || lost : "" });
    say(message, renderer ? (near && feed.points ? "" : trouble || t("loading")) : t("no_webgl"));
    message.hidden = !message.textContent;
  }

  const snapshot = () => { paint(); return pictureOf(canvas, over, view, panels, theme); };

  const lose = (event) => { event.preventDefault(); };
  const restore = () => { renderer.forget(); dirty = true; last = ""; wake(); };
  canvas.addEventListener("webglcontextlost", lose);
  canvas.addEventListener("webglcontextrestored", restore);
  const calmed = () => { player.smooth = !calm.matches; wake(); };
  calm.addEventListener("change", calmed);

  const told = publish({
    feed: () => feed, shown: () => shown, cells: () => cells, playing: isPlaying, drawnAt: () => drawnAt,
    stage: { snapshot, seek: act.seek, refresh: () => { dirty = true; wake(); }, get loaded() { return Object.keys(feed.frames).length; },
      get settled() { return !asked && quality.full; }, get level() { return quality.level; }, get views() { return panels; },
      get points() { return feed.points; }, get renderer() { return renderer; } },
  });
  open();
  wake();

  return {
    update(next) {
      data = next;
      theme = null;
      dirty = true;
      // Python may not know yet that the stage went over to a fork: only a change of its mind counts
      if (data.run !== given) { given = data.run; if (data.run !== feed.run) open(); }
      wake();
    },
    destroy() {
      gone = true;
      cancelAnimationFrame(asked);
      clearTimeout(rest);
      resting.end();
      feed.close?.();
      keys();
      watcher.disconnect();
      calm.removeEventListener("change", calmed);
      renderer?.destroy();
      stage.remove();
      if (globalThis.lossGeometry === told) delete globalThis.lossGeometry;
    },
  };
}
