// The ground of a panel: in the plane, decision regions and the hatched margin band with grid, axes and unit circle.

import { UNITS } from "../gl/context.js";
import { createProgram, createTexture } from "../gl/programs.js";
import { QUAD } from "../gl/shaders/head.js";
import { GROUND, REGIONS } from "../gl/shaders/regions.js";
import { HEADS, MAX_PANELS } from "../shared.js";

/** @typedef {import("../gl/context.js").Graphics} Graphics */
/** @typedef {import("../gl/programs.js").Program} Program */
/** @typedef {import("../state/views.js").PanelView} PanelView */
/** @typedef {import("./layer.js").Layer} Layer */

/** The texture that the regions of all panels are computed into. @typedef {{texture: WebGLTexture, width: number, height: number}} Target */

/** How strongly the regions are coloured on a dark and on a light page. */
const STRENGTH = { dark: 0.34, light: 0.26 };

/** @returns {Layer & {read: () => {width: number, height: number, pixels: Uint8Array}}} */
export function createRegions() {
  /** @type {Graphics} */
  let graphics;
  /** @type {Program} */
  let regions;
  /** @type {Program} */
  let ground;
  /** @type {WebGLFramebuffer} */
  let frameBuffer;
  /** @type {Target|null} */
  let target = null;
  /** What was computed for each panel. @type {string[]} */
  let keys = [];

  /** @param {number} width @param {number} height */
  function resize(width, height) {
    const { gl } = graphics;
    if (target && target.width === width && target.height === height) return;
    if (target) gl.deleteTexture(target.texture);
    const texture = createTexture(gl, UNITS.regions, { internal: gl.RGBA8, width, height, format: gl.RGBA, type: gl.UNSIGNED_BYTE });
    gl.bindFramebuffer(gl.FRAMEBUFFER, frameBuffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
    target = { texture, width, height };
    keys = Array(MAX_PANELS).fill("");
  }

  /** @param {PanelView} view @param {number} scale */
  function compute({ row, scene, camera, rect, box, unit, key }, scale) {
    const { gl } = graphics;
    if (scene.dim !== 2 || keys[row] === `${key}/${scale}`) return;
    keys[row] = `${key}/${scale}`;
    const x = Math.floor(box.x * scale), y = Math.floor(box.y * scale);
    gl.viewport(x, y, Math.ceil((box.x + box.width) * scale) - x, Math.ceil((box.y + box.height) * scale) - y);
    graphics.setHead(regions, /** @type {PanelView} */ ({ row, scene }));
    gl.uniform4f(regions.at.window, box.x * scale, box.y * scale, unit / (box.ratio * scale), 0);
    gl.uniform2fv(regions.at.corner, camera.toWorld(0, rect.height, rect));
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  return {
    name: "regions", switches: { regions: true, band: true }, blend: false,

    init(shared) {
      graphics = shared;
      regions = createProgram(graphics.gl, QUAD, REGIONS);
      ground = createProgram(graphics.gl, QUAD, GROUND);
      frameBuffer = graphics.gl.createFramebuffer();
      target = null;
    },

    update(views, { switches, scale }) {
      const { gl } = graphics, { canvas } = gl;
      if (!switches.regions && !switches.band) return resize(1, 1);
      resize(Math.max(1, Math.ceil(canvas.width * scale)), Math.max(1, Math.ceil(canvas.height * scale)));
      gl.useProgram(regions.handle);
      gl.disable(gl.BLEND);
      gl.bindFramebuffer(gl.FRAMEBUFFER, frameBuffer);
      for (const view of views) compute(view, scale);
    },

    draw({ scene, camera, rect, box, unit, grid }, { theme, switches, scale }) {
      const { gl } = graphics, { at, handle } = ground, plane = scene.dim === 2;
      gl.useProgram(handle);
      gl.uniform1i(at.regions, UNITS.regions);
      gl.uniform1i(at.palette, UNITS.palette);
      gl.uniform4f(at.window, box.x, box.y, unit / box.ratio, box.ratio);
      gl.uniform2fv(at.corner, camera.toWorld(0, rect.height, rect));
      gl.uniform1f(at.scale, scale);
      gl.uniform3fv(at.paper, theme.paper.map((v) => v / 255));
      gl.uniform3fv(at.ink, theme.ink.map((v) => v / 255));
      gl.uniform1f(at.step_, grid);
      gl.uniform1f(at.strength, theme.dark ? STRENGTH.dark : STRENGTH.light);
      gl.uniform4i(at.show, Number(plane && switches.regions), Number(plane && switches.band), Number(plane), Number(plane && scene.kind === HEADS.cosine));
      gl.drawArrays(gl.TRIANGLES, 0, 3);
    },

    /** For tests: winner, runner-up, edge share and band of each pixel of the texture. */
    read() {
      const { gl } = graphics, { width, height } = target ?? { width: 0, height: 0 };
      const pixels = new Uint8Array(width * height * 4);
      gl.bindFramebuffer(gl.FRAMEBUFFER, frameBuffer);
      gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
      gl.bindFramebuffer(gl.FRAMEBUFFER, null);
      return { width, height, pixels };
    },
  };
}
