"""The common parts of losses on linear scores ``w_j . z + b_j``: one class against the rest, or all together."""

import dataclasses
import math

import numpy as np
import torch
from torch import Tensor

from losses.base import Advice, Profile, Randomness, State
from losses.head import Head, HeadKind
from losses.shape import Array, Role, Scene, Shape
from losses.toolkit import sphere_boundaries, stable_ops
from losses.toolkit.class_spread import STIFF, start_vectors, widest_angle
from losses.toolkit.plane_boundaries import linear_boundaries
from spec import Message

#: The length of class vectors at the start of a regression: shorter than ``STIFF``, as a score of one needs a sample
#: only one over this length away. Digits in the plane, median accuracy of lengths 3, 7, 20: GHM-R 0.93, 0.93, 0.92.
CODE_LENGTH = 7.0


def start(
    classes: int, dim: int, rng: Randomness, *, bias: bool, length: float = 1.0, constant: float = 0.0
) -> dict[str, Tensor]:
    """Return class vectors of a length and, with ``bias``, equal biases."""
    state = {"weight": length * start_vectors(classes, dim, rng)}
    return state | ({"bias": torch.full((classes,), constant)} if bias else {})


def one_vs_rest(classes: int, dim: int, margin: float = 1.0) -> dict[str, float]:
    """Return length and bias of the start for losses of one class against the rest, as arguments of ``start``.

    With this bias, and classes as far apart as they go, a sample that scores ``margin`` for its own class scores
    ``-margin`` for the nearest other. Until samples are that far out only their own class pulls them; from a bias
    of zero the other classes push first, and classes merge (digits in the plane, hinge: 0.62 against 0.94).
    """
    cosine = math.cos(widest_angle(classes, dim))
    between = (1 + cosine) / (1 - cosine) if cosine < 1 else 1.0  # on a line there is no such bias
    return {"length": STIFF, "constant": -float(margin) * between}


def scores(z: Tensor, state: State, *, bias: bool) -> Tensor:
    """Return the scores ``(N, C)``."""
    return stable_ops.linear(z, state["weight"], state["bias"] if bias else None)


def head(state: State, *, bias: bool, lead: float = 0.0) -> Head:
    """Return the head; ``lead`` is the margin by which the label must lead."""
    weight = state["weight"]
    return Head(
        kind=HeadKind.LINEAR,
        weight=weight,
        bias=state["bias"] if bias else weight.new_zeros(len(weight)),
        score=float(lead),
    )


def boundaries(scene: Scene, *, bias: bool) -> tuple[Shape, ...]:
    """Return the boundaries in the plane.

    In space they are planes, for which there is no shape; without a bias they all pass through the origin, and
    their cuts with the unit sphere are returned.
    """
    if scene.dim != 2:
        return sphere_boundaries.boundaries(scene.state["weight"]) if scene.dim == 3 and not bias else ()
    return linear_boundaries(scene.state["weight"], scene.state["bias"] if bias else np.zeros(scene.classes))


def margins(scene: Scene, *, bias: bool, lead: float) -> tuple[Shape, ...]:
    """Return where, in the plane, the score of a class is ``lead`` above the largest of the others."""
    if scene.dim != 2 or lead == 0:
        return ()
    shapes: list[Shape] = []
    for owner in range(scene.classes):
        biases = scene.state["bias"].copy() if bias else np.zeros(scene.classes)
        biases[owner] -= lead
        for shape in linear_boundaries(scene.state["weight"], biases):
            if owner in {shape.owner, shape.rival}:
                rival = shape.rival if shape.owner == owner else shape.owner
                shapes.append(dataclasses.replace(shape, role=Role.MARGIN, owner=owner, rival=rival))
    return tuple(shapes)


def with_sign(scores: Tensor, y: Tensor) -> Tensor:
    """Return the scores ``(N, C)`` of the label as they are and those of other classes with the opposite sign."""
    return torch.where(stable_ops.is_label(y, scores.shape[1]), scores, -scores)


def residuals(scores: Tensor, y: Tensor) -> Tensor:
    """Return the differences of scores ``(N, C)`` from the one-hot code of the labels."""
    return scores - stable_ops.is_label(y, scores.shape[1]).to(scores)


def one_class(score: Tensor) -> tuple[Tensor, Tensor, State]:
    """Return samples of a single class with scores ``(N,)``: embeddings, labels and state."""
    z = torch.stack([score, torch.zeros_like(score)], dim=1)
    state = {"weight": z.new_tensor([[1, 0]]), "bias": z.new_zeros(1)}
    return z, torch.zeros(len(score), dtype=torch.int64, device=z.device), state


def bias_advice(classes: int, dim: int, *, bias: bool) -> tuple[Advice, ...]:
    """Return advice where a class cannot be separated from the rest without a bias.

    A class needs a half plane through the origin to itself, so the gaps to its two neighbours add up to more than
    pi; all such sums together are 4 pi, which is enough for three classes.
    """
    if bias or dim != 2 or classes <= 3:
        return ()
    return (Advice("bias", 1.0, Message.of("losses.advice.bias", classes=classes)),)


def regression_advice(classes: int, dim: int) -> tuple[Advice, ...]:
    """Return advice where regressed codes of the classes can hardly differ.

    Scores that are linear in ``dim`` numbers come nearest to the one-hot codes of ``C`` classes spread evenly at
    ``1 / C + dim / C cos(angle)``, so the label leads the nearest class by ``dim / C (1 - cos(omega))``. The digits
    in the plane have 0.04 and reach an accuracy of 0.89 (Huber), in space 0.18 and 0.97.
    """
    lead = dim / classes * (1 - math.cos(widest_angle(classes, dim)))
    if dim != 2 or lead >= 0.1:  # a tenth of the one that is asked for: from 8 classes on
        return ()
    return (Advice("", lead, Message.of("losses.advice.regression", classes=classes, lead=lead)),)


def hinge_profile(margin: float, *, squared: bool) -> Profile:
    """Return the profile of the shortfall of a lead from the margin, or of its square."""
    reach = margin or 1.0

    def lack(lead: Array) -> Array:
        short: Array = np.maximum(0, margin - lead)
        return short

    if squared:
        return Profile("margin", -2 * reach, 3 * reach, value=lambda f: lack(f) ** 2, slope=lambda f: -2 * lack(f))
    return Profile(
        "margin",
        -2 * reach,
        3 * reach,
        value=lack,
        slope=lambda f: -np.where(f < margin, 1.0, 0.0),
        kinks=(margin,),
    )
