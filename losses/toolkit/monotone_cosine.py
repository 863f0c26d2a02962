"""The cosine that keeps falling beyond pi, for margins that multiply the angle, and where it ties."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from losses.base import Advice
from losses.shape import Array, Shape
from losses.toolkit import sphere_tracing, stable_ops
from losses.toolkit.class_spread import widest_angle
from losses.toolkit.plane_boundaries import TIE, Index, scan_rays
from spec import Message

#: The length of the embeddings in profiles of losses without a scale: equal to the scale of the other losses.
RADIUS = 16.0


def monotone_cosine(angle: Tensor) -> Tensor:
    """Return ``(-1)^k cos(u) - 2k``, ``k = floor(u / pi)``, for angles ``u >= 0``; it falls smoothly without end."""
    k = torch.floor(angle.detach() / torch.pi)
    return (1 - 2 * torch.remainder(k, 2)) * torch.cos(angle) - 2 * k


def monotone_curve(angle: Array) -> tuple[Array, Array]:
    """Return ``monotone_cosine`` in NumPy, and its slope."""
    k = np.floor(angle / np.pi)
    sign = 1 - 2 * np.remainder(k, 2)
    return sign * np.cos(angle) - 2 * k, -sign * np.sin(angle)


def surplus(theta: Tensor, y: Tensor, classes: int, margin: float, blend: float) -> Tensor:
    """Return ``(psi(margin * theta) - cos(theta)) / (1 + blend)`` on the label's ``(N, C)``, zero elsewhere.

    For the angles ``(N,)`` to the class vectors of the labels.
    Times the lengths of sample and class vector it is what the margin of L-Softmax and A-Softmax adds to a linear
    score; written as an addition, it leaves gradients exact where a sample has no direction.
    """
    difference = (monotone_cosine(margin * theta) - torch.cos(theta)) / (1 + blend)
    return torch.where(stable_ops.is_label(y, classes), difference[:, None], 0)


def blend_curve(theta: Array, margin: float, blend: float) -> tuple[Array, Array]:
    """Return ``(blend * cos(theta) + psi(margin * theta)) / (1 + blend)`` in NumPy, and its slope."""
    theta = np.asarray(theta, dtype=np.float64)
    value, slope = monotone_curve(margin * theta)
    return (blend * np.cos(theta) + value) / (1 + blend), (margin * slope - blend * np.sin(theta)) / (1 + blend)


def margins(weight: Array, target: Callable[[Array], Array]) -> tuple[Shape, ...]:
    """Return where the label's changed score ties with the largest of the others: rays, or arcs on the unit sphere.

    The scores are ``w_j . z`` for class vectors ``(C, D)``; that of the label becomes ``|w| |z| target(theta)``.
    """
    if weight.shape[1] == 3:
        return sphere_tracing.margins(weight, target)
    length, heading = np.linalg.norm(weight, axis=1), np.arctan2(weight[:, 1], weight[:, 0])
    tie = TIE * length.max(initial=0)

    def leads(owner: Index, turn: Array) -> tuple[NDArray[np.bool_], Index, Array]:
        """Return whether the owner leads at a turn from its class vector, the best rival, and the direction."""
        at = heading[owner] + turn
        direction = np.stack([np.cos(at), np.sin(at)], axis=-1)
        others = direction @ weight.T
        np.put_along_axis(others, owner[..., None], -np.inf, axis=-1)
        lead = length[owner] * target(np.abs(turn)) - others.max(axis=-1)
        return lead > tie, others.argmax(axis=-1), direction

    return scan_rays(np.flatnonzero(length > 0), leads)


def tightness_advice(margin: float, blend: float, classes: int, dim: int) -> tuple[Advice, ...]:
    """Return advice where a class may be wider than the gap to the next, for class vectors as far apart as possible.

    With ``omega`` between class vectors the margin holds a class within ``omega / 4`` of its own just where
    ``blend <= (cos(3 omega / 4) - psi(margin omega / 4)) / (cos(omega / 4) - cos(3 omega / 4))``; that is zero at
    a margin of 3 (Liu et al. 2017, property 3) and negative below.
    """
    if margin < 3:
        return (Advice("margin", 3.0, Message.of("losses.advice.multiplied_margin", margin=margin)),)
    quarter = widest_angle(classes, dim) / 4
    near, far = np.cos(quarter), np.cos(3 * quarter)
    most = float((far - monotone_curve(np.asarray(margin * quarter))[0]) / (near - far)) if near > far else 0.0
    if blend <= most + TIE:
        return ()
    message = Message.of("losses.advice.blend", blend=blend, most=most, margin=margin, classes=classes, dim=dim)
    return (Advice("blend", most, message),)
