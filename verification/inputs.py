"""The inputs that the worked numbers are worked on, in float64, by name: ``z``, ``y`` and the state beside them."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

Inputs = Mapping[str, Tensor]


def rows(*values: list[float]) -> Tensor:
    """Return rows of numbers."""
    return torch.tensor(values, dtype=torch.float64)


def polar(radius: float, degrees: float) -> list[float]:
    """Return the point of the plane at a radius and an angle."""
    return [radius * math.cos(math.radians(degrees)), radius * math.sin(math.radians(degrees))]


def at(s_p: Tensor, s_n: Tensor) -> tuple[Tensor, Tensor]:
    """Return an anchor with positives and negatives at given cosines, each in a direction of its own, and labels."""
    s = torch.cat([s_p, s_n])
    others = torch.cat([s[:, None], torch.diag(torch.sqrt(1 - s**2))], dim=1)
    anchor = torch.eye(1, len(s) + 1, dtype=s.dtype)
    return torch.cat([anchor, others]), torch.tensor([0] * (len(s_p) + 1) + list(range(1, len(s_n) + 1)))


def alone(scores: list[float]) -> dict[str, Tensor]:
    """Return samples of the one class there is, with these scores."""
    z = torch.tensor(scores, dtype=torch.float64)[:, None]
    return {"z": z, "y": torch.zeros(len(z), dtype=torch.int64), "weight": torch.ones(1, 1, dtype=torch.float64)}


def _similar(s_p: list[float], s_n: list[float]) -> dict[str, Tensor]:
    z, y = at(torch.tensor(s_p, dtype=torch.float64), torch.tensor(s_n, dtype=torch.float64))
    return {"z": z, "y": y}


EYE = torch.eye(3, dtype=torch.float64)
WHEEL = rows(*(polar(1, 36 * k) for k in range(10)))

K1 = {"z": rows(polar(2, 10), polar(1.5, 25), polar(1, 100)), "y": torch.tensor([0, 0, 3]), "weight": WHEEL}
K2 = {
    "z": rows([2, 1], [-1, 0.5], [0.3, -1.2]),
    "y": torch.tensor([0, 1, 2]),
    "weight": rows([1, 0], [-0.5, 1], [0.2, -1.5]),
}
K3 = {
    "z": rows([0, 0], [1, 0], [0.6, 0.5], [1.4, 0.3], [-0.4, 0.8], [0.2, 1.6]),
    "y": torch.tensor([0, 0, 1, 1, 2, 2]),
}
_ANCHORS = rows([1, 0.2], [-0.3, 1.1], [-0.9, -0.4])
_POSITIVES = rows([0.8, -0.1], [0.1, 0.9], [-0.5, -1.0])
K4 = {
    "z": torch.stack([_ANCHORS, _POSITIVES], dim=1).reshape(6, 2),
    "y": torch.tensor([0, 0, 1, 1, 2, 2]),
}
K5 = {
    "z": rows([0.4, 0.3], [1.5, -0.5], [0.2, 1.1], [1.1, 0.2]),
    "y": torch.tensor([0, 1, 2, 0]),
    "means": rows([0, 0], [2, 0], [0, 2]),
    "log_variance": rows([1, 1], [0.5, 2], [2, 0.25]).log(),
}
#: The logits of K6 are embeddings under the identity.
K6 = {"z": rows([2, 0.5, -1], [0.2, 0.1, 0.3], [-1, 3, 0]), "y": torch.tensor([0, 2, 2]), "weight": EYE}

#: The class vectors themselves, each with its own label: what the least loss on the ring is measured on.
PERFECT = {"z": WHEEL, "y": torch.arange(10), "weight": WHEEL}

#: Ten logits with targets; with one class alone the target is always one, so those with target zero change sign.
_LOGITS = [-4, -3.5, -3, -2.5, -2, -0.5, 0.3, 2.2, 3, -1.2]
_TARGETS = [0, 0, 0, 0, 0, 0, 0, 1, 1, 1]

#: Predictions and targets of a regression, as one class whose target is one.
_PREDICTED, _WANTED = [0, 0.5, 1, 2, 0.01, -0.3], [0.02, 0.4, -1, 2.05, 0, 0.3]

_CENTERS = {
    "z": rows([1, 0.2], [0.8, -0.1], [-0.3, 1.1], [0.1, 0.9]),
    "weight": torch.zeros(3, 2, dtype=torch.float64),
    "centers": rows([0.5, 0], [0, 0.5], [0, -0.5]),
}

#: Every set of inputs by its name, under which its words stand in ``verify.inputs``.
INPUTS: Mapping[str, Inputs] = {
    "k1": K1,
    "k2": K2,
    "k3": K3,
    "k4": K4,
    "k5": K5,
    "k5_round": {**K5, "log_variance": torch.zeros(3, 2, dtype=torch.float64)},
    "k6": K6,
    "perfect": PERFECT,
    "cat": {"z": rows([3.2, 5.1, -1.7]), "y": torch.tensor([0]), "weight": EYE},
    "cat_car_frog": {
        "z": rows([3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]),
        "y": torch.arange(3),
        "weight": EYE,
    },
    # logits and targets (2, 1), (0.5, 0) and (-1, 1), (-3, 0)
    "binary": {"z": rows([2, 0.5], [-1, -3]), "y": torch.tensor([0, 0]), "weight": EYE[:2, :2]},
    "pair": {"z": rows([0, 0], [0.3, 0.4]), "y": torch.tensor([4, 4])},
    "strangers": {"z": rows([0, 0], [0.3, 0.4]), "y": torch.tensor([4, 5])},
    "far_strangers": {"z": rows([0, 0], [0, 1.3]), "y": torch.tensor([4, 5])},
    "springs": {**_CENTERS, "y": torch.tensor([0, 0, 1, 1])},
    "uneven_springs": {**_CENTERS, "y": torch.tensor([0, 0, 0, 1])},
    "ten_logits": alone([f if t else -f for f, t in zip(_LOGITS, _TARGETS, strict=True)]),
    "six_errors": alone([1 + y - t for y, t in zip(_PREDICTED, _WANTED, strict=True)]),
    "residuals": alone([1 + r for r in (-3, -0.5, 0.2, 1, 2.5)]),
    "lead": alone([0.7]),
    "behind": alone([-0.7]),
    "similarities": _similar([0.8, 0.5], [0.3, -0.2, 0.6]),
    "one_pair": _similar([0.8], [0.3]),
}
