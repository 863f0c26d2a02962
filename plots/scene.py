"""What is drawn of a panel at a frame: points, lines and class vectors, as on the stage (app/stage)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from engine import PanelFrame, Points
from losses import HeadKind
from losses.shape import Role
from plots.lens import Lens, Placed
from plots.paths import paths, sphere
from plots.regions import has_margin
from spec.palette import class_colour

Floats = NDArray[np.float64]
Tint = NDArray[np.float64]

PAPER, INK = np.array([255.0, 255.0, 255.0]) / 255, np.array([30.0, 32.0, 40.0]) / 255


class Stroke(NamedTuple):
    """How a shape is drawn: in the colour of its class or in ink, its opacity, its width and dash in pixels."""

    own: bool
    alpha: float
    width: float
    dash: float = 0.0


#: How the shapes of a role are drawn, here and on the stage.
STROKES = {
    Role.BOUNDARY: Stroke(False, 0.8, 1.5),
    Role.MARGIN: Stroke(True, 0.95, 1.5, 9.0),
    Role.LEVEL: Stroke(False, 0.35, 0.9),
    Role.OPTIMUM: Stroke(True, 0.95, 1.8, 4.0),
}


def tint(c: int) -> Tint:
    """Return the colour of a class, red, green and blue from 0 to 1."""
    return np.array(class_colour(c)) / 255


def mixed(first: Tint, second: Tint, share: float) -> Tint:
    """Return a colour between two: the first at 0, the second at 1."""
    between: Tint = first * (1 - share) + second * share
    return between


@dataclass(frozen=True, eq=False)
class Scene:
    """What is drawn: a panel at a frame, its points and the names of its classes, through a lens.

    ``scale`` is the size of letters and lines, 1 in a panel of 480 pixels.
    """

    panel: PanelFrame
    points: Points
    names: Sequence[str]
    lens: Lens
    scale: float

    @cached_property
    def placed(self) -> Placed:
        """Where the points lie."""
        return self.lens.place(self.panel.embeddings)

    @cached_property
    def middle(self) -> float:
        """How near the points are that lie half way between the front and the back."""
        known = self.placed.near[np.isfinite(self.placed.near)]
        return float(np.median(known)) if len(known) else 1.0

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        """Which points have a place; a trainer in a hurry looks at some of them only."""
        return np.asarray(np.isfinite(self.panel.embeddings).all(axis=1))

    @cached_property
    def seen(self) -> NDArray[np.bool_]:
        """Which points lie within the picture."""
        at = self.placed.at
        return np.asarray(np.all((at >= 0) & (at <= (self.lens.width, self.lens.height)), axis=1))

    @cached_property
    def wrong(self) -> NDArray[np.bool_]:
        """Which points the head gives to another class than their own."""
        z = np.nan_to_num(self.panel.embeddings)
        given = self.panel.head.scores(torch.from_numpy(z)).argmax(dim=1).numpy()
        mistaken: NDArray[np.bool_] = given != self.points.labels
        return mistaken

    @cached_property
    def means(self) -> Floats:
        """The mean of each class ``(C, D)``; NaN where it has no point."""
        z = self.panel.embeddings.astype(np.float64)
        own = [z[self.known & (self.points.labels == c)] for c in range(len(self.panel.head.weight))]
        return np.array([each.mean(axis=0) if len(each) else np.full(z.shape[1], np.nan) for each in own])

    @cached_property
    def vector_length(self) -> float:
        """How long class vectors are drawn: scores fix their directions and ratios, so they end among the points."""
        reach = np.linalg.norm(self.means[np.isfinite(self.means).all(axis=1)], axis=1)
        middle = float(np.sort(reach)[len(reach) // 2]) if len(reach) else 1.0
        # near the unit circle (sphere) a class vector of length one is the natural picture
        return 1.0 if self.panel.head.kind is HeadKind.COSINE and middle < 2.5 else 0.8 * middle


@dataclass(frozen=True, eq=False)
class Line:
    """A line through points ``(n, D)``: its colour, how much of it is seen, and pixels of its width and dashes."""

    path: Floats
    tint: Tint
    alpha: float
    width: float
    dash: float = 0.0


def lines(scene: Scene) -> list[Line]:
    """Return the shapes: boundary solid, margin dashed, level thin, optimum dotted in the colour of its class."""
    lens, found = scene.lens, []
    reach = lens.view.radius * (1.2 if lens.dim == 3 else 4) + 2 * float(np.linalg.norm(lens.view.center))
    for row in scene.panel.shapes:
        owner = int(row[2])
        own = mixed(tint(owner), INK, 0.28) if owner >= 0 else INK
        stroke = STROKES[Role(int(row[1]))]
        look = (own if stroke.own else INK, stroke.alpha, stroke.width, stroke.dash)
        found += [Line(path, *look) for path in paths(row, lens.dim, reach, scene.vector_length)]
    return found


def space(scene: Scene) -> list[Line]:
    """Return the three axes and, where only directions count, the sphere of the class vectors."""
    reach = 1.2 * scene.lens.view.radius + 2 * float(np.linalg.norm(scene.lens.view.center))
    found = [Line(np.linspace(-1, 1, 65)[:, None] * reach * axis, INK, 0.28, 1) for axis in np.eye(3)]
    if scene.panel.head.kind is HeadKind.COSINE:
        found += [Line(path, INK, 0.16, 1) for path in sphere(scene.vector_length)]
    return found


def margin_seen(panel: PanelFrame) -> bool:
    """Tell whether the picture of a panel has a margin band."""
    return panel.embeddings.shape[1] == 2 and has_margin(panel.head)
