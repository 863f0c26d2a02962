// GLSL of the regions: which class wins at each pixel, and the ground of a panel made from it.

import { HEAD } from "./head.js";

/** Red: winner, green: runner-up, blue: share of the winner at an edge, alpha: share of the margin band. */
export const REGIONS = `${HEAD}
uniform vec4 window;   // origin of the panel in pixels of this target, and units per pixel, and unused
uniform vec2 corner;   // coordinates of the panel's lower left
out vec4 result;
void main() {
  vec3 z = vec3(corner + (gl_FragCoord.xy - window.xy) * window.z, 0.0);
  float norm = length(z);
  float best = -3.4e38, second = -3.4e38;
  int winner = 0, rival = 0;
  for (int j = 0; j < classes; j++) {
    float s = scoreOf(j, z, norm);
    if (s > best) { second = best; rival = winner; best = s; winner = j; }
    else if (s > second) { second = s; rival = j; }
  }
  float lead = best - second;
  float share = clamp(0.5 + lead / max(fwidth(lead), 1e-20), 0.5, 1.0);
  float band = 0.0;
  if (hasMargin()) {
    float short_ = second - targetOf(winner, z, norm, best);
    band = clamp(0.5 + short_ / max(fwidth(short_), 1e-20), 0.0, 1.0);
  }
  result = vec4(float(winner) / 255.0, float(rival) / 255.0, share, band);
}`;

/** Regions, hatched margin band, grid, axes and unit circle. */
export const GROUND = `#version 300 es
precision highp float;
precision highp int;
uniform sampler2D regions, palette;
uniform vec4 window;      // lower left of the panel in pixels, units per pixel, pixel ratio
uniform vec2 corner;
uniform float scale;      // pixels of the region texture per pixel
uniform vec3 paper, ink;
uniform float step_, strength;
uniform bvec4 show;       // regions, band, grid, unit circle
out vec4 colour;
vec3 tone(float id) { return texelFetch(palette, ivec2(int(id * 255.0 + 0.5), 0), 0).rgb; }
float line(float d, float width) { return clamp(width * 0.5 + 0.5 - d, 0.0, 1.0); }
void main() {
  vec3 c = paper;
  vec2 local = gl_FragCoord.xy - window.xy;
  if (show.x || show.y) {
    vec4 cell = texelFetch(regions, ivec2(gl_FragCoord.xy * scale), 0);
    vec3 base = mix(tone(cell.g), tone(cell.r), cell.b);
    float fill = show.x ? strength : 0.0;
    float band = show.y ? cell.a : 0.0;
    // the hatch is four and a half pixels wide whatever the zoom
    float across = (gl_FragCoord.x + gl_FragCoord.y) / (window.w * 9.0);
    float wave = abs(fract(across) - 0.5) * 2.0;
    float stripe = smoothstep(0.5 - 0.17, 0.5 + 0.17, wave);
    c = mix(paper, base, mix(fill, mix(strength * 0.35, strength * 1.35, stripe), band));
  }
  vec2 z = corner + local * window.z;
  if (show.z) {
    vec2 g = abs(z - round(z / step_) * step_) / window.z;
    c = mix(c, ink, 0.07 * max(line(g.x, window.w), line(g.y, window.w)));
    vec2 axis = abs(z) / window.z;
    c = mix(c, ink, 0.28 * max(line(axis.x, window.w), line(axis.y, window.w)));
  }
  if (show.w) c = mix(c, ink, 0.42 * line(abs(length(z) - 1.0) / window.z, 1.25 * window.w));
  colour = vec4(c, 1.0);
}`;
