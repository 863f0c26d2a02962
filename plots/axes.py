"""What must be seen of a run: one view for all its frames, of each panel or of all together."""

from collections.abc import Iterable

import numpy as np

from engine import Experiment, Frame, PanelFrame
from losses import LOSSES, Family, HeadKind
from plots.lens import Floats, View, edges, fitted

#: Families whose scores grow with the length of the embedding alike.
_LINEAR = {Family.SOFTMAX, Family.WEIGHTING}

#: One stray point in five hundred on a side may lie outside, where the view would have to grow so much for it.
_STRAY, _WORTH = 0.002, 1.5


def own_axes(experiment: Experiment) -> bool:
    """Tell whether each panel needs axes of its own: the sizes of some pictures say nothing about the others."""
    families = {LOSSES[panel.loss].family for panel in experiment.panels}
    return len(families) > 1 and not families <= _LINEAR


def views(frames: Iterable[tuple[Frame, float]], own: bool) -> tuple[View, ...]:
    """Return a view for each panel that shows it in all the frames; the same one for all, unless each has its own.

    Beside each frame stands the azimuth from which it is seen, in space.
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
    """How far a panel reaches towards the edges of its pictures: without strays, and with every point."""

    def __init__(self, dim: int) -> None:
        self._dim = dim
        self._edges: list[Floats] = []
        self._most: list[Floats] = []
        self._every: list[Floats] = []

    def take(self, panel: PanelFrame, towards: Floats) -> None:
        """Grow to a panel in a frame, in the directions ``(E, D)`` of the edges of its picture."""
        z = panel.embeddings[np.isfinite(panel.embeddings).all(axis=1)].astype(np.float64)
        reach = np.sort(z @ towards.T, axis=0)
        beside = _beside(panel, towards)
        none = np.full(len(towards), -np.inf)
        self._edges.append(towards)
        self._most.append(np.maximum(beside, reach[-1 - int(_STRAY * len(z))] if len(z) else none))
        self._every.append(np.maximum(beside, reach[-1] if len(z) else none))

    def join(self, other: "_Bounds") -> None:
        """Grow to another panel in the same frames."""
        self._most = list(np.maximum(self._most, other._most))
        self._every = list(np.maximum(self._every, other._every))

    def view(self) -> View:
        """Return the view that shows this."""
        towards = np.concatenate(self._edges)
        inner, outer = (fitted(towards, np.concatenate(reach)) for reach in (self._most, self._every))
        return outer if outer.radius <= _WORTH * inner.radius else inner


def _beside(panel: PanelFrame, towards: Floats) -> Floats:
    """Return how far reaches what is seen beside the points: the origin, the unit circle (sphere), or centres."""
    match panel.head.kind:
        case HeadKind.LINEAR:
            return np.zeros(len(towards))
        case HeadKind.COSINE:
            return np.array([np.linalg.norm(each) for each in towards])
    centers = panel.head.weight.numpy().astype(np.float64)
    reach: Floats = (centers[np.isfinite(centers).all(axis=1)] @ towards.T).max(axis=0, initial=-np.inf)
    return reach
