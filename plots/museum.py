"""Figures of the bug museum: right beside wrong, on the same axes."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from museum import EXHIBITS, Curves, Picture, Samples, Zones
from museum.picture import Floats
from spec import text
from spec.palette import class_hex

Side = Literal["right", "wrong"]

Plane = Zones | Samples

SIDES: tuple[Side, ...] = ("right", "wrong")

#: The colours of the classes on the stage.
_CLASSES = tuple(map(class_hex, range(6)))

#: Blue and orange of Okabe and Ito (2008), as in the curves.
_COLOURS = {"right": "#0072B2", "wrong": "#E69F00"}
_DASHES = ("solid", "dot")

#: The right curve is wider, so that it shows on both sides of the wrong one where they agree.
_WIDTHS = {"right": 6, "wrong": 2.5}

_INK = "#808080"  # read on light and on dark ground

#: Space around samples and curves, as a share of their extent.
_ROOM = 0.06

#: Height in pixels of one picture, and of two squares side by side.
_HEIGHT, _BESIDE = 460, 380


@cache
def picture(slug: str, side: Side) -> Picture:
    """Return the picture of one side of an exhibit, computed once, from the code that the page shows."""
    exhibit = EXHIBITS[slug]
    result: Picture = exhibit.picture(exhibit.right if side == "right" else exhibit.wrong)
    return result


def figure(slug: str, language: str, sides: Sequence[Side] = SIDES) -> go.Figure:
    """Draw both sides of an exhibit or one of them, always on axes that fit both."""
    pictures = {side: picture(slug, side) for side in SIDES}
    curves = {side: content for side, content in pictures.items() if isinstance(content, Curves)}
    planes = {side: content for side, content in pictures.items() if not isinstance(content, Curves)}
    return _curves(curves, sides, language) if curves else _planes(planes, sides, language)


def _planes(pictures: Mapping[Side, Plane], sides: Sequence[Side], language: str) -> go.Figure:
    """Draw the sides beside each other, each in a square of the plane."""
    names = [text(f"museum.page.{side}", language) for side in sides]
    chart = make_subplots(rows=1, cols=len(sides), subplot_titles=names, horizontal_spacing=0.04)
    chart.update_annotations(yshift=10)  # titles clear of the frames
    for column, side in enumerate(sides, 1):
        content = pictures[side]
        traces = _zones(content) if isinstance(content, Zones) else _samples(content)
        chart.add_traces(traces, rows=1, cols=column)
        if isinstance(content, Samples) and (note := _note(content, language)):
            place = {"xref": "x domain", "yref": "y domain", "x": 0.5, "y": -0.02, "yanchor": "top"}
            chart.add_annotation(text=note, showarrow=False, **place, row=1, col=column)
    low, high = _square(tuple(pictures.values()))
    plain: dict[str, Any] = {"zeroline": False, "showgrid": False, "showticklabels": False, "ticks": ""}
    plain |= {"showline": True, "mirror": True, "linecolor": _INK, "constrain": "domain"}
    chart.update_xaxes(range=[low, high], **plain)
    chart.update_yaxes(range=[low, high], **plain)
    for column in range(1, len(sides) + 1):
        name = "x" if column == 1 else f"x{column}"
        chart.update_yaxes(scaleanchor=name, row=1, col=column)
    height = _BESIDE if len(sides) > 1 else _HEIGHT
    chart.update_layout(height=height, margin={"l": 8, "r": 8, "t": 36, "b": 44}, showlegend=False)
    return chart


def _zones(content: Zones) -> list[Any]:
    """Return the coloured zones, empty where no class is cheap, and the class vectors or means."""
    classes = len(content.vectors)
    colours = ("rgba(0,0,0,0)", *_CLASSES[:classes])
    scale = [[(k + side) / len(colours), colour] for k, colour in enumerate(colours) for side in (0, 1)]
    traces: list[Any] = [
        go.Heatmap(
            x=content.axis,
            y=content.axis,
            z=content.owner.astype(np.int8),  # one byte for each pixel
            zmin=-1.5,
            zmax=classes - 0.5,
            colorscale=scale,
            opacity=0.55,
            showscale=False,
            hoverinfo="skip",
        )
    ]
    for k, vector in enumerate(content.vectors):
        ends = np.stack([np.zeros(2), vector]) if content.rays else vector[None]
        line = {"color": _INK, "width": 2}
        marker = {"size": [0, 10] if content.rays else 10, "color": _CLASSES[k], "opacity": 1, "line": line}
        traces.append(
            go.Scatter(x=ends[:, 0], y=ends[:, 1], mode="lines+markers", line=line, marker=marker, hoverinfo="skip")
        )
    return traces


def _samples(content: Samples) -> list[Any]:
    """Return the samples, their start, the trails, and rings around misclassified samples."""
    traces: list[Any] = []
    colours = np.array(_CLASSES)[content.labels]
    common: dict[str, Any] = {"hoverinfo": "skip"}
    if len(content.start):
        marker = {"size": 7, "color": colours, "opacity": 0.25}
        traces.append(
            go.Scatter(
                x=content.start[:, 0], y=content.start[:, 1], mode="markers", marker=marker, name="start", **common
            )
        )
    placed = np.isfinite(content.points).all(axis=1)
    x, y = content.points[placed].T
    traces.append(
        go.Scatter(x=x, y=y, mode="markers", marker={"size": 8, "color": colours[placed]}, name="samples", **common)
    )
    ring = content.points[content.mistaken]
    marker = {"size": 14, "symbol": "circle-open", "color": _INK, "line": {"width": 2}}
    traces.append(go.Scatter(x=ring[:, 0], y=ring[:, 1], mode="markers", marker=marker, name="mistaken", **common))
    for border in content.borders:
        line = {"color": _INK, "width": 2}
        traces.append(go.Scatter(x=border[:, 0], y=border[:, 1], mode="lines", line=line, name="border", **common))
    for k, trail in enumerate(content.trails):
        size = np.where(np.arange(len(trail)) == len(trail) - 1, 13, 5)  # the last step is the present centre
        marker = {"size": size, "color": _CLASSES[k], "opacity": 1, "line": {"width": 2, "color": _INK}}
        marker["symbol"] = "diamond"
        line = {"color": _INK, "width": 2}
        traces.append(
            go.Scatter(
                x=trail[:, 0], y=trail[:, 1], mode="lines+markers", line=line, marker=marker, name="trail", **common
            )
        )
    return traces


def _note(content: Samples, language: str) -> str:
    """Return what the picture cannot show: how many samples are not finite, left out, or misclassified."""
    lost = int((~np.isfinite(content.points).all(axis=1)).sum())
    counts = {"lost": lost, "hidden": content.hidden, "mistaken": int(content.mistaken.sum())}
    total = len(content.points) + content.hidden
    notes = [text(f"museum.note.{name}", language, count=count, total=total) for name, count in counts.items() if count]
    return "<br>".join(notes)


def _square(pictures: Sequence[Plane]) -> tuple[float, float]:
    """Return the range, for both axes, that shows everything on both sides."""
    spans: list[Floats] = []
    for content in pictures:
        parts = (
            (content.points, content.start, *content.trails, *content.borders)
            if isinstance(content, Samples)
            else (content.axis,)
        )
        spans += parts
    every = np.concatenate([np.ravel(span) for span in spans])
    reach = float(np.abs(every[np.isfinite(every)]).max())
    room = 0.0 if isinstance(pictures[0], Zones) else _ROOM * reach
    return -reach - room, reach + room


def _curves(pictures: Mapping[Side, Curves], sides: Sequence[Side], language: str) -> go.Figure:
    """Draw both sides into one plot; a cross marks where a curve stops being finite."""
    chart = go.Figure()
    for side in sides:
        content = pictures[side]
        for order, (name, y) in enumerate(content.lines.items()):
            title = text(f"museum.page.{side}", language)
            if len(content.lines) > 1:
                title += f": {text(f'museum.line.{name}', language)}"
            line = {"color": _COLOURS[side], "width": _WIDTHS[side], "dash": _DASHES[order], "simplify": False}
            chart.add_trace(go.Scatter(x=content.x, y=y, mode="lines", name=title, line=line))
            ends = np.flatnonzero(np.isfinite(y[:-1]) & ~np.isfinite(y[1:]))
            if len(ends):
                marker = {"symbol": "x", "size": 12, "color": _COLOURS[side]}
                title = text("museum.note.ends", language)
                chart.add_trace(go.Scatter(x=content.x[ends], y=y[ends], mode="markers", name=title, marker=marker))
    right = pictures["right"]
    every = np.concatenate([y for content in pictures.values() for y in content.lines.values()])
    every = every[np.isfinite(every)]
    room = _ROOM * float(np.ptp(every))
    chart.update_xaxes(range=[right.x[0], right.x[-1]], title_text=text(f"museum.axis.{right.across}", language))
    chart.update_yaxes(
        range=[every.min() - room, every.max() + room], title_text=text(f"museum.axis.{right.up}", language)
    )
    legend = {"orientation": "h", "x": 0, "y": 1.0, "xanchor": "left", "yanchor": "bottom"}
    chart.update_layout(height=_HEIGHT, margin={"l": 64, "r": 24, "t": 36, "b": 56}, legend=legend)
    return chart
