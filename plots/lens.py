"""Where a point of the plane or of space is in a picture: the cameras of app/stage/state/camera.js."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Azimuth and elevation of the camera in space, in radians.
AZIMUTH, ELEVATION = 0.7, 0.42

#: The vertical field of view in radians: little distortion at the rim, but still a sense of depth.
FIELD = 0.62

#: Half the height of the view at distance one.
_HALF = math.tan(FIELD / 2)

#: Points closer to the eye than this share of the distance are not drawn.
_NEAR = 0.02


#: Factor by which a view is larger than its content.
ROOM = 1.08

#: Steps of the search for the centre of a view in space.
_STEPS = 400


@dataclass(frozen=True, eq=False)
class View:
    """The centre of a picture ``(D,)`` and its radius, half the side of a square."""

    center: Floats
    radius: float


@dataclass(frozen=True, eq=False)
class Positions:
    """Points in a picture: ``at`` ``(N, 2)`` in pixels from the lower left; NaN behind the eye.

    ``near`` ``(N,)`` is how much larger a thing looks there than in the middle of the view; it is 1 in the plane.
    """

    at: Floats
    near: Floats


@dataclass(frozen=True, eq=False)
class Lens:
    """A view of the plane, or of space from ``azimuth`` (radians), in ``width`` by ``height`` pixels."""

    view: View
    width: int
    height: int
    azimuth: float = AZIMUTH

    @property
    def dim(self) -> int:
        """The dimension: 2 in the plane, 3 in space."""
        return len(self.view.center)

    @property
    def unit(self) -> float:
        """The length of a pixel in the middle of the view."""
        return 2 * self.view.radius / min(self.width, self.height)

    def place(self, points: NDArray[np.floating]) -> Positions:
        """Return the positions of points ``(N, D)``."""
        away = points.astype(np.float64) - self.view.center
        right, up, eye = axes(self.dim, self.azimuth)
        flat = np.stack([away @ right, away @ up], axis=1)
        middle = np.array([self.width, self.height]) / 2
        if self.dim == 2:
            return Positions(middle + flat / self.unit, np.ones(len(flat)))
        distance = self.view.radius / _HALF
        depth = distance - away @ eye
        near = distance / np.where(depth > _NEAR * distance, depth, np.nan)
        return Positions(middle + near[:, None] * flat / self.unit, near)

    def pixels(self) -> NDArray[np.float32]:
        """Return the coordinates of all pixel centres in the plane ``(H, W, 2)``, the upper row first."""
        x = self.view.center[0] + (np.arange(self.width) + 0.5 - self.width / 2) * self.unit
        y = self.view.center[1] + (self.height / 2 - np.arange(self.height) - 0.5) * self.unit
        return np.stack(np.meshgrid(x, y), axis=2).astype(np.float32)


def axes(dim: int, azimuth: float) -> tuple[Floats, Floats, Floats]:
    """Return the directions ``(D,)`` to the right, upwards and, in space, to the eye."""
    if dim == 2:
        return np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.zeros(2)
    ce, se, ca, sa = math.cos(ELEVATION), math.sin(ELEVATION), math.cos(azimuth), math.sin(azimuth)
    return np.array([-sa, ca, 0.0]), np.array([-se * ca, -se * sa, ce]), np.array([ce * ca, ce * sa, se])


def edges(dim: int, azimuth: float) -> Floats:
    """Return the directions ``(4, D)`` towards the four edges of a picture.

    A point is visible if its distance from the centre along each of them is at most the radius of the view.
    """
    right, up, eye = axes(dim, azimuth)
    return np.array([side * across + _HALF * eye for across in (right, up) for side in (1, -1)])


def fit_view(towards: Floats, reach: Floats) -> View:
    """Return the smallest view of content with the extent ``(E,)`` along the directions ``(E, D)`` to the edges."""
    finite = np.isfinite(reach)
    towards, reach = towards[finite], reach[finite]
    center = np.zeros(towards.shape[1])
    if not len(reach):
        return View(center, 1.0)
    if len(center) == 2:
        # in the plane the edges are the same in all frames
        center = np.array([(reach[edge == 1].max() + -reach[edge == -1].max()) / 2 for edge in towards.T])
    else:
        # ever shorter steps towards what is furthest out
        for step in range(1, _STEPS):
            out = reach - towards @ center
            furthest = int(np.argmax(out))
            center += out[furthest] * towards[furthest] / (step + 1)
    return View(center, max(ROOM * float((reach - towards @ center).max()), 1e-6))
