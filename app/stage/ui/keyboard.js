// The keyboard, while the stage or nothing at all has the focus; inputs keep their keys.

/** Listen for keys on behalf of `stage`; returns what stops it. */
export function keysOf(stage, act) {
  const table = {
    " ": act.play, f: act.fullscreen, Home: act.home, End: act.end,
    ArrowLeft: (event) => act.move(event.shiftKey ? -10 : -1), ArrowRight: (event) => act.move(event.shiftKey ? 10 : 1),
  };
  const heard = (event) => {
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
  document.addEventListener("keydown", heard);
  return () => document.removeEventListener("keydown", heard);
}
