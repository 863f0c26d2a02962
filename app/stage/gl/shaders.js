// GLSL ES 3.00. The scores are those of losses/head.py, so that what is drawn is what predicts.

const HEAD = `#version 300 es
precision highp float;
precision highp int;
uniform highp sampler2D heads;      // row: panel; two texels a class
uniform int row, kind, classes;     // kind: 0 linear, 1 cosine, 2 Euclidean, 3 Mahalanobis
uniform float factor, blend, angle, cosine, score, stretch;
const float PI = 3.14159265358979;

float halfSquared(int j, vec3 z) {
  vec3 d = z - texelFetch(heads, ivec2(2 * j, row), 0).xyz;
  return kind == 3 ? 0.5 * dot(d * d, texelFetch(heads, ivec2(2 * j + 1, row), 0).xyz) : 0.5 * dot(d, d);
}
float scoreOf(int j, vec3 z, float norm) {
  vec4 w = texelFetch(heads, ivec2(2 * j, row), 0);
  if (kind == 0) return dot(w.xyz, z) + w.w;
  if (kind == 1) return dot(w.xyz, z) / max(norm, 1e-8);   // class vectors come with length one
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
  if (kind > 1) return bias - (1.0 + stretch) * halfSquared(j, z);
  float reach = max(texelFetch(heads, ivec2(2 * j + 1, row), 0).x, 1e-8) * max(norm, 1e-8);
  float c = kind == 1 ? plain : (plain - bias) / reach;
  float u = factor * arccos(clamp(c, -1.0, 1.0)) + angle;
  float k = floor(u / PI);
  float psi = (1.0 - 2.0 * mod(k, 2.0)) * cos(u) - 2.0 * k;
  float changed = (blend * c + psi) / (1.0 + blend) - cosine;
  return kind == 1 ? changed : reach * changed + bias - score;
}
bool hasMargin() { return kind > 1 ? stretch != 0.0 : factor != 1.0 || angle != 0.0 || cosine != 0.0 || (kind == 0 && score != 0.0); }
`;

export const QUAD = `#version 300 es
const vec2 corner[3] = vec2[3](vec2(-1, -1), vec2(3, -1), vec2(-1, 3));
void main() { gl_Position = vec4(corner[gl_VertexID], 0, 1); }`;

// red: winner, green: runner-up, blue: share of the winner at an edge, alpha: share of the margin band
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

export const COMPOSE = `#version 300 es
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

export const LINES = `#version 300 es
precision highp float;
in vec3 from, to;
in vec4 tint;
in vec3 style;          // width in pixels, dash in pixels (0: none), length before this piece in units
uniform mat4 view;
uniform vec2 half_;     // half the size of the panel in pixels
uniform float ratio, perUnit;
out vec4 paint;
out vec3 place;         // across, along (pixels), half width
flat out float dash;
void main() {
  vec4 p = view * vec4(from, 1.0), q = view * vec4(to, 1.0);
  const float NEAR = 1e-3;
  if (p.w < NEAR && q.w < NEAR) { gl_Position = vec4(2, 2, 2, 1); return; }
  if (p.w < NEAR) p = mix(p, q, (NEAR - p.w) / (q.w - p.w));
  if (q.w < NEAR) q = mix(q, p, (NEAR - q.w) / (p.w - q.w));
  vec2 s = p.xy / p.w * half_, e = q.xy / q.w * half_;
  vec2 along = e - s;
  float reach = length(along);
  along = reach > 1e-6 ? along / reach : vec2(1, 0);
  bool end = gl_VertexID >= 2;
  float side = (gl_VertexID & 1) == 1 ? 1.0 : -1.0;
  float thick = style.x * ratio * 0.5, grow = thick + 1.0;
  vec2 spot = (end ? e : s) + along * (end ? 1.0 : -1.0) * (style.y > 0.0 ? 0.0 : thick * 0.5)
    + vec2(-along.y, along.x) * side * grow;
  vec4 clip = end ? q : p;
  gl_Position = vec4(spot / half_ * clip.w, clip.z, clip.w);
  paint = tint;
  place = vec3(side * grow, style.z * perUnit + (end ? reach : 0.0), thick);
  dash = style.y * ratio;
}`;

export const STROKE = `#version 300 es
precision highp float;
in vec4 paint;
in vec3 place;
flat in float dash;
out vec4 colour;
void main() {
  float alpha = clamp(place.z + 0.5 - abs(place.x), 0.0, 1.0);
  if (dash > 0.0) {
    float at = abs(fract(place.y / dash) - 0.5) * dash;   // 0 in the middle of a dash
    alpha *= clamp(0.5 + dash * 0.29 - at, 0.0, 1.0);
  }
  if (alpha < 0.01) discard;
  colour = vec4(paint.rgb, paint.a * alpha);
}`;
