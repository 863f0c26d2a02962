// GLSL of strokes: one instance is a piece of a line, as wide as asked for on the screen, dashed or not.

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
