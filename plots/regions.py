"""Decision regions and margin bands, evaluated from the head at every pixel."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from losses import Head, HeadKind

#: Numbers in memory at once while scores are computed.
_AT_ONCE = 4_000_000


@dataclass(frozen=True, eq=False)
class Regions:
    """What is under each pixel ``(H, W)``, the upper row first.

    ``winner`` is the class with the best score, ``rival`` the next one. ``share`` (0.5 to 1) is the winner's part of
    a pixel, for smooth edges; ``band`` (0 to 1) is the part of the pixel inside the winner's margin band.
    """

    winner: NDArray[np.intp]
    rival: NDArray[np.intp]
    share: NDArray[np.float32]
    band: NDArray[np.float32]


def has_margin(head: Head) -> bool:
    """Return whether the margin changes any score."""
    if head.kind in {HeadKind.EUCLIDEAN, HeadKind.MAHALANOBIS}:
        return head.distance != 0
    plain = head.factor == 1 and head.angle == 0 and head.cosine == 0
    return not plain or (head.kind is HeadKind.LINEAR and head.score != 0)


def regions(head: Head, places: NDArray[np.float32]) -> Regions:
    """Evaluate a head at the coordinates ``(H, W, 2)`` of the pixels."""
    height, width, dim = places.shape
    classes, margin = len(head.weight), has_margin(head)
    rows = max(1, _AT_ONCE // (width * classes * dim))
    order: list[torch.Tensor] = []
    lead: list[torch.Tensor] = []
    short: list[torch.Tensor] = []
    for top in range(0, height, rows):
        part = torch.from_numpy(places[top : top + rows].reshape(-1, dim))
        best, who = head.scores(part).topk(min(2, classes), dim=1)
        order.append(who)
        lead.append(best[:, 0] - best[:, -1])
        if margin:
            short.append(best[:, -1] - head.targets(part).gather(1, who[:, :1])[:, 0])
    winner, rival = (column.reshape(height, width) for column in torch.cat(order).numpy()[:, [0, -1]].T)
    ahead = torch.cat(lead).numpy().reshape(height, width)
    # the lead has a kink where the winner changes; the steeper side of a pixel says how fast it falls there
    share = np.clip(0.5 + ahead / _slope(ahead, np.fmax), 0.5, 1).astype(np.float32)
    band = np.zeros_like(share)
    if margin:
        # the missing score jumps where the winner changes; the flatter side of a pixel lies within one region
        missing = torch.cat(short).numpy().reshape(height, width)
        band = np.clip(0.5 + missing / _slope(missing, np.fmin), 0, 1).astype(np.float32)
    return Regions(winner, rival, share, band)


def _slope(values: NDArray[np.float32], chosen: np.ufunc) -> NDArray[np.float32]:
    """Return the change of values ``(H, W)`` from pixel to pixel along both axes, on the larger or smaller side."""
    total = np.zeros_like(values)
    for axis in (0, 1):
        step = np.abs(np.diff(values, axis=axis))
        at = [(1, 0) if axis == side else (0, 0) for side in (0, 1)]
        before = np.pad(step, at, constant_values=np.nan)
        after = np.pad(step, [each[::-1] for each in at], constant_values=np.nan)
        total += np.nan_to_num(chosen(before, after))  # a single row or column has no other side
    return np.maximum(total, np.float32(1e-20))
