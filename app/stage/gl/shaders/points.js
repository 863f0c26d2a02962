// GLSL of the points: discs for training samples, diamonds for test samples, a ring around the misclassified.

import { HEAD } from "./head.js";

export const POINTS = `${HEAD}
in vec3 a, b;
in vec2 sample_;       // label, split
uniform vec4 quantumA, quantumB;
uniform float share, size, ratio, focus;
uniform mat4 view;
uniform ivec3 show;    // train, test, 0: the right ones, 1: the misclassified, 2: all
uniform sampler2D palette;
flat out vec3 tone;
flat out vec3 look;    // split, ring, diameter in pixels
void main() {
  gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
  gl_PointSize = 1.0;
  bool test = sample_.y > 0.5;
  if (max(max(a.x, a.y), a.z) > 65534.5 || max(max(b.x, b.y), b.z) > 65534.5) return;
  if ((test ? show.y : show.x) == 0) return;
  vec3 z = mix(quantumA.xyz + quantumA.w * a, quantumB.xyz + quantumB.w * b, share);
  float norm = length(z), best = -3.4e38;
  int winner = 0;
  for (int j = 0; j < classes; j++) {
    float s = scoreOf(j, z, norm);
    if (s > best) { best = s; winner = j; }
  }
  int label = int(sample_.x + 0.5);
  bool wrong = winner != label;
  if (show.z < 2 && wrong != (show.z == 1)) return;
  gl_Position = view * vec4(z, 1.0);
  float diameter = size * (focus > 0.0 ? clamp(focus / gl_Position.w, 0.35, 3.0) : 1.0) * (test ? 1.3 : 1.0);
  gl_PointSize = ceil(diameter * (wrong ? 1.6 : 1.0) + (wrong ? 4.0 : 2.0) * ratio);
  tone = texelFetch(palette, ivec2(label, 0), 0).rgb;
  look = vec3(test ? 1.0 : 0.0, wrong ? 1.0 : 0.0, diameter);
}`;

export const DOT = `#version 300 es
precision highp float;
flat in vec3 tone;
flat in vec3 look;
uniform float ratio;
uniform vec3 paper, ink;
uniform bool solid;
out vec4 colour;
void main() {
  float room = ceil(look.z * (look.y > 0.5 ? 1.6 : 1.0) + (look.y > 0.5 ? 4.0 : 2.0) * ratio);
  vec2 p = (gl_PointCoord - 0.5) * room;
  float round_ = length(p), diamond = (abs(p.x) + abs(p.y)) * 0.80;
  float d = (look.x > 0.5 ? diamond : round_) - look.z * 0.5;
  float core = clamp(0.5 - d, 0.0, 1.0);
  // train: a thin pale rim keeps neighbours apart; test: a dark rim
  float rim = clamp(0.5 + d + ratio * (look.x > 0.5 ? 1.1 : 0.7), 0.0, 1.0);
  vec3 c = mix(tone, look.x > 0.5 ? mix(tone, ink, 0.85) : mix(tone, paper, 0.6), rim);
  float alpha = core;
  if (look.y > 0.5) {
    float ring = clamp(0.5 + ratio * 0.65 - abs(round_ - look.z * 0.75 - 0.9 * ratio), 0.0, 1.0);
    c = mix(c, ink, ring * (1.0 - core));
    alpha = max(core, ring);
  }
  if (alpha < (solid ? 0.5 : 0.02)) discard;
  colour = vec4(c, solid ? 1.0 : alpha);
}`;
