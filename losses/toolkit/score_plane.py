"""The plane of two scalars that explains a loss where one scalar is too few: its field, its rule, its limits."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from losses.shape import Array

Mask = NDArray[np.bool_]

#: The angle between neighbours on the wheel of ten class vectors, which losses on angles are explained with.
NEIGHBOURS = 2 * np.pi / 10

#: What an angle may be off by rounding: that of the arc cosine near one is the root of that of float64.
ROUNDING = 1e-7


@dataclass(frozen=True, eq=False)
class Plane:
    """The closed form of a loss against two scalars that it depends on, in NumPy, independent of torch.

    ``name`` is ``angles``, ``cosines``, ``similarities``, ``triplet`` or ``quadruplet``; ``x`` and ``y`` name the
    scalars, ``x_range`` and ``y_range`` are the ranges to draw. The functions take arrays of x and y: ``rule`` is
    positive where the margin is kept, negative where it is not, and zero on the margin's curve; ``field`` is the
    loss, of one sample against one rival or of one tuple; ``reachable`` returns which pairs embeddings can have.
    A loss on one scalar has a ``Profile``, and no plane.
    """

    name: str
    x: str
    y: str
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    rule: Callable[[Array, Array], Array]
    field: Callable[[Array, Array], Array]
    reachable: Callable[[Array, Array], Mask]


def from_two(first: Array, second: Array, omega: float) -> Mask:
    """Return where a direction can have two angles (radians) from two others that are ``omega`` apart, in space.

    In the plane only the edge of this region can be reached.
    """
    allowed: Mask = (
        (np.abs(first - second) <= omega + ROUNDING)
        & (first + second >= omega - ROUNDING)
        & (first + second <= 2 * np.pi - omega + ROUNDING)
    )
    return allowed


def from_cosines(omega: float) -> Callable[[Array, Array], Mask]:
    """Return ``from_two`` as a function of two cosines."""
    return lambda x, y: from_two(angle(x), angle(y), omega)


def within(x: Array, y: Array) -> Mask:
    """Return where both numbers can be cosines; cosines to two samples do not depend on each other."""
    return (np.abs(x) <= 1) & (np.abs(y) <= 1)


def everywhere(x: Array, y: Array) -> Mask:
    """Return true: dot products can be any number."""
    return np.isfinite(x) & np.isfinite(y)


def angle(cosine: Array) -> Array:
    """Return the angle of a cosine, clipped to -1 and 1."""
    theta: Array = np.arccos(np.clip(cosine, -1, 1))
    return theta


def softplus(exponent: Array) -> Array:
    """Return ``log(1 + exp(x))``."""
    value: Array = np.logaddexp(0, exponent)
    return value


def angular(scale: float, curve: Callable[[Array], Array], omega: float) -> tuple[Plane, Plane]:
    """Return the planes of both angles and of both cosines, to the label's class vector and to one other.

    The loss is ``log(1 + exp(scale (cos(theta_2) - curve(theta_1))))`` for class vectors ``omega`` apart.
    """

    def rule(first: Array, second: Array) -> Array:
        return curve(first) - np.cos(second)

    angles = Plane(
        "angles",
        "theta",
        "theta_rival",
        (0.0, np.pi),
        (0.0, np.pi),
        rule=rule,
        field=lambda x, y: softplus(-scale * rule(x, y)),
        reachable=lambda x, y: from_two(x, y, omega),
    )
    cosines = Plane(
        "cosines",
        "cosine",
        "cosine_rival",
        (-1.0, 1.0),
        (-1.0, 1.0),
        rule=lambda x, y: curve(angle(x)) - y,
        field=lambda x, y: softplus(-scale * (curve(angle(x)) - y)),
        reachable=from_cosines(omega),
    )
    return angles, cosines


def similarities(
    gamma: float, rule: Callable[[Array, Array], Array], reachable: Callable[[Array, Array], Mask], reach: float = 1.0
) -> Plane:
    """Return the plane of a similarity between classes and one within: the loss is ``log(1 + exp(-gamma rule))``."""
    return Plane(
        "similarities",
        "s_n",
        "s_p",
        (-reach, reach),
        (-reach, reach),
        rule=rule,
        field=lambda x, y: softplus(-gamma * rule(x, y)),
        reachable=reachable,
    )


def distances(
    name: str, margin: float, cost: Callable[[Array], Array], *, squared: bool = True, most: float | None = None
) -> Plane:
    """Return the plane of the distance of a positive pair and of a negative pair; ``cost`` maps their difference.

    ``most`` is the largest distance there is (or its square); without it, distances have no limit.
    """
    high = most or 4 * margin or 4.0
    kind = "squared" if squared else "distance"
    return Plane(
        name,
        f"{kind}_positive",
        f"{kind}_negative",
        (0.0, high),
        (0.0, high),
        rule=lambda x, y: y - x - margin,
        field=lambda x, y: cost(y - x),
        reachable=lambda x, y: (np.minimum(x, y) >= 0) & (np.maximum(x, y) <= (most or np.inf)),
    )
