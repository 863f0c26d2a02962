"""A recording as a small card of HTML that needs no other file: what a notebook shows of it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from engine.frames.frame import Frame, PanelFrame
from engine.recording.svg_picture import draw_panel, sample_stride
from engine.state.points import Points
from losses import LOSSES, loss_title
from spec import Message, has_text, text
from spec.palette import class_hex

#: Panels that are drawn, so that a card stays small.
_MAX_PICTURES = 8

#: Class names under the pictures.
_MAX_NAMES = 24


def render_card(
    meta: Mapping[str, Any],
    *,
    frames: int,
    last_step: int,
    reason: Message | None,
    last_frame: Frame | None,
    points: Points | None,
    language: str = "en",
) -> str:
    """Return what a run is, how each panel ended, and pictures of its last frame.

    ``meta`` is the table of that name (docs/recording.md), ``frames`` how many frames there are and ``last_step`` the
    step of the newest. ``last_frame`` and ``points`` are ``None`` where there is no frame.
    """
    experiment = meta["experiment"]
    titles = [_title(panel["loss"], language) for panel in experiment["panels"]]
    data = f"data.set.{experiment['data']}"
    head = f"{', '.join(dict.fromkeys(titles))} · {text(data, language) if has_text(data) else experiment['data']}"
    status = f"card.status.{meta['status']}"
    values = {"steps": last_step, "frames": frames, "seed": experiment["seed"]}
    about = text("card.run", language, **values, status=text(status, language) if has_text(status) else meta["status"])
    notes = [] if reason is None else [reason.render(language)]
    parts = [_block(head, "font-weight:600"), _block(about, "opacity:0.75")]
    if last_frame is None or points is None:
        notes.append(text("card.empty", language))
    else:
        panels = zip(experiment["panels"], last_frame.panels, strict=True)
        named = [_panel_title(panel, frame, language) for panel, frame in panels]
        parts.append(_pictures(last_frame, points, named, language))
        parts.append(_legend(meta["classes"]))
        parts.append(_table(last_frame, named, language))
        stride = sample_stride(points)
        notes += [text("card.some", language, stride=stride)] if stride > 1 else []
        if len(titles) > _MAX_PICTURES:
            notes.append(text("card.more", language, drawn=_MAX_PICTURES, panels=len(titles)))
        notes.append(text("card.rim", language))
    parts.append(_block(" ".join(notes), "opacity:0.75;font-size:0.85em"))
    return f'<div style="font-family:system-ui,sans-serif;line-height:1.5">{"".join(parts)}</div>'


def _title(slug: str, language: str) -> str:
    return loss_title(LOSSES[slug], language) if slug in LOSSES else slug


def _panel_title(panel: Mapping[str, Any], frame: PanelFrame, language: str) -> str:
    """Return the title of a panel's loss, and its knobs that are not at their defaults."""
    loss = LOSSES.get(panel["loss"])
    knobs = []
    for knob in loss.knobs() if loss else ():
        value = frame.knobs.get(knob.name, knob.default)
        if value != knob.default:
            key = f"ui.knob.{knob.name}"
            number = f"{value:.4g}" if isinstance(value, float) else str(value)
            knobs.append(f"{text(key, language) if has_text(key) else knob.name} {number}")
    return _title(panel["loss"], language) + (f" ({', '.join(knobs)})" if knobs else "")


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
    tags = (
        f'<{tag} style="text-align:{side};padding:0.1em 0.9em 0.1em 0">{escape(cell)}</{tag}>'
        for side, cell in zip(sides, cells, strict=True)
    )
    return f"<tr>{''.join(tags)}</tr>"


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3g}"


def _percent(share: float) -> str:
    return "–" if math.isnan(share) else f"{100 * share:.1f} %"


def _legend(names: Sequence[Any]) -> str:
    entries = (
        f'<span style="margin-right:0.8em"><span style="color:{class_hex(c)}">●</span> {escape(str(name))}</span>'
        for c, name in enumerate(names[:_MAX_NAMES])
    )
    more = " …" if len(names) > _MAX_NAMES else ""
    return f'<div style="font-size:0.85em">{"".join(entries)}{more}</div>'


def _pictures(frame: Frame, points: Points, titles: Sequence[str], language: str) -> str:
    figures = []
    for title, panel in zip(titles[:_MAX_PICTURES], frame.panels, strict=False):
        label = escape(text("card.picture", language, title=title, step=frame.step), quote=True)
        caption = f'<figcaption style="font-size:0.9em">{escape(title)}</figcaption>'
        figures.append(f'<figure style="margin:0">{caption}{draw_panel(panel, points, label)}</figure>')
    return f'<div style="display:flex;flex-wrap:wrap;gap:12px;margin:0.4em 0">{"".join(figures)}</div>'
