// The colours of the classes.

// M. A. Petroff, "Accessible Color Sequences for Data Visualization", 2021 (arXiv:2107.02270), the sequence of ten:
// chosen by simulated colour-vision deficiency, lightness distance and a survey of taste.
const TEN = ["3f90da", "ffa90e", "bd1f01", "94a4a2", "832db6", "a96b59", "e76300", "b9ac70", "717581", "92dadd"];

const split = (hex) => [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16));

/** The colour of class `c` as `[r, g, b]` (0 to 255); after ten, hues a golden angle apart, of changing lightness. */
export function classColour(c) {
  if (c < TEN.length) return split(TEN[c]);
  const hue = (c * 137.508) % 360, light = [0.42, 0.6, 0.74][c % 3];
  const chroma = 0.62 * (1 - Math.abs(2 * light - 1));
  const channel = (n) => {
    const k = (n + hue / 30) % 12;
    return Math.round(255 * (light - (chroma / 2) * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}

export const css = ([r, g, b], alpha = 1) => `rgba(${r}, ${g}, ${b}, ${alpha})`;

/** Read a computed CSS colour (`rgb(...)`) into `[r, g, b]`; `fallback` where there is none. */
export function readColour(text, fallback) {
  const found = /rgba?\(\s*([\d.]+)[ ,]+([\d.]+)[ ,]+([\d.]+)(?:[ ,/]+([\d.]+))?/.exec(text ?? "");
  if (!found || Number(found[4] ?? 1) === 0) return fallback;
  return found.slice(1, 4).map(Number);
}

/** The colours and the font that the page gives to an element; marks it `lg-dark` on a dark page. */
export function themeOf(element) {
  const style = getComputedStyle(element);
  const paper = readColour(style.backgroundColor, [255, 255, 255]), ink = readColour(style.color, [30, 32, 40]);
  const dark = paper[0] + paper[1] + paper[2] < 384;
  element.classList.toggle("lg-dark", dark);
  return { paper, ink, dark, font: style.fontFamily };
}
