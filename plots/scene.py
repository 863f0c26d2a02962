"""What is drawn of a panel: points, lines and class vectors, as on the stage (app/stage)."""

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
from plots.lens import Lens, Positions
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


def mix(first: Tint, second: Tint, share: float) -> Tint:
    """Return a mixture of two colours: the first where ``share`` is 0, the second where it is 1."""
    between: Tint = first * (1 - share) + second * share
    return between


@dataclass(frozen=True, eq=False)
class Scene:
    """A panel of a frame with its points and the names of its classes, seen through a lens.

    ``scale`` is the size of letters and lines; it is 1 in a panel of 480 pixels.
    """

    panel: PanelFrame
    points: Points
    names: Sequence[str]
    lens: Lens
    scale: float

    @cached_property
    def positions(self) -> Positions:
        """The points in the picture."""
        return self.lens.place(self.panel.embeddings)

    @cached_property
    def middle(self) -> float:
        """How near the points half way between front and back are (1 in the plane)."""
        finite = self.positions.near[np.isfinite(self.positions.near)]
        return float(np.median(finite)) if len(finite) else 1.0

    @cached_property
    def present(self) -> NDArray[np.bool_]:
        """Which points are in the frame ``(N,)``; frames that cost too much leave some out."""
        return np.asarray(np.isfinite(self.panel.embeddings).all(axis=1))

    @cached_property
    def visible(self) -> NDArray[np.bool_]:
        """Which points lie inside the picture ``(N,)``."""
        at = self.positions.at
        return np.asarray(np.all((at >= 0) & (at <= (self.lens.width, self.lens.height)), axis=1))

    @cached_property
    def wrong(self) -> NDArray[np.bool_]:
        """Which points the head gives to another class than their own ``(N,)``."""
        z = np.nan_to_num(self.panel.embeddings)
        predicted = self.panel.head.scores(torch.from_numpy(z)).argmax(dim=1).numpy()
        mistaken: NDArray[np.bool_] = predicted != self.points.labels
        return mistaken

    @cached_property
    def means(self) -> Floats:
        """The mean of each class ``(C, D)``; NaN where it has no point."""
        z = self.panel.embeddings.astype(np.float64)
        own = [z[self.present & (self.points.labels == c)] for c in range(len(self.panel.head.weight))]
        return np.array([each.mean(axis=0) if len(each) else np.full(z.shape[1], np.nan) for each in own])

    @cached_property
    def vector_length(self) -> float:
        """The length of drawn class vectors: scores fix only directions and ratios, so they end among the points."""
        reach = np.linalg.norm(self.means[np.isfinite(self.means).all(axis=1)], axis=1)
        middle = float(np.sort(reach)[len(reach) // 2]) if len(reach) else 1.0
        # among points near the unit circle (sphere), cosine class vectors have length one
        return 1.0 if self.panel.head.kind is HeadKind.COSINE and middle < 2.5 else 0.8 * middle


@dataclass(frozen=True, eq=False)
class Line:
    """A line through points ``(n, D)``: its colour, opacity, and width and length of dashes in pixels."""

    path: Floats
    tint: Tint
    alpha: float
    width: float
    dash: float = 0.0


def lines(scene: Scene) -> list[Line]:
    """Return the shapes as lines: boundary solid, margin dashed, level thin, optimum dotted in its class's colour."""
    lens, result = scene.lens, []
    reach = lens.view.radius * (1.2 if lens.dim == 3 else 4) + 2 * float(np.linalg.norm(lens.view.center))
    for row in scene.panel.shapes:
        owner = int(row[2])
        own = mix(tint(owner), INK, 0.28) if owner >= 0 else INK
        stroke = STROKES[Role(int(row[1]))]
        look = (own if stroke.own else INK, stroke.alpha, stroke.width, stroke.dash)
        result += [Line(path, *look) for path in paths(row, lens.dim, reach, scene.vector_length)]
    return result


def space(scene: Scene) -> list[Line]:
    """Return the three axes and, for a cosine head, the sphere of the class vectors."""
    reach = 1.2 * scene.lens.view.radius + 2 * float(np.linalg.norm(scene.lens.view.center))
    result = [Line(np.linspace(-1, 1, 65)[:, None] * reach * axis, INK, 0.28, 1) for axis in np.eye(3)]
    if scene.panel.head.kind is HeadKind.COSINE:
        result += [Line(path, INK, 0.16, 1) for path in sphere(scene.vector_length)]
    return result


def shows_margin(panel: PanelFrame) -> bool:
    """Return whether the picture of a panel has a margin band."""
    return panel.embeddings.shape[1] == 2 and has_margin(panel.head)
