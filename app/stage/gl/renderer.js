// One WebGL2 context draws all panels. It redraws only what it is told to, and computes regions only when they change.

import { headTexels } from "../data/interpolate.js";
import { classColour } from "../palette.js";
import { createStrokes, drawClasses, drawShapes, drawSpace } from "../layers/shapes.js";
import { COMPOSE, DOT, LINES, POINTS, QUAD, REGIONS, STROKE } from "./shaders.js";

const CLASSES = 64, ROWS = 4;

/** Make the renderer of a canvas; null where the browser has no WebGL2. `debug` keeps the picture for read-back. */
export function createRenderer(canvas, debug = false) {
  const gl = canvas.getContext("webgl2", { antialias: false, alpha: false, preserveDrawingBuffer: debug, powerPreference: "high-performance" });
  if (!gl) return null;
  let made = null;

  function program(vertex, fragment, attributes = []) {
    const handle = gl.createProgram();
    for (const [type, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
      const shader = gl.createShader(type);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS) && !gl.isContextLost()) throw new Error(gl.getShaderInfoLog(shader));
      gl.attachShader(handle, shader);
    }
    attributes.forEach((name, place) => gl.bindAttribLocation(handle, place, name));
    gl.linkProgram(handle);
    if (!gl.getProgramParameter(handle, gl.LINK_STATUS) && !gl.isContextLost()) throw new Error(gl.getProgramInfoLog(handle));
    const at = {};
    const total = gl.getProgramParameter(handle, gl.ACTIVE_UNIFORMS) ?? 0;
    for (let i = 0; i < total; i++) {
      const { name } = gl.getActiveUniform(handle, i);
      at[name] = gl.getUniformLocation(handle, name);
    }
    return { handle, at };
  }

  function texture(unit, internal, width, height, format, type, data) {
    const handle = gl.createTexture();
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, handle);
    for (const [name, value] of [[gl.TEXTURE_MIN_FILTER, gl.NEAREST], [gl.TEXTURE_MAG_FILTER, gl.NEAREST],
      [gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE], [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE]]) gl.texParameteri(gl.TEXTURE_2D, name, value);
    gl.texImage2D(gl.TEXTURE_2D, 0, internal, width, height, 0, format, type, data);
    return handle;
  }

  function make() {
    const colours = new Uint8Array(256 * 4);
    for (let c = 0; c < 256; c++) colours.set([...classColour(c), 255], c * 4);
    texture(0, gl.RGBA32F, CLASSES * 2, ROWS, gl.RGBA, gl.FLOAT, null);
    texture(1, gl.RGBA8, 256, 1, gl.RGBA, gl.UNSIGNED_BYTE, colours);
    const lineBuffer = gl.createBuffer(), lineArray = gl.createVertexArray();
    gl.bindVertexArray(lineArray);
    gl.bindBuffer(gl.ARRAY_BUFFER, lineBuffer);
    [[3, 0], [3, 12], [4, 24], [3, 40]].forEach(([size, offset], place) => {
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, size, gl.FLOAT, false, 52, offset);
      gl.vertexAttribDivisor(place, 1);
    });
    gl.bindVertexArray(null);
    return {
      regions: program(QUAD, REGIONS), compose: program(QUAD, COMPOSE),
      points: program(POINTS, DOT, ["a", "b", "sample_"]), lines: program(LINES, STROKE, ["from", "to", "tint", "style"]),
      lineBuffer, lineArray, frameBuffer: gl.createFramebuffer(), target: null, width: 0, height: 0,
      panels: Array.from({ length: ROWS }, () => ({ array: gl.createVertexArray(), slots: [], keys: "", texels: new Float32Array(CLASSES * 8) })),
      samples: null, samplesOf: null,
    };
  }

  const strokes = createStrokes();

  function room(width, height) {
    if (made.target && made.width === width && made.height === height) return false;
    if (made.target) gl.deleteTexture(made.target);
    made.target = texture(2, gl.RGBA8, width, height, gl.RGBA, gl.UNSIGNED_BYTE, null);
    gl.bindFramebuffer(gl.FRAMEBUFFER, made.frameBuffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, made.target, 0);
    Object.assign(made, { width, height });
    return true;
  }

  function setHead({ at }, scene, row) {
    gl.uniform1i(at.heads, 0);
    gl.uniform1i(at.row, row);
    gl.uniform1i(at.kind, scene.kind);
    gl.uniform1i(at.classes, Math.min(CLASSES, scene.classes));
    for (const name of ["factor", "blend", "angle", "cosine", "score", "stretch"]) if (at[name]) gl.uniform1f(at[name], scene[name]);
  }

  /** The buffer with the embeddings of a panel at a frame: uploaded once, then reused as the other end. */
  function slot(store, panel, other) {
    let found = store.slots.find((entry) => entry.panel === panel);
    if (found) return found;
    found = store.slots.find((entry) => entry.panel !== other && store.slots.length > 2);
    if (!found) { found = { buffer: gl.createBuffer() }; store.slots.push(found); }
    gl.bindBuffer(gl.ARRAY_BUFFER, found.buffer);
    gl.bufferData(gl.ARRAY_BUFFER, panel.embeddings, gl.DYNAMIC_DRAW);
    found.panel = panel;
    return found;
  }

  function drawRegions(panels, scale) {
    const { at, handle } = made.regions;
    const fresh = room(Math.max(1, Math.ceil(canvas.width * scale)), Math.max(1, Math.ceil(canvas.height * scale)));
    gl.useProgram(handle);
    gl.disable(gl.BLEND);
    panels.forEach(({ scene, camera, rect, box, key }, row) => {
      const full = `${key}/${scale}`;
      const store = made.panels[row];
      if (scene.dim !== 2 || (!fresh && store.keys === full)) return;
      store.keys = full;
      gl.bindFramebuffer(gl.FRAMEBUFFER, made.frameBuffer);
      const x0 = Math.floor(box.x * scale), y0 = Math.floor(box.y * scale);
      gl.viewport(x0, y0, Math.ceil((box.x + box.width) * scale) - x0, Math.ceil((box.y + box.height) * scale) - y0);
      setHead(made.regions, scene, row);
      gl.uniform4f(at.window, box.x * scale, box.y * scale, camera.unitsPerPixel(rect) / (box.ratio * scale), 0);
      gl.uniform2fv(at.corner, camera.toWorld(0, rect.height, rect));
      gl.drawArrays(gl.TRIANGLES, 0, 3);
    });
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  }

  function compose({ scene, camera, rect, box, grid }, theme, show, scale) {
    const { at, handle } = made.compose;
    const flat = scene.dim === 2;
    gl.useProgram(handle);
    gl.disable(gl.BLEND);
    gl.uniform1i(at.regions, 2);
    gl.uniform1i(at.palette, 1);
    gl.uniform4f(at.window, box.x, box.y, camera.unitsPerPixel(rect) / box.ratio, box.ratio);
    gl.uniform2fv(at.corner, camera.toWorld(0, rect.height, rect));
    gl.uniform1f(at.scale, scale);
    gl.uniform3fv(at.paper, theme.paper.map((v) => v / 255));
    gl.uniform3fv(at.ink, theme.ink.map((v) => v / 255));
    gl.uniform1f(at.step_, grid);
    gl.uniform1f(at.strength, theme.dark ? 0.34 : 0.26);
    gl.uniform4i(at.show, flat && show.regions, flat && show.band, flat, flat && scene.kind === 1);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  function drawPoints({ scene, lens, box, size }, row, points, theme, show) {
    const store = made.panels[row], { at, handle } = made.points, { p, q, dim } = scene;
    const first = slot(store, p, q), last = slot(store, q, p);
    if (made.samplesOf !== points) {
      const pairs = new Uint8Array(points.labels.length * 2);
      for (let i = 0; i < points.labels.length; i++) { pairs[2 * i] = points.labels[i]; pairs[2 * i + 1] = points.split[i]; }
      made.samples ??= gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, made.samples);
      gl.bufferData(gl.ARRAY_BUFFER, pairs, gl.STATIC_DRAW);
      made.samplesOf = points;
    }
    gl.useProgram(handle);
    gl.bindVertexArray(store.array);
    [[first.buffer, dim, gl.UNSIGNED_SHORT], [last.buffer, dim, gl.UNSIGNED_SHORT], [made.samples, 2, gl.UNSIGNED_BYTE]].forEach(([buffer, wide, type], place) => {
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, wide, type, false, 0, 0);
    });
    setHead(made.points, scene, row);
    const quantum = (n) => (dim === 3 ? n : [n[0], n[1], 0, n[2]]);
    gl.uniform4fv(at.quantumA, quantum(p.quantum));
    gl.uniform4fv(at.quantumB, quantum(q.quantum));
    gl.uniform1f(at.share, scene.share);
    gl.uniform1f(at.size, size * box.ratio);
    gl.uniform1f(at.ratio, box.ratio);
    gl.uniform1f(at.focus, lens.distance);
    gl.uniformMatrix4fv(at.view, false, lens.view);
    gl.uniform1i(at.palette, 1);
    gl.uniform1i(at.solid, dim === 3);
    gl.uniform3fv(at.paper, theme.paper.map((v) => v / 255));
    gl.uniform3fv(at.ink, theme.ink.map((v) => v / 255));
    const count = Math.min(points.labels.length, p.embeddings.length / dim, q.embeddings.length / dim);
    // in the plane the misclassified are drawn after the others, so that nothing hides them
    for (const part of dim === 3 ? [2] : [0, 1]) {
      gl.uniform3i(at.show, show.train, show.test, part);
      gl.drawArrays(gl.POINTS, 0, count);
    }
    gl.bindVertexArray(null);
  }

  function stroke({ lens, box, camera, rect }) {
    if (!strokes.count) return;
    const { at, handle } = made.lines;
    gl.useProgram(handle);
    gl.bindVertexArray(made.lineArray);
    gl.bindBuffer(gl.ARRAY_BUFFER, made.lineBuffer);
    gl.bufferData(gl.ARRAY_BUFFER, strokes.data, gl.DYNAMIC_DRAW);
    gl.uniformMatrix4fv(at.view, false, lens.view);
    gl.uniform2f(at.half_, box.width / 2, box.height / 2);
    gl.uniform1f(at.ratio, box.ratio);
    gl.uniform1f(at.perUnit, box.ratio / camera.unitsPerPixel(rect));
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, strokes.count);
    gl.bindVertexArray(null);
    strokes.clear();
  }

  /** Draw the panels `{scene, camera, lens, rect, box, key, grid, size}`; `scale` is the resolution of the regions. */
  function draw(panels, points, theme, show, scale) {
    if (gl.isContextLost()) return;
    made ??= make();
    gl.enable(gl.SCISSOR_TEST);
    gl.activeTexture(gl.TEXTURE0);
    panels.forEach(({ scene }, row) => {
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, row, CLASSES * 2, 1, gl.RGBA, gl.FLOAT, headTexels(scene, made.panels[row].texels));
    });
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.SCISSOR_TEST);
    if (show.regions || show.band) drawRegions(panels, scale);
    else room(1, 1);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(theme.paper[0] / 255, theme.paper[1] / 255, theme.paper[2] / 255, 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.enable(gl.SCISSOR_TEST);
    gl.blendFuncSeparate(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA, gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    panels.forEach((panel, row) => {
      const { scene, camera, lens, rect, box } = panel;
      const deep = scene.dim === 3, reach = camera.radius * (deep ? 1.2 : 4) + 2 * Math.hypot(...camera.center);
      const unit = camera.unitsPerPixel(rect);
      gl.viewport(box.x, box.y, box.width, box.height);
      gl.scissor(box.x, box.y, box.width, box.height);
      compose(panel, theme, show, scale);
      gl.enable(gl.BLEND);
      if (deep) { gl.enable(gl.DEPTH_TEST); gl.depthFunc(gl.LEQUAL); }
      if (show.points && points) drawPoints(panel, row, points, theme, show);
      if (deep) { gl.depthMask(false); drawSpace(strokes, scene, theme, reach); }
      if (show.shapes) drawShapes(strokes, scene, theme, reach);
      stroke(panel);
      gl.disable(gl.DEPTH_TEST);
      gl.depthMask(true);
      if (show.classes) drawClasses(strokes, scene, theme, lens, () => unit);
      stroke(panel);
    });
    gl.disable(gl.SCISSOR_TEST);
  }

  return {
    gl, draw,
    texels: (row) => made?.panels[row].texels,
    forget() { made = null; },
    /** For tests: winner, runner-up, edge share and band of each pixel of the region texture. */
    readRegions() {
      const pixels = new Uint8Array(made.width * made.height * 4);
      gl.bindFramebuffer(gl.FRAMEBUFFER, made.frameBuffer);
      gl.readPixels(0, 0, made.width, made.height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
      gl.bindFramebuffer(gl.FRAMEBUFFER, null);
      return { width: made.width, height: made.height, pixels };
    },
    destroy() { gl.getExtension("WEBGL_lose_context")?.loseContext(); },
  };
}
