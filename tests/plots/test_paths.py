"""Encoded shapes as lines: through the points of the shape itself."""

import numpy as np
import pytest

from losses.shape import Arc, Cap, Circle, Ellipse, Ray, Role, Segment, SphereArc, SphereConic
from plots.paths import paths, sphere

REACH = 6.0

FIRST, SECOND, THIRD = np.eye(3)

SHAPES = {
    "segment": (Segment, {"start": np.array([-1.0, 2.0]), "end": np.array([3.0, 0.5])}),
    "segment in space": (Segment, {"start": FIRST, "end": 2 * SECOND - THIRD}),
    "ray": (Ray, {"origin": np.array([0.5, 0.5]), "direction": np.array([0.6, -0.8])}),
    "ray in space": (Ray, {"origin": FIRST, "direction": THIRD}),
    "circle": (Circle, {"center": np.array([1.0, -2.0]), "radius": 1.5}),
    "arc": (Arc, {"center": np.array([1.0, -2.0]), "radius": 1.5, "start": 0.4, "stop": 2.0}),
    "arc over the cut": (Arc, {"center": np.zeros(2), "radius": 1.0, "start": 2.5, "stop": 4.0}),
    "cap": (Cap, {"axis": np.array([0.6, 0.0, 0.8]), "angle": 0.4}),
    "great arc": (SphereArc, {"axis": THIRD, "start": FIRST, "turn": 1.2}),
    "small arc": (SphereArc, {"axis": THIRD, "start": np.array([0.6, 0.0, 0.8]), "turn": 5.0}),
    "conic": (SphereConic, {"lift": 0.7 * THIRD, "pull": 0.5 * FIRST, "start": -1.0, "stop": 2.0}),
    "ellipse": (Ellipse, {"center": np.array([1.0, 0.0]), "radii": np.array([2.0, 0.5])}),
}


def distance(points, line):
    """How far points ``(N, D)`` lie from a line through points ``(n, D)``."""
    start, along = line[:-1], np.diff(line, axis=0)
    share = np.einsum("npd,pd->np", points[:, None] - start, along) / (along**2).sum(axis=1)
    nearest = start + share.clip(0, 1)[..., None] * along
    return np.linalg.norm(points[:, None] - nearest, axis=2).min(axis=1)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("size", [1.0, 3.0])
def test_a_line_goes_through_the_points_of_its_shape(name, size):
    kind, values = SHAPES[name]
    shape = kind(role=Role.MARGIN, owner=1, **values)
    on = shape.points(50, REACH)
    on_sphere = kind in {Cap, SphereArc, SphereConic}
    (line,) = paths(shape.encode().astype(np.float32), on.shape[1], REACH, size)
    assert distance(on * (size if on_sphere else 1), line).max() < 2e-3 * size
    if on_sphere:
        np.testing.assert_allclose(np.linalg.norm(line, axis=1), size, rtol=1e-5)
    # and it goes no further than they do
    spread = 0.3 * size if kind is Cap else 0.05 * size + 0.1
    assert distance(line, on * (size if on_sphere else 1)).max() < spread


@pytest.mark.parametrize("kind", [Circle, Ellipse])
def test_a_sphere_is_drawn_by_three_rings(kind):
    sizes = {"radius": 2.0} if kind is Circle else {"radii": np.array([1.0, 2.0, 3.0])}
    row = kind(role=Role.LEVEL, center=FIRST, **sizes).encode().astype(np.float32)
    rings = paths(row, 3, REACH, 1)
    assert len(rings) == 3
    scale = 2.0 if kind is Circle else np.array([1.0, 2.0, 3.0])
    for ring in rings:
        np.testing.assert_allclose(np.linalg.norm((ring - FIRST) / scale, axis=1), 1, rtol=1e-5)
        np.testing.assert_allclose(ring[0], ring[-1], atol=1e-5)


def test_the_net_of_a_sphere_lies_on_it():
    for line in sphere(2.5):
        np.testing.assert_allclose(np.linalg.norm(line, axis=1), 2.5, rtol=1e-9)


def test_an_unknown_kind_is_no_line():
    assert paths(np.full(12, 99, np.float32), 2, 1, 1) == []
