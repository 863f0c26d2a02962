"""Curves of a loss against the one scalar that it depends on: value, slope, target cosine and weight."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from losses import Loss, Profile, loss_term
from spec import text

Floats = NDArray[np.float64]

#: Margins of the plots in pixels, fixed so that a histogram below can share the x axis.
LEFT, RIGHT = 72, 36

#: Height of one row of a figure in pixels.
ROW = 150

#: Blue, orange and green of Okabe and Ito (2008), safe for colour-blind readers on light and dark ground.
_COLOURS = ("#0072B2", "#E69F00", "#009E73")
_FAINT = ("rgba(128,128,128,0.9)", "rgba(128,128,128,0.7)", "rgba(128,128,128,0.5)")
_DASHES = ("solid", "dash", "dot")

_SAMPLES = 401

#: A value axis shows everything, unless a fiftieth of the curve would take more than two thirds of it.
_TAIL, _STRETCH = 0.02, 3.0


@dataclass(frozen=True)
class Reference:
    """A loss that is drawn faintly for comparison, and its label."""

    label: str
    loss: Loss


Curve = Callable[[Floats], Floats]


@dataclass(frozen=True)
class _Row:
    name: str
    curve: Callable[[Profile], Curve | None]


_ROWS = (
    _Row("value", lambda profile: profile.value),
    _Row("slope", lambda profile: profile.slope),
    _Row("target", lambda profile: profile.target),
    _Row("weight", lambda profile: profile.weight),
)


def variables(loss: Loss) -> tuple[str, ...]:
    """Return the names of the scalars that the branches of a loss depend on, each once."""
    return tuple(dict.fromkeys(loss.profile(branch).variable for branch in loss.branches))


def span(loss: Loss, variable: str) -> tuple[float, float]:
    """Return the range of the curves of a loss over one scalar."""
    profiles = [profile for _, profile in _profiles(loss, variable)]
    return min(profile.low for profile in profiles), max(profile.high for profile in profiles)


def curves(loss: Loss, language: str, references: Sequence[Reference] = (), variable: str = "") -> go.Figure:
    """Draw the closed form of a loss over one scalar (its first, if none is named), one row a quantity.

    The rows are value and slope, then the target curve of losses on angles and the weight of losses that weigh
    samples. Kinks, where the slope jumps, are marked. References are drawn faintly behind.
    """
    variable = variable or variables(loss)[0]
    own, ends = _profiles(loss, variable), span(loss, variable)
    rows = [row for row in _ROWS if any(row.curve(profile) for _, profile in own)]
    figure = make_subplots(rows=len(rows), cols=1, shared_xaxes=True, vertical_spacing=0.06)
    for place, row in enumerate(rows, 1):
        for number, reference in enumerate(references):
            for order, (_, profile) in enumerate(_profiles(reference.loss, variable)):
                line = {"color": _FAINT[number], "width": 1.5, "dash": _DASHES[order]}
                _add(figure, place, row.curve(profile), _grid(profile), name=reference.label, line=line)
        for order, (branch, profile) in enumerate(own):
            line = {"color": _COLOURS[order], "width": 3, "dash": _DASHES[order], "simplify": False}
            name = loss_term("branches", branch, language)
            _add(figure, place, row.curve(profile), _grid(profile), name=name, line=line)
            marker = {"color": _COLOURS[order], "symbol": "diamond-open", "size": 11, "line": {"width": 2}}
            kinks = np.array(_kinks(profile))
            name = text("ui.plot.kink", language)
            _add(figure, place, row.curve(profile), kinks, name=name, mode="markers", marker=marker)
        figure.update_yaxes(
            title_text=text(f"ui.plot.{row.name}", language), range=_range(figure, place, ends), row=place
        )
    _dress(figure, variable, ends, language, len(rows))
    return figure


def _profiles(loss: Loss, variable: str) -> list[tuple[str, Profile]]:
    """Return the branches over a scalar with their closed forms."""
    pairs = ((branch, loss.profile(branch)) for branch in loss.branches)
    return [(branch, profile) for branch, profile in pairs if profile.variable == variable]


def _kinks(profile: Profile) -> list[float]:
    return [kink for kink in profile.kinks if profile.low < kink < profile.high]


def _grid(profile: Profile) -> Floats:
    """Return where a curve is evaluated: evenly, and close to both sides of each kink, so that jumps are vertical."""
    near = 1e-7 * (profile.high - profile.low)
    sides = [kink + side for kink in _kinks(profile) for side in (-near, near)]
    return np.unique(np.concatenate([np.linspace(profile.low, profile.high, _SAMPLES), sides]))


def _add(figure: go.Figure, place: int, curve: Curve | None, x: Floats, **style: object) -> None:
    """Add a curve to a row if there is one; it gets one entry in the legend."""
    if curve is None or not len(x):
        return
    names = {trace.name for trace in figure.data}
    style = {"mode": "lines", "legendgroup": style["name"], "showlegend": style["name"] not in names} | style
    figure.add_trace(go.Scatter(x=x, y=curve(x), **style), row=place, col=1)


def _range(figure: go.Figure, place: int, ends: tuple[float, float]) -> list[float]:
    """Return the value range of a row between the ends, without a steep part that would flatten the rest."""
    traces = list(figure.select_traces(row=place, col=1))
    x = np.concatenate([np.asarray(trace.x, dtype=float) for trace in traces])
    y = np.concatenate([np.asarray(trace.y, dtype=float) for trace in traces])
    y = y[np.isfinite(y) & (x >= ends[0]) & (x <= ends[1])]
    low, high = float(y.min()), float(y.max())
    most = np.quantile(y, [_TAIL, 1 - _TAIL])
    if high - low > _STRETCH * (most[1] - most[0]) > 0:
        low, high = max(low, 2 * most[0] - most[1]), min(high, 2 * most[1] - most[0])
    room = 0.06 * (high - low) or 1.0
    return [low - room, high + room]


def _dress(figure: go.Figure, variable: str, ends: tuple[float, float], language: str, rows: int) -> None:
    figure.update_xaxes(range=list(ends), showline=True, zeroline=False, automargin=False)
    figure.update_yaxes(zeroline=True, automargin=False, title_standoff=8)
    if variable == "theta":
        degrees = range(0, 181, 30)
        names = [f"{angle}°<br>{math.radians(angle):.2f} rad" for angle in degrees]
        figure.update_xaxes(tickvals=[math.radians(angle) for angle in degrees], ticktext=names)
    figure.update_xaxes(title_text=loss_term("variables", variable, language), row=rows)
    figure.update_layout(
        height=ROW * rows + 90,
        margin={"l": LEFT, "r": RIGHT, "t": 36, "b": 60},
        hovermode="x unified",
        legend={"orientation": "h", "x": 0, "y": 1.0, "xanchor": "left", "yanchor": "bottom"},
    )
