"""Shapes that explain a loss in the embedding space, each with a role: lines, circles, curves on the sphere."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Numbers in the encoded row of a shape: kind, role, owner, rival and eight parameters (docs/recording.md).
ROW = 12


class Role(IntEnum):
    """What a shape shows."""

    BOUNDARY = 0  # where the prediction changes
    MARGIN = 1  # where the boundary that training enforces lies
    LEVEL = 2  # where the loss is constant
    OPTIMUM = 3  # where samples cost least


@dataclass(frozen=True, kw_only=True, eq=False)
class Shape(ABC):
    """A piece of geometry that belongs to class ``owner``, against class ``rival`` (-1: against all)."""

    kind: ClassVar[int]
    role: Role
    owner: int = -1
    rival: int = -1

    @abstractmethod
    def points(self, count: int, reach: float) -> Array:
        """Return ``count`` points ``(count, D)`` on the shape; an endless one is cut at length ``reach``."""

    @abstractmethod
    def parameters(self) -> Array:
        """Return at most eight numbers that describe the shape within its kind."""

    def encode(self) -> Array:
        """Return the shape as a row of ``ROW`` numbers, zeros where its kind has no parameter."""
        row = np.zeros(ROW)
        row[:4] = (self.kind, self.role, self.owner, self.rival)
        parameters = self.parameters()
        row[4 : 4 + len(parameters)] = parameters
        return row


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Segment(Shape):
    """The straight line from ``start`` ``(D,)`` to ``end`` ``(D,)``."""

    kind: ClassVar[int] = 0
    start: Array
    end: Array

    def points(self, count: int, reach: float) -> Array:
        share = np.linspace(0, 1, count)[:, None]
        return self.start + share * (self.end - self.start)

    def parameters(self) -> Array:
        return np.concatenate([self.start, self.end])


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Ray(Shape):
    """The half line from ``origin`` ``(D,)`` along the unit vector ``direction`` ``(D,)``."""

    kind: ClassVar[int] = 1
    origin: Array
    direction: Array

    def points(self, count: int, reach: float) -> Array:
        # not from the origin itself, where a direction has no angle
        return self.origin + np.linspace(reach / count, reach, count)[:, None] * self.direction

    def parameters(self) -> Array:
        return np.concatenate([self.origin, self.direction])


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Circle(Shape):
    """The circle (a sphere in 3-D) of ``radius`` about ``center`` ``(D,)``."""

    kind: ClassVar[int] = 2
    center: Array
    radius: float

    def points(self, count: int, reach: float) -> Array:
        return self.center + self.radius * _directions(count, len(self.center))

    def parameters(self) -> Array:
        return np.concatenate([self.center, [self.radius]])


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Arc(Shape):
    """The part of a circle in the plane from angle ``start`` counter-clockwise to ``stop`` (radians)."""

    kind: ClassVar[int] = 3
    center: Array
    radius: float
    start: float
    stop: float

    def points(self, count: int, reach: float) -> Array:
        angle = np.linspace(self.start, self.stop, count)
        return self.center + self.radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)

    def parameters(self) -> Array:
        return np.array([*self.center, self.radius, self.start, self.stop])


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Cap(Shape):
    """The small circle of the unit sphere at ``angle`` (radians) from the unit vector ``axis`` ``(3,)``."""

    kind: ClassVar[int] = 4
    axis: Array
    angle: float

    def points(self, count: int, reach: float) -> Array:
        first, second = across(self.axis)
        turn = np.linspace(0, 2 * np.pi, count, endpoint=False)[:, None]
        around = np.cos(turn) * first + np.sin(turn) * second
        ring: Array = np.cos(self.angle) * self.axis + np.sin(self.angle) * around
        return ring

    def parameters(self) -> Array:
        return np.array([*self.axis, self.angle])


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class SphereArc(Shape):
    """The part of a circle on the unit sphere from ``start`` ``(3,)`` counter-clockwise about ``axis`` ``(3,)``.

    Both are unit vectors; ``turn`` is how far it goes (radians). Where they are at right angles it is a great circle.
    """

    kind: ClassVar[int] = 5
    axis: Array
    start: Array
    turn: float

    def points(self, count: int, reach: float) -> Array:
        height = (self.axis @ self.start) * self.axis
        first, turn = self.start - height, np.linspace(0, self.turn, count)[:, None]
        arc: Array = height + np.cos(turn) * first + np.sin(turn) * np.cross(self.axis, first)
        return arc

    def parameters(self) -> Array:
        return np.array([*self.axis, *self.start, self.turn])


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class SphereConic(Shape):
    """The curve ``cot(theta) = |lift| + |pull| cos(phi)`` on the unit sphere, for phi from ``start`` to ``stop``.

    theta is the angle from ``lift`` ``(3,)``, phi the turn about it, counter-clockwise from ``pull`` ``(3,)``, which
    is at right angles to it; neither is zero. A conic with a focus in the direction of ``lift``.
    """

    kind: ClassVar[int] = 6
    lift: Array
    pull: Array
    start: float
    stop: float

    def points(self, count: int, reach: float) -> Array:
        level, sway = np.linalg.norm(self.lift), np.linalg.norm(self.pull)
        axis, first = self.lift / level, self.pull / sway
        phi = np.linspace(self.start, self.stop, count)[:, None]
        cotangent = level + sway * np.cos(phi)
        curve = cotangent * axis + np.cos(phi) * first + np.sin(phi) * np.cross(axis, first)
        on_sphere: Array = curve / np.sqrt(1 + cotangent**2)
        return on_sphere

    def parameters(self) -> Array:
        return np.array([*self.lift, *self.pull, self.start, self.stop])


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Ellipse(Shape):
    """The ellipse (the ellipsoid in 3-D) about ``center`` ``(D,)`` with semi-axes ``radii`` ``(D,)`` along the axes."""

    kind: ClassVar[int] = 7
    center: Array
    radii: Array

    def points(self, count: int, reach: float) -> Array:
        return self.center + self.radii * _directions(count, len(self.center))

    def parameters(self) -> Array:
        return np.concatenate([self.center, self.radii])


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """What shapes are drawn into: the learned state as float64 arrays, and the class means ``(C, D)``."""

    classes: int
    dim: int
    state: Mapping[str, Array]
    means: Array


def across(axis: Array) -> tuple[Array, Array]:
    """Return two unit vectors ``(..., 3)`` at right angles to unit vectors ``axis`` ``(..., 3)`` and to each other.

    Seen from its tip, the second is a quarter turn counter-clockwise from the first.
    """
    first = np.cross(axis, np.eye(3)[np.argmin(np.abs(axis), axis=-1)])
    first /= np.linalg.norm(first, axis=-1, keepdims=True)
    return first, np.cross(axis, first)


def _directions(count: int, dim: int) -> Array:
    """Spread unit vectors evenly: on the circle, or along a Fibonacci spiral on the sphere."""
    if dim == 2:
        angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
        return np.stack([np.cos(angle), np.sin(angle)], axis=1)
    height = 1 - (2 * np.arange(count) + 1) / count
    turn = np.pi * (3 - np.sqrt(5)) * np.arange(count)
    ring = np.sqrt(1 - height**2)
    return np.stack([ring * np.cos(turn), ring * np.sin(turn), height], axis=1)
