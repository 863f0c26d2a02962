// One WebGL2 context draws all panels, layer by layer. It draws only when it is asked to.

import { createGraphics, openContext } from "./context.js";

/** @typedef {import("../layers/layer.js").Layer} Layer */
/** @typedef {import("../layers/layer.js").Picture} Picture */
/** @typedef {import("../state/views.js").PanelView} PanelView */

/**
 * @typedef {object} Renderer
 * @property {WebGL2RenderingContext} gl
 * @property {(views: PanelView[], picture: Picture) => void} draw
 * @property {() => void} forget    the context was lost: everything is made anew
 * @property {() => void} destroy
 */

/**
 * Make the renderer of a canvas; null where the browser has no WebGL2. `debug` keeps the picture for read-back.
 * @param {HTMLCanvasElement} canvas
 * @param {Layer[]} layers   in the order in which they are drawn
 * @param {boolean} debug
 * @returns {Renderer|null}
 */
export function createRenderer(canvas, layers, debug) {
  const gl = openContext(canvas, debug);
  if (!gl) return null;
  /** @type {import("./context.js").Graphics|null} */
  let graphics = null;

  /** @param {Layer} layer @param {boolean} space */
  function setDepth({ depth = "none", blend = true }, space) {
    if (space && depth !== "none") gl?.enable(gl.DEPTH_TEST);
    else gl?.disable(gl.DEPTH_TEST);
    gl?.depthMask(depth === "write");
    if (blend) gl?.enable(gl.BLEND);
    else gl?.disable(gl.BLEND);
  }

  return {
    gl,
    draw(views, picture) {
      if (gl.isContextLost()) return;
      if (!graphics) {
        graphics = createGraphics(gl);
        for (const layer of layers) layer.init?.(graphics);
      }
      graphics.uploadHeads(views);
      gl.disable(gl.DEPTH_TEST);
      gl.disable(gl.SCISSOR_TEST);
      for (const layer of layers) layer.update?.(views, picture);
      gl.bindFramebuffer(gl.FRAMEBUFFER, null);
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.depthMask(true);
      gl.clearColor(picture.theme.paper[0] / 255, picture.theme.paper[1] / 255, picture.theme.paper[2] / 255, 1);
      gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
      gl.enable(gl.SCISSOR_TEST);
      gl.depthFunc(gl.LEQUAL);
      gl.blendFuncSeparate(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA, gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
      for (const view of views) {
        const { box, scene } = view;
        gl.viewport(box.x, box.y, box.width, box.height);
        gl.scissor(box.x, box.y, box.width, box.height);
        for (const layer of layers) {
          if (!layer.draw) continue;
          setDepth(layer, scene.dim === 3);
          layer.draw(view, picture);
        }
      }
      gl.disable(gl.SCISSOR_TEST);
      gl.disable(gl.DEPTH_TEST);
      gl.depthMask(true);
    },
    forget() { graphics = null; },
    destroy() { gl.getExtension("WEBGL_lose_context")?.loseContext(); },
  };
}
