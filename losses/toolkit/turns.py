"""Which parts of a full turn several sinusoids leave open: where circles and conics are cut by others."""

import numpy as np
from numpy.typing import NDArray

from losses.shape import Array
from losses.toolkit.plane_boundaries import TIE


def open_turns(level: Array, sway: Array, lean: Array) -> tuple[NDArray[np.intp], Array, Array]:
    """Return where all of ``level + sway * cos(t - lean)`` of a row are positive: rows, starts and stops (radians).

    For arrays ``(P, K)`` of size about one, ``sway`` not negative. Starts lie between 0 and 2 pi, stops behind them;
    a row without cuts has one part, from 0 to 2 pi.
    """
    cut = sway - np.abs(level) > TIE
    half = np.arccos(np.where(cut, -level / np.where(cut, sway, 1), 0))
    ends = np.remainder(np.concatenate([lean - half, lean + half], axis=1), 2 * np.pi)
    cuts = np.concatenate([cut, cut], axis=1)
    # a sinusoid that does not cut ends where another one does, or at zero, so its parts have no length
    spare = np.where(cuts, ends, 0).max(axis=1, keepdims=True, initial=0)
    start = np.sort(np.concatenate([np.where(cuts, ends, spare), spare], axis=1), axis=1)
    stop = np.concatenate([start[:, 1:], start[:, :1] + 2 * np.pi], axis=1)
    middle = (start + stop)[:, :, None] / 2
    positive = (level[:, None] + sway[:, None] * np.cos(middle - lean[:, None]) >= -TIE).all(axis=2)
    row, part = np.nonzero(positive & (stop - start > TIE))
    return row, start[row, part], stop[row, part]
