"""One panel of a frame as an SVG picture: samples by class, a rim around mistakes, and the class vectors."""

import math
from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from engine.frames.frame import PanelFrame
from engine.state.points import Points
from losses import HeadKind
from spec.palette import class_hex

Floats = NDArray[np.float64]
Pixels = NDArray[np.int64]

#: Samples of a panel that are drawn, so that a picture stays small.
_MAX_SAMPLES = 2000

#: Lengths in units of the picture: its side, the width of a sample, of a rim and of a class vector.
_SIDE, _DOT, _RIM, _STROKE = 1000, 15, 8, 8

#: Which way is right and which is up in a picture of space: the stage's first camera.
_CAMERA = np.array([[-0.644, 0.765, 0.0], [-0.312, -0.263, 0.913]])


def sample_stride(points: Points) -> int:
    """Return ``k`` where every ``k``-th sample is drawn."""
    return max(1, math.ceil(len(points.labels) / _MAX_SAMPLES))


def draw_panel(panel: PanelFrame, points: Points, label: str) -> str:
    """Return a panel as an ``svg`` element; ``label`` describes it to a screen reader and is escaped already."""
    tag = f'<svg viewBox="0 0 {_SIDE} {_SIDE}" width="240" height="240" role="img" aria-label="{label}"'
    style = 'style="border:1px solid rgba(128,128,128,0.4)" fill="none" stroke-linecap="round"'
    return f"{tag} {style}>{_paths(panel, points)}</svg>"


def _paths(panel: PanelFrame, points: Points) -> str:
    stride = sample_stride(points)
    z, labels = panel.embeddings[::stride], points.labels[::stride]
    finite = np.isfinite(z).all(axis=1)
    z, labels = z[finite], labels[finite]
    wrong = panel.head.scores(torch.from_numpy(np.ascontiguousarray(z))).argmax(dim=1).numpy() != labels
    lines = _class_vectors(panel, z.astype(np.float64), labels)
    to_pixels = _projection(np.concatenate([z.astype(np.float64), *lines.values()]))
    at = to_pixels(z)
    paths = [_path(_dots(at[wrong]), "currentColor", _DOT + 2 * _RIM)]
    paths += [_path(_dots(at[labels == c]), class_hex(int(c)), _DOT) for c in np.unique(labels)]
    # mistakes again, so that no other sample covers one
    paths += [_path(_dots(at[wrong & (labels == c)]), class_hex(int(c)), _DOT) for c in np.unique(labels[wrong])]
    for c, ends in lines.items():
        (x0, y0), (x1, y1) = to_pixels(ends).tolist()
        paths.append(_path(f"M{x0} {y0}L{x1} {y1}", class_hex(c), _STROKE))
    return "".join(paths)


def _class_vectors(panel: PanelFrame, z: Floats, labels: NDArray[np.uint8]) -> Mapping[int, Floats]:
    """Return for each class the ends ``(2, D)`` of its vector.

    Where only directions count, every vector is as long as the samples are far out; else the longest one is.
    """
    weight = panel.head.weight.numpy().astype(np.float64)
    norms = np.linalg.norm(weight, axis=1)
    if panel.head.kind not in {HeadKind.LINEAR, HeadKind.COSINE} or not np.isfinite(norms).all():
        return {}
    distances = [np.linalg.norm(z[labels == c].mean(axis=0)) for c in np.unique(labels)]
    median = float(np.median(distances)) if distances else 1.0
    longest = norms if panel.head.kind is HeadKind.COSINE else np.full(len(norms), norms.max())
    return {
        c: np.stack([np.zeros(weight.shape[1]), 0.8 * median * vector / scale])
        for c, (vector, norm, scale) in enumerate(zip(weight, norms, longest, strict=True))
        if norm > 0
    }


def _projection(points: Floats) -> Callable[[NDArray[np.floating]], Pixels]:
    """Return the function from ``(N, D)`` to pixels ``(N, 2)`` that puts all of ``points`` into the picture."""

    def flatten(z: Floats) -> Floats:
        return z if z.shape[1] == 2 else z @ _CAMERA.T

    flat = flatten(points)
    low = flat.min(axis=0, initial=np.inf) if len(flat) else np.zeros(2)
    high = flat.max(axis=0, initial=-np.inf) if len(flat) else np.ones(2)
    unit = 0.92 * _SIDE / max(float(np.max(high - low)), 1e-12)

    def to_pixels(z: NDArray[np.floating]) -> Pixels:
        offset = (flatten(z.astype(np.float64)) - (low + high) / 2) * unit * (1, -1)
        return np.rint(_SIDE / 2 + offset).astype(np.int64)

    return to_pixels


def _dots(at: Pixels) -> str:
    """Return a path with a dot at each place: a line of length 0 with round ends is a dot."""
    return "".join(f"M{x} {y}h0" for x, y in at.tolist())


def _path(steps: str, colour: str, width: int) -> str:
    return f'<path d="{steps}" stroke="{colour}" stroke-width="{width}"/>' if steps else ""
