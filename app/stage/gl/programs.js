// Small makers of WebGL objects.

/** A linked program and the places of its uniforms. @typedef {{handle: WebGLProgram, at: Record<string, WebGLUniformLocation|null>}} Program */

/**
 * Compile and link a program; the attributes get their places in the order given.
 * @param {WebGL2RenderingContext} gl
 * @param {string} vertex
 * @param {string} fragment
 * @param {string[]} [attributes]
 * @returns {Program}
 */
export function createProgram(gl, vertex, fragment, attributes = []) {
  const handle = gl.createProgram();
  for (const [type, source] of /** @type {[number, string][]} */ ([[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]])) {
    const shader = /** @type {WebGLShader} */ (gl.createShader(type));
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS) && !gl.isContextLost()) throw new Error(gl.getShaderInfoLog(shader) ?? "");
    gl.attachShader(handle, shader);
  }
  attributes.forEach((name, place) => gl.bindAttribLocation(handle, place, name));
  gl.linkProgram(handle);
  if (!gl.getProgramParameter(handle, gl.LINK_STATUS) && !gl.isContextLost()) throw new Error(gl.getProgramInfoLog(handle) ?? "");
  /** @type {Program["at"]} */
  const at = {};
  const total = gl.getProgramParameter(handle, gl.ACTIVE_UNIFORMS) ?? 0;
  for (let i = 0; i < total; i++) {
    const uniform = gl.getActiveUniform(handle, i);
    if (uniform) at[uniform.name] = gl.getUniformLocation(handle, uniform.name);
  }
  return { handle, at };
}

/**
 * Make a texture of exact texels in a unit.
 * @param {WebGL2RenderingContext} gl
 * @param {number} unit
 * @param {{internal: number, width: number, height: number, format: number, type: number, data?: ArrayBufferView|null}} image
 */
export function createTexture(gl, unit, { internal, width, height, format, type, data = null }) {
  const handle = gl.createTexture();
  gl.activeTexture(gl.TEXTURE0 + unit);
  gl.bindTexture(gl.TEXTURE_2D, handle);
  for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, filter, gl.NEAREST);
  for (const wrap of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, wrap, gl.CLAMP_TO_EDGE);
  gl.texImage2D(gl.TEXTURE_2D, 0, internal, width, height, 0, format, type, data);
  return handle;
}
