"""How far apart class vectors can stand, and where they start."""

import math
from functools import cache

import numpy as np
import torch
from torch import Tensor

from losses.shape import Array
from spec import Refusal

#: Largest smallest angle between C points on the sphere, in degrees: the Tammes problem. Proved for C <= 14 and
#: C = 24 (Musin & Tarasov 2012, 2015; Robinson 1961), best known otherwise (N. J. A. Sloane, Tables of Spherical
#: Codes, dimension 3). Our own packing comes within one degree of each (tests/losses/test_class_spread.py).
TAMMES = {
    5: 90.0, 6: 90.0, 7: 77.8695421, 8: 74.8584922, 9: 70.5287794, 10: 66.1468220, 11: 63.4349488, 12: 63.4349488,
    13: 57.1367031, 14: 55.6705700, 15: 53.6578501, 16: 52.2443957, 17: 51.0903285, 18: 49.5566548, 19: 47.6919141,
    20: 47.4310362, 21: 45.6132231, 22: 44.7401612, 23: 43.7099642, 24: 43.6907671,
}  # fmt: skip

#: The length of class vectors at the start where they could merge early in training: with one class against the
#: rest, and in circle loss. Longer class vectors turn more slowly than the embeddings.
#: Digits in the plane, test accuracy from length 1 to 20: hinge 0.85 to 0.94, circle 0.59 to 0.97.
STIFF = 20.0


def widest_angle(classes: int, dim: int) -> float:
    """Return the largest smallest angle (radians) that ``classes`` unit vectors can have in ``dim`` dimensions.

    Exact in the plane, for a simplex (``classes <= dim + 1``), up to ``2 * dim`` classes (Rankin 1955) and in the
    table of the sphere; an upper bound otherwise (Fejes Toth 1943 on the sphere, a right angle above).
    """
    if classes <= dim + 1:
        return math.acos(-1 / (classes - 1)) if classes > 1 else math.pi
    if dim == 1:
        return 0.0
    if dim == 2:
        return 2 * math.pi / classes
    if dim == 3 and classes in TAMMES:
        return math.radians(TAMMES[classes])
    if dim == 3:
        cot = 1 / math.tan(math.pi * classes / (6 * (classes - 2)))
        return math.acos((cot**2 - 1) / 2)
    return math.pi / 2


def needed_scale(classes: int, dim: int, posterior: float = 0.9) -> float:
    """Return the scale at which a sample on its class vector reaches a posterior, for softmax over scaled cosines.

    On the ring and on the sphere this is for the start vectors, found by bisection; above it is the bound
    ``(C - 1) / C ln((C - 1) P / (1 - P))`` of Wang et al. 2018 (CosFace, eq. 6), tight for a simplex only.
    """
    odds = math.log(posterior / (1 - posterior))
    if classes <= dim + 1 or dim > 3:
        return (classes - 1) / classes * (math.log(classes - 1) + odds)
    vectors = _ring(classes) if dim == 2 else _sphere(classes)
    gaps = vectors @ vectors.T - 1
    low, high = 0.0, 1e6
    for _ in range(60):  # halves 1e6 to below 1e-12
        scale = (low + high) / 2
        enough = bool(np.all(np.exp(scale * gaps).sum(axis=1) - 1 <= math.exp(-odds)))
        low, high = (low, scale) if enough else (scale, high)
    return high


def start_vectors(classes: int, dim: int, rng: torch.Generator | np.random.Generator) -> Tensor:
    """Return unit vectors ``(C, D)`` (float32) for classes to start from.

    Evenly round the circle, class k at ``2 pi k / C``; as far apart as possible on the sphere; random above.
    Raises ``Refusal`` for less than two classes or one dimension.
    """
    if classes < 2 or dim < 1:
        raise Refusal("errors.start_size", classes=classes, dim=dim)
    if dim == 2:
        return torch.tensor(_ring(classes), dtype=torch.float32)
    if dim == 3:
        return torch.tensor(_sphere(classes), dtype=torch.float32)
    if isinstance(rng, np.random.Generator):
        normal = torch.from_numpy(rng.standard_normal((classes, dim), dtype=np.float32))
    else:
        normal = torch.randn(classes, dim, generator=rng, device=rng.device).cpu()
    return torch.nn.functional.normalize(normal, dim=1)


def _ring(classes: int) -> Array:
    angle = 2 * np.pi * np.arange(classes) / classes
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


@cache
def _sphere(classes: int) -> Array:
    """Push points apart on the sphere from a few fixed starts, ever harder for the nearest, and keep the best."""
    rng = np.random.default_rng(classes)
    points = rng.standard_normal((8, classes, 3))
    points /= np.linalg.norm(points, axis=2, keepdims=True)
    same = np.eye(classes, dtype=bool)
    # forces fall as distance^-power; steps and powers as found by trial: within 1 degree of every entry of TAMMES
    for share in np.linspace(0, 1, 600):
        power, step = 2 * 600.0**share, 0.3 * 1e-5**share
        apart = points[:, :, None] - points[:, None]
        squared = (apart**2).sum(axis=3)
        squared[:, same] = np.inf
        nearest = squared.min(axis=(1, 2), keepdims=True)
        force = ((nearest / squared) ** (power / 2))[..., None] * apart
        push = force.sum(axis=2)
        push -= (push * points).sum(axis=2, keepdims=True) * points
        push /= np.linalg.norm(push, axis=2).max(axis=1)[:, None, None] + 1e-30  # at rest nothing moves
        points = points + step * push
        points /= np.linalg.norm(points, axis=2, keepdims=True)
    closest = np.where(same, -1, points @ points.transpose(0, 2, 1)).max(axis=(1, 2))
    best: Array = points[closest.argmin()]
    best.flags.writeable = False
    return best
