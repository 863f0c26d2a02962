"""The axes of a film: one view for all frames, for each panel or for all panels together."""

from collections.abc import Iterable

import numpy as np

from engine import Experiment, Frame, PanelFrame
from losses import LOSSES, Family, HeadKind
from plots.lens import Floats, View, edges, fit_view

#: Families whose scores grow with the length of the embedding in the same way.
_LINEAR = {Family.SOFTMAX, Family.WEIGHTING}

#: On each side one point in 500 may lie outside, if the view would have to grow by this factor to include it.
_STRAY, _WORTH = 0.002, 1.5


def own_axes(experiment: Experiment) -> bool:
    """Return whether each panel needs axes of its own, because the sizes of the pictures cannot be compared."""
    families = {LOSSES[panel.loss].family for panel in experiment.panels}
    return len(families) > 1 and not families <= _LINEAR


def views(frames: Iterable[tuple[Frame, float]], own: bool) -> tuple[View, ...]:
    """Return a view for each panel that shows it in all frames; the same view for all, unless each has its ``own``.

    ``frames`` are pairs of a frame and, in space, the azimuth of the camera in radians.
    """
    bounds: list[_Bounds] = []
    for frame, azimuth in frames:
        bounds = bounds or [_Bounds(panel.embeddings.shape[1]) for panel in frame.panels]
        for each, panel in zip(bounds, frame.panels, strict=True):
            each.take(panel, edges(panel.embeddings.shape[1], azimuth))
    if own:
        return tuple(each.view() for each in bounds)
    for other in bounds[1:]:
        bounds[0].join(other)
    return (bounds[0].view(),) * len(bounds) if bounds else ()


class _Bounds:
    """How far a panel reaches towards the edges of its pictures, without stray points and with them."""

    def __init__(self, dim: int) -> None:
        self._dim = dim
        self._edges: list[Floats] = []
        self._most: list[Floats] = []
        self._every: list[Floats] = []

    def take(self, panel: PanelFrame, towards: Floats) -> None:
        """Grow to include a panel of a frame; ``towards`` ``(E, D)`` are the directions of the edges of its picture."""
        z = panel.embeddings[np.isfinite(panel.embeddings).all(axis=1)].astype(np.float64)
        reach = np.sort(z @ towards.T, axis=0)
        beside = _beside(panel, towards)
        none = np.full(len(towards), -np.inf)
        self._edges.append(towards)
        self._most.append(np.maximum(beside, reach[-1 - int(_STRAY * len(z))] if len(z) else none))
        self._every.append(np.maximum(beside, reach[-1] if len(z) else none))

    def join(self, other: "_Bounds") -> None:
        """Grow to include another panel in the same frames."""
        self._most = list(np.maximum(self._most, other._most))
        self._every = list(np.maximum(self._every, other._every))

    def view(self) -> View:
        """Return the view that shows all this."""
        towards = np.concatenate(self._edges)
        inner, outer = (fit_view(towards, np.concatenate(reach)) for reach in (self._most, self._every))
        return outer if outer.radius <= _WORTH * inner.radius else inner


def _beside(panel: PanelFrame, towards: Floats) -> Floats:
    """Return how far the origin, the unit circle (sphere) or the centres reach, which are shown beside the points."""
    match panel.head.kind:
        case HeadKind.LINEAR:
            return np.zeros(len(towards))
        case HeadKind.COSINE:
            return np.array([np.linalg.norm(each) for each in towards])
    centers = panel.head.weight.numpy().astype(np.float64)
    reach: Floats = (centers[np.isfinite(centers).all(axis=1)] @ towards.T).max(axis=0, initial=-np.inf)
    return reach
