// GLSL ES 3.00: the scores of losses/head.py, so that what is drawn is what predicts.

import { HEADS } from "../../shared.js";

/** The uniforms and functions of a head, at the top of a shader. */
export const HEAD = `#version 300 es
precision highp float;
precision highp int;
uniform highp sampler2D heads;      // row: panel; two texels a class
uniform int row, kind, classes;
const int LINEAR = ${HEADS.linear}, COSINE = ${HEADS.cosine}, MAHALANOBIS = ${HEADS.mahalanobis};
uniform float factor, blend, angle, cosine, score, stretch;
const float PI = 3.14159265358979;

// whether a class is a direction, not a centre
bool angular() { return kind == LINEAR || kind == COSINE; }

float halfSquared(int j, vec3 z) {
  vec3 d = z - texelFetch(heads, ivec2(2 * j, row), 0).xyz;
  return kind == MAHALANOBIS ? 0.5 * dot(d * d, texelFetch(heads, ivec2(2 * j + 1, row), 0).xyz) : 0.5 * dot(d, d);
}
float scoreOf(int j, vec3 z, float norm) {
  vec4 w = texelFetch(heads, ivec2(2 * j, row), 0);
  if (kind == LINEAR) return dot(w.xyz, z) + w.w;
  if (kind == COSINE) return dot(w.xyz, z) / max(norm, 1e-8);   // class vectors come with length one
  return w.w - halfSquared(j, z);
}
// Abramowitz and Stegun 4.4.46, error below 2e-8: GPUs may be off by a thousandth in their own
float arccos(float x) {
  float a = min(abs(x), 1.0);
  float p = ((((((-0.0012624911 * a + 0.0066700901) * a - 0.0170881256) * a + 0.0308918810) * a - 0.0501743046) * a
    + 0.0889789874) * a - 0.2145988016) * a + 1.5707963050;
  p *= sqrt(1.0 - a);
  return x < 0.0 ? PI - p : p;
}
float targetOf(int j, vec3 z, float norm, float plain) {
  float bias = texelFetch(heads, ivec2(2 * j, row), 0).w;
  if (!angular()) return bias - (1.0 + stretch) * halfSquared(j, z);
  float reach = max(texelFetch(heads, ivec2(2 * j + 1, row), 0).x, 1e-8) * max(norm, 1e-8);
  float c = kind == COSINE ? plain : (plain - bias) / reach;
  float u = factor * arccos(clamp(c, -1.0, 1.0)) + angle;
  float k = floor(u / PI);
  float psi = (1.0 - 2.0 * mod(k, 2.0)) * cos(u) - 2.0 * k;
  float changed = (blend * c + psi) / (1.0 + blend) - cosine;
  return kind == COSINE ? changed : reach * changed + bias - score;
}
bool hasMargin() { return !angular() ? stretch != 0.0 : factor != 1.0 || angle != 0.0 || cosine != 0.0 || (kind == LINEAR && score != 0.0); }
`;

/** A triangle that covers the viewport. */
export const QUAD = `#version 300 es
const vec2 corner[3] = vec2[3](vec2(-1, -1), vec2(3, -1), vec2(-1, 3));
void main() { gl_Position = vec4(corner[gl_VertexID], 0, 1); }`;
