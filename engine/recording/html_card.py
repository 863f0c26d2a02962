"""A recording as a small card of HTML, complete in itself: what a notebook shows of it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine.frames.frame import Frame, PanelFrame
from engine.state.points import Points
from losses import LOSSES, HeadKind, loss_title
from spec import has_text, text
from spec.palette import class_hex

if TYPE_CHECKING:
    from engine.recording.reader import Recording

Floats = NDArray[np.float64]

#: Panels and samples of each that are drawn, so that a card stays small.
_PANELS, _SAMPLES = 8, 2000

#: Class names under the pictures.
_NAMES = 24

#: Units of a picture's side, and of what is drawn into it: a sample, the rim of a mistake, a class vector.
_SIDE, _DOT, _RIM, _STROKE = 1000, 15, 8, 8

#: Which way is right and which is up in a picture of space: as the stage begins.
_ASIDE = np.array([[-0.644, 0.765, 0.0], [-0.312, -0.263, 0.913]])


def card(recording: "Recording", language: str = "en") -> str:
    """Return what a recording is, how each panel ended, and a picture of its last frame."""
    meta = recording.meta
    experiment, frames = meta["experiment"], recording.frames
    titles = [_title(panel["loss"], language) for panel in experiment["panels"]]
    data = f"data.set.{experiment['data']}"
    head = f"{', '.join(dict.fromkeys(titles))} · {text(data, language) if has_text(data) else experiment['data']}"
    status = f"card.status.{meta['status']}"
    values = {"steps": recording.last_step, "frames": frames, "seed": experiment["seed"]}
    about = text("card.run", language, **values, status=text(status, language) if has_text(status) else meta["status"])
    notes = [reason.render(language)] if (reason := recording.reason) else []
    parts = [_block(head, "font-weight:600"), _block(about, "opacity:0.75")]
    if frames:
        frame, points = recording.frame(frames - 1), recording.points
        named = [_named(*each, language) for each in zip(experiment["panels"], frame.panels, strict=True)]
        parts.append(_pictures(frame, points, named, language))
        parts.append(_legend(meta["classes"]))
        parts.append(_table(frame, named, language))
        stride = _stride(points)
        notes += [text("card.some", language, stride=stride)] if stride > 1 else []
        if len(titles) > _PANELS:
            notes.append(text("card.more", language, drawn=_PANELS, panels=len(titles)))
        notes.append(text("card.rim", language))
    else:
        notes.append(text("card.empty", language))
    parts.append(_block(" ".join(notes), "opacity:0.75;font-size:0.85em"))
    return f'<div style="font-family:system-ui,sans-serif;line-height:1.5">{"".join(parts)}</div>'


def _title(slug: str, language: str) -> str:
    return loss_title(LOSSES[slug], language) if slug in LOSSES else slug


def _named(panel: Mapping[str, Any], frame: PanelFrame, language: str) -> str:
    """Return the title of a panel with those of its knobs that are not at their defaults."""
    loss = LOSSES.get(panel["loss"])
    moved = []
    for knob in loss.knobs() if loss else ():
        value = frame.knobs.get(knob.name, knob.default)
        if value != knob.default:
            key = f"ui.knob.{knob.name}"
            written = f"{value:.4g}" if isinstance(value, float) else str(value)
            moved.append(f"{text(key, language) if has_text(key) else knob.name} {written}")
    return _title(panel["loss"], language) + (f" ({', '.join(moved)})" if moved else "")


def _block(words: str, style: str) -> str:
    return f'<div style="{style}">{escape(words)}</div>'


def _table(frame: Frame, titles: Sequence[str], language: str) -> str:
    heads = [text(key, language) for key in ("card.panel", "stage.loss", "stage.train", "stage.test")]
    rows = [
        [title, _number(panel.loss), _percent(panel.train_accuracy), _percent(panel.test_accuracy)]
        for title, panel in zip(titles, frame.panels, strict=True)
    ]
    lines = [_row("th", heads), *(_row("td", row) for row in rows)]
    return f'<table style="border-collapse:collapse;margin:0.4em 0">{"".join(lines)}</table>'


def _row(tag: str, cells: Iterable[str]) -> str:
    sides = ("left", "right", "right", "right")
    written = (
        f'<{tag} style="text-align:{side};padding:0.1em 0.9em 0.1em 0">{escape(cell)}</{tag}>'
        for side, cell in zip(sides, cells, strict=True)
    )
    return f"<tr>{''.join(written)}</tr>"


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3g}"


def _percent(share: float) -> str:
    return "–" if math.isnan(share) else f"{100 * share:.1f} %"


def _legend(names: Sequence[Any]) -> str:
    shown = (
        f'<span style="margin-right:0.8em"><span style="color:{class_hex(c)}">●</span> {escape(str(name))}</span>'
        for c, name in enumerate(names[:_NAMES])
    )
    more = " …" if len(names) > _NAMES else ""
    return f'<div style="font-size:0.85em">{"".join(shown)}{more}</div>'


def _pictures(frame: Frame, points: Points, titles: Sequence[str], language: str) -> str:
    drawn = []
    for title, panel in zip(titles[:_PANELS], frame.panels, strict=False):
        label = escape(text("card.picture", language, title=title, step=frame.step), quote=True)
        opened = f'<svg viewBox="0 0 {_SIDE} {_SIDE}" width="240" height="240" role="img" aria-label="{label}"'
        frame_of = 'style="border:1px solid rgba(128,128,128,0.4)" fill="none" stroke-linecap="round"'
        caption = f'<figcaption style="font-size:0.9em">{escape(title)}</figcaption>'
        picture = f"{opened} {frame_of}>{_samples(panel, points)}</svg>"
        drawn.append(f'<figure style="margin:0">{caption}{picture}</figure>')
    return f'<div style="display:flex;flex-wrap:wrap;gap:12px;margin:0.4em 0">{"".join(drawn)}</div>'


def _stride(points: Points) -> int:
    return max(1, math.ceil(len(points.labels) / _SAMPLES))


def _samples(panel: PanelFrame, points: Points) -> str:
    """Return the paths of a panel: samples by class, those that are mistaken on a rim, and class vectors."""
    stride = _stride(points)
    z, labels = panel.embeddings[::stride], points.labels[::stride]
    known = np.isfinite(z).all(axis=1)
    z, labels = z[known], labels[known]
    wrong = panel.head.scores(torch.from_numpy(np.ascontiguousarray(z))).argmax(dim=1).numpy() != labels
    lines = _vectors(panel, z.astype(np.float64), labels)
    place = _placing(np.concatenate([z.astype(np.float64), *lines.values()]))
    at = place(z)
    paths = [_path(_dots(at[wrong]), "currentColor", _DOT + 2 * _RIM)]
    paths += [_path(_dots(at[labels == c]), class_hex(int(c)), _DOT) for c in np.unique(labels)]
    # once more, so that no other sample covers a mistake
    paths += [_path(_dots(at[wrong & (labels == c)]), class_hex(int(c)), _DOT) for c in np.unique(labels[wrong])]
    paths += [_path("M" + "L".join(map(_pair, place(ends))), class_hex(c), _STROKE) for c, ends in lines.items()]
    return "".join(paths)


def _vectors(panel: PanelFrame, z: Floats, labels: NDArray[np.uint8]) -> Mapping[int, Floats]:
    """Return from where to where each class vector goes ``(2, D)``: among the samples, or as long as it is."""
    weight = panel.head.weight.numpy().astype(np.float64)
    norms = np.linalg.norm(weight, axis=1)
    if panel.head.kind not in {HeadKind.LINEAR, HeadKind.COSINE} or not np.isfinite(norms).all():
        return {}
    reaches = [np.linalg.norm(z[labels == c].mean(axis=0)) for c in np.unique(labels)]
    middle = float(np.median(reaches)) if reaches else 1.0
    longest = norms if panel.head.kind is HeadKind.COSINE else np.full(len(norms), norms.max())
    return {
        c: np.stack([np.zeros(weight.shape[1]), 0.8 * middle * vector / reach])
        for c, (vector, norm, reach) in enumerate(zip(weight, norms, longest, strict=True))
        if norm > 0
    }


def _placing(points: Floats) -> Any:
    """Return how points ``(N, D)`` come into a picture that shows all of these."""

    def flat(z: Floats) -> Floats:
        return z if z.shape[1] == 2 else z @ _ASIDE.T

    spread = flat(points)
    low = spread.min(axis=0, initial=np.inf) if len(spread) else np.zeros(2)
    high = spread.max(axis=0, initial=-np.inf) if len(spread) else np.ones(2)
    unit = 0.92 * _SIDE / max(float(np.max(high - low)), 1e-12)

    def place(z: Floats) -> NDArray[np.int64]:
        way = (flat(z.astype(np.float64)) - (low + high) / 2) * unit * (1, -1)
        return np.rint(_SIDE / 2 + way).astype(np.int64)

    return place


def _pair(place: NDArray[np.int64]) -> str:
    return f"{place[0]} {place[1]}"


def _dots(at: NDArray[np.int64]) -> str:
    """Return a path that is a dot at each place: with round ends, a line of no length is one."""
    return "".join(f"M{x} {y}h0" for x, y in at.tolist())


def _path(steps: str, colour: str, width: int) -> str:
    return f'<path d="{steps}" stroke="{colour}" stroke-width="{width}"/>' if steps else ""
