"""The stage and the live histogram as Streamlit components: one module in the browser, served from ``/stage/``."""

import hashlib
import json
import posixpath
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, cast

import streamlit as st

#: The modules of the stage; the server serves this folder at ``/stage/``.
FOLDER = Path(__file__).parents[1] / "stage"

_HOST = "host/streamlit.js"
_IMPORT = re.compile(r'^import\s[^;]*?from "([^"]+)";', re.MULTILINE)

# Streamlit runs the default export again whenever ``data`` changes, and what it returned last once the component is
# gone: the instance is kept by the element, so that canvas, camera and clock survive. A module that came from a
# blob cannot resolve a relative import; hence the absolute address.
_SCRIPT = """
const entries = new WeakMap();
export default function ({{ data, parentElement, setTriggerValue }}) {{
  let entry = entries.get(parentElement);
  if (!entry) {{
    entry = {{ data, gone: false, trigger: setTriggerValue }};
    entries.set(parentElement, entry);
    for (const module of {imports}) {{
      const href = new URL(`/stage/${{module}}`, location.origin).href;
      document.head.append(Object.assign(document.createElement("link"), {{ rel: "modulepreload", href }}));
    }}
    const load = (module) => import(new URL(`/stage/${{module}}?v={version}`, location.origin).href);
    Promise.all([load("{module}"), load("{host}")]).then(([stage, streamlit]) => {{
      const host = streamlit.createHost((name, value) => entry.trigger(name, value));
      if (!entry.gone) entry.view = stage.{mount}(parentElement, host, entry.data);
    }});
  }} else {{
    entry.data = data;
    entry.trigger = setTriggerValue;
    entry.view?.update(data);
  }}
  return () => {{ entry.gone = true; entry.view?.destroy(); entries.delete(parentElement); }};
}}
"""


@dataclass(frozen=True)
class KnobEdit:
    """A knob released on the stage: of one panel or (``None``) of all that have it, while ``frame`` was shown."""

    run: str
    panel: int | None
    knob: str
    value: float | int | str | bool
    frame: int


@dataclass(frozen=True)
class Fork:
    """The stage went over to the run ``id``, which shares the frames up to ``frame`` with the one before."""

    id: str
    owner: str | None
    frame: int


@dataclass(frozen=True)
class Rest:
    """The clock came to rest at a frame inside the run (``None``: it moves again, or stands at the end)."""

    run: str
    frame: int | None


@dataclass(frozen=True)
class StageResult:
    """What happened on the stage since the script ran last; ``None`` where nothing did."""

    edit: KnobEdit | None = None
    fork: Fork | None = None
    rest: Rest | None = None


def stage(
    *,
    run: str,
    owner: str | None,
    language: str,
    panels: Sequence[Mapping[str, Any]],
    key: str,
    height: int | None = None,
    frame: int | None = None,
    own_axes: bool = False,
    debug: bool = False,
) -> StageResult:
    """Show a run, live or replayed, and tell what was done on the stage.

    ``panels`` holds one entry per panel shown (at most six): ``panel`` (its place in the run), ``title``,
    ``slug`` and ``knobs``; ``height`` is in pixels (default: three quarters of the window).
    A recording plays from its beginning, or stands at ``frame``. ``own_axes`` lets each panel fit its own
    picture. With one ``key`` the picture stays while the script runs again, also when ``run`` becomes another one.
    """
    data = {
        "run": run,
        "owner": owner,
        "language": language,
        "panels": [dict(panel) for panel in panels],
        "texts": stage_texts(language),
        "height": height,
        "frame": frame,
        "play": True,
        "axes": "own" if own_axes else "same",
        "debug": debug,
    }
    shown = _component("stage", "index.js", "mount")(
        key=key, data=data, on_edit_change=_nothing, on_fork_change=_nothing, on_rest_change=_nothing
    )
    edit, fork, rest = (_last(shown.get(name)) for name in ("edit", "fork", "rest"))
    return StageResult(
        edit=KnobEdit(**{name: edit[name] for name in ("run", "panel", "knob", "value", "frame")}) if edit else None,
        fork=Fork(id=fork["id"], owner=fork.get("owner"), frame=fork["from"]) if fork else None,
        rest=Rest(run=rest["run"], frame=rest["frame"]) if rest else None,
    )


def histogram(
    *,
    run: str,
    language: str,
    panel: int,
    branch: str,
    low: float,
    high: float,
    key: str,
    view: tuple[float, float] | None = None,
    margin: tuple[int, int] = (0, 0),
    height: int = 90,
) -> None:
    """Show the live histogram of a branch of a panel, its bins between ``low`` and ``high``.

    ``view`` is the range of the axis of the chart above (default: that of the bins) and ``margin`` the pixels
    from the sides to the ends of that axis, so that both stand under each other.
    """
    data = {
        "run": run,
        "language": language,
        "panel": panel,
        "branch": branch,
        "low": low,
        "high": high,
        "view": list(view) if view else None,
        "margin": list(margin),
        "height": height,
        "texts": stage_texts(language),
    }
    _component("histogram", "histogram.js", "mountHistogram")(key=key, data=data)


def version() -> str:
    """Return a hash of the stage's files: browsers keep one version for long and still see a new one at once."""
    digest = hashlib.sha256()
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(FOLDER).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def imports_of(*modules: str) -> list[str]:
    """Return what modules of the stage import, and what that imports: asked for at once, they come in one go."""
    rest, found = list(modules), set(modules)
    while rest:
        name = rest.pop()
        for path in _IMPORT.findall((FOLDER / name).read_text(encoding="utf-8")):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
            if target not in found:
                found.add(target)
                rest.append(target)
    return sorted(found - set(modules))


@cache
def _component(name: str, module: str, mount: Literal["mount", "mountHistogram"]) -> Any:
    return st.components.v2.component(
        f"loss_geometry_{name}",
        css=(FOLDER / "stage.css").read_text(encoding="utf-8"),
        js=_SCRIPT.format(
            module=module, host=_HOST, mount=mount, version=version(), imports=json.dumps(imports_of(module, _HOST))
        ),
    )


@cache
def stage_texts(language: str) -> dict[str, str]:
    """Return every text of the stage in a language; places in braces are filled in the browser."""
    catalogue = tomllib.loads(files("spec").joinpath("texts", "stage.toml").read_text(encoding="utf-8"))
    return {name: entry[language] for name, entry in catalogue.items()}


def _nothing() -> None:
    """Streamlit hands out only those events that have a callback."""


def _last(value: object) -> Mapping[str, Any] | None:
    if isinstance(value, list):
        value = value[-1] if value else None
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else None
