// The keyboard, while the stage or nothing at all has the focus; inputs keep their keys.

/**
 * Listen for keys on behalf of `stage`; returns what stops it.
 * @param {HTMLElement} stage
 * @param {import("../actions.js").Actions} act
 */
export function listenToKeys(stage, act) {
  const stride = (/** @type {KeyboardEvent} */ event) => (event.shiftKey ? 10 : 1);
  /** @type {Record<string, (event: KeyboardEvent) => void>} */
  const table = {
    " ": act.play, f: act.fullscreen, Home: () => act.seek(0), End: act.end, Escape: () => act.select(null),
    ArrowLeft: (event) => act.move(-stride(event)), ArrowRight: (event) => act.move(stride(event)),
  };
  const listener = (/** @type {KeyboardEvent} */ event) => {
    const target = event.composedPath()[0];
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const nobody = target === document.body || target === document.documentElement || target === document;
    if (!nobody && !event.composedPath().includes(stage)) return;
    if (target instanceof Element && target.closest("input, select, textarea, [contenteditable]")) return;
    if (event.key === " " && target instanceof Element && target.closest("button, a")) return;
    const run = table[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!run) return;
    event.preventDefault();
    run(event);
  };
  document.addEventListener("keydown", listener);
  return () => document.removeEventListener("keydown", listener);
}
