"""The scores of a class head as a few numbers, so that a shader can evaluate them at every pixel."""

import math
from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor


class HeadKind(StrEnum):
    """How a head scores a point against a class."""

    LINEAR = "linear"  # w_j . z + b_j
    COSINE = "cosine"  # cos(angle between w_j and z)
    EUCLIDEAN = "euclidean"  # -1/2 |z - w_j|^2 + b_j
    MAHALANOBIS = "mahalanobis"  # -1/2 sum (z - w_j)^2 / exp(v_j) - 1/2 sum v_j + b_j


@dataclass(frozen=True, kw_only=True, eq=False)
class Head:
    """Scores of ``C`` classes in ``D`` dimensions, and what the margin makes of the score of the label.

    ``weight`` ``(C, D)`` holds class vectors or centres, ``bias`` ``(C,)`` the constants that are added,
    ``log_variance`` ``(C, D)`` belongs to the Mahalanobis kind alone.
    With the margin as if the label were ``c``, the score of class ``c`` becomes

    - linear: ``|w_c| |z| (f(theta) - cosine) + b_c - score``
    - cosine: ``f(theta) - cosine``
    - Euclidean, Mahalanobis: the (half, squared) distance times ``1 + distance``

    where ``f(theta) = (blend * cos(theta) + psi(factor * theta + angle)) / (1 + blend)`` and
    ``psi(u) = (-1)^k cos(u) - 2k``, ``k = floor(u / pi)``, is the cosine up to pi and keeps falling
    beyond (Liu et al. 2016, eq. 6). A point lies in the margin band of its predicted class where that class no
    longer wins with this score.
    ``learned`` is false where a loss has no head and the class means stand in for it.
    """

    kind: HeadKind
    weight: Tensor
    bias: Tensor
    log_variance: Tensor | None = None
    factor: float = 1.0
    blend: float = 0.0
    angle: float = 0.0
    cosine: float = 0.0
    score: float = 0.0
    distance: float = 0.0
    learned: bool = True

    def scores(self, z: Tensor) -> Tensor:
        """Score points ``(N, D)`` against every class: ``(N, C)``, larger is better."""
        if self.kind is HeadKind.LINEAR:
            return z @ self.weight.T + self.bias
        if self.kind is HeadKind.COSINE:
            return _cosine(z, self.weight)
        return -self._half_squared(z) + self._offset()

    def targets(self, z: Tensor) -> Tensor:
        """Score points ``(N, D)`` as if each class in turn were the label, margin applied: ``(N, C)``."""
        if self.kind in {HeadKind.EUCLIDEAN, HeadKind.MAHALANOBIS}:
            return -(1 + self.distance) * self._half_squared(z) + self._offset()
        cosine = _cosine(z, self.weight).clamp(-1, 1)
        u = self.factor * torch.acos(cosine) + self.angle
        k = torch.floor(u / math.pi)
        psi = (1 - 2 * torch.remainder(k, 2)) * torch.cos(u) - 2 * k
        target: Tensor = (self.blend * cosine + psi) / (1 + self.blend) - self.cosine
        if self.kind is HeadKind.COSINE:
            return target
        linear: Tensor = z.norm(dim=1, keepdim=True) * self.weight.norm(dim=1) * target + self.bias - self.score
        return linear

    def _half_squared(self, z: Tensor) -> Tensor:
        squared = (z[:, None, :] - self.weight) ** 2
        if self.log_variance is not None:
            squared = squared * torch.exp(-self.log_variance)
        half: Tensor = squared.sum(dim=2) / 2
        return half

    def _offset(self) -> Tensor:
        return self.bias if self.log_variance is None else self.bias - self.log_variance.sum(dim=1) / 2


def _cosine(z: Tensor, weight: Tensor) -> Tensor:
    return torch.nn.functional.normalize(z, dim=1, eps=1e-8) @ torch.nn.functional.normalize(weight, dim=1, eps=1e-8).T
