"""How far apart class vectors can stand, against printed tables and against our own packing."""

import math

import numpy as np
import pytest
import torch

from losses.toolkit.class_spread import TAMMES, needed_scale, start_vectors, widest_angle
from spec import Refusal


def smallest_angle(classes: int, dim: int, seed: int = 0) -> float:
    vectors = start_vectors(classes, dim, np.random.default_rng(seed)).double().numpy()
    cosine = vectors @ vectors.T - 2 * np.eye(classes)
    return math.acos(np.clip(cosine.max(), -1, 1))


@pytest.mark.parametrize(
    ("classes", "plane", "space"),
    [(3, 120, 120), (4, 90, 109.471), (6, 60, 90), (8, 45, 74.858), (10, 36, 66.147), (12, 30, 63.435)],
)
def test_widest_angle_as_printed(classes, plane, space):
    assert math.degrees(widest_angle(classes, 2)) == pytest.approx(plane, abs=5e-4)
    assert math.degrees(widest_angle(classes, 3)) == pytest.approx(space, abs=5e-4)


@pytest.mark.parametrize(("classes", "room"), [(3, 1.5), (4, 1.333333), (6, 1.2), (8, 1.142857), (10, 1.111111)])
def test_room_of_the_simplex_as_printed(classes, room):
    assert 1 - math.cos(widest_angle(classes, classes - 1)) == pytest.approx(room, abs=5e-7)


@pytest.mark.parametrize("classes", [4, *TAMMES, 30])
def test_points_on_the_sphere_come_close_to_the_widest_angle(classes):
    found, widest = math.degrees(smallest_angle(classes, 3)), math.degrees(widest_angle(classes, 3))
    assert found <= widest + 1e-3
    assert found >= widest - (1 if classes < 30 else 2)  # a bound above, beyond the table


def test_no_packing_beats_the_bound_in_higher_dimensions():
    for classes, dim in ((8, 4), (9, 4), (30, 5), (3, 1), (20, 10)):
        assert all(smallest_angle(classes, dim, seed) <= widest_angle(classes, dim) + 1e-6 for seed in range(5))


def test_start_vectors():
    plane = start_vectors(10, 2, np.random.default_rng(0))
    for k in range(10):
        assert plane[k].tolist() == pytest.approx([math.cos(0.2 * math.pi * k), math.sin(0.2 * math.pi * k)], abs=1e-6)
    for dim in (2, 3):
        assert torch.equal(start_vectors(7, dim, np.random.default_rng(0)), start_vectors(7, dim, torch.Generator()))
    for make in (lambda s: torch.Generator().manual_seed(s), np.random.default_rng):
        a, b, c = (start_vectors(7, 9, make(seed)) for seed in (1, 1, 2))
        assert torch.equal(a, b)
        assert not torch.equal(a, c)
        torch.testing.assert_close(a.norm(dim=1), torch.ones(7))
        assert a.dtype == torch.float32


@pytest.mark.parametrize(("classes", "dim"), [(1, 2), (0, 3), (5, 0)])
def test_too_few_are_refused(classes, dim):
    with pytest.raises(Refusal, match="at least 2 classes"):
        start_vectors(classes, dim, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("classes", "dim", "posterior", "printed"),
    [
        (10, 2, 0.9, 15.136887), (10, 2, 0.99, 27.689731), (10, 2, 0.999, 39.793603),
        (10, 9, 0.9, 3.955004), (10, 9, 0.99, 6.113110), (10, 9, 0.999, 8.193581),
        (3, 2, 0.9, 1.926915), (3, 2, 0.99, 3.525511), (8, 7, 0.9, 3.625243),
    ],
)  # fmt: skip
def test_needed_scale_as_printed(classes, dim, posterior, printed):
    assert needed_scale(classes, dim, posterior) == pytest.approx(printed, abs=5e-7)


@pytest.mark.parametrize(("classes", "dim"), [(10, 2), (10, 3), (4, 3)])
def test_at_the_needed_scale_the_worst_class_reaches_the_posterior(classes, dim):
    vectors = start_vectors(classes, dim, np.random.default_rng(0)).double()
    posterior = torch.softmax(needed_scale(classes, dim) * vectors @ vectors.T, dim=1).diagonal()
    assert posterior.min().item() == pytest.approx(0.9, abs=1e-5)
