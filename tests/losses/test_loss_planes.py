"""Planes of two scalars: field and rule against the loss itself on embeddings that have these scalars."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from loss_cases import few, knobs_of
from torch import Tensor

from losses import LOSSES, Family, Loss, Plane
from spec import LANGUAGES, has_text, text
from verification.cases import corners

ANGULAR = ("nsl", "cosface", "arcface", "combined_margin", "a_softmax", "l_softmax")

#: The planes of every loss that has some.
WITH_PLANES = {slug: names for slug, cls in LOSSES.items() if (names := tuple(plane.name for plane in cls().planes()))}
CASES = [
    pytest.param(LOSSES[slug], knobs, name, id=f"{slug}-{name}-{knobs}")
    for slug, names in WITH_PLANES.items()
    for name in names
    for knobs in corners(LOSSES[slug])
]
EVERY = pytest.mark.parametrize(("slug", "name"), [(s, n) for s, names in WITH_PLANES.items() for n in names])
SHARES = [(a, b) for a in (0.03, 0.28, 0.41, 0.66, 0.97) for b in (0.02, 0.33, 0.5, 0.71, 0.9)]
OMEGA = 1.3


def plane_of(loss: Loss, name: str, omega: float = OMEGA) -> Plane:
    return next(plane for plane in loss.planes(omega) if plane.name == name)


def column(*values: float) -> Tensor:
    return torch.tensor([values], dtype=torch.float64)


def direction(first: float, second: float) -> Tensor | None:
    """Return the unit vector with two cosines to two unit vectors OMEGA apart, if there is one."""
    along = (second - first * math.cos(OMEGA)) / math.sin(OMEGA)
    rest = 1 - first**2 - along**2
    return column(first, along, math.sqrt(rest)) if rest > 1e-9 else None


TWO = torch.tensor([[1, 0, 0], [math.cos(OMEGA), math.sin(OMEGA), 0]], dtype=torch.float64)


def at_classes(loss: Loss, s_p: float, s_n: float) -> tuple[Tensor, Tensor, dict[str, Tensor]] | None:
    """Return one sample with cosines to its own and to one other class vector."""
    z = direction(s_p, s_n)
    if z is None:
        return None
    length = 16.0 if loss.slug in {"a_softmax", "l_softmax"} else 3.0  # theirs is the length of the profile
    return length * z, torch.tensor([0]), {"weight": TWO}


def at_pairs(kind: str, s_p: float, s_n: float) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    rest = [math.sqrt(1 - s**2) if kind == "cosine" else 0.0 for s in (s_p, s_n)]
    z = torch.cat([column(1, 0, 0), column(s_p, rest[0], 0), column(s_n, 0, rest[1])])
    return z, torch.tensor([0, 0, 1]), {}


def measured(loss: Loss, plane: Plane, x: float, y: float) -> tuple[float, Tensor | None] | None:
    """Return the loss of one tuple at a place of the plane and the logits there; None where there is none."""
    if plane.name in {"angles", "cosines"}:
        made = at_classes(loss, *((math.cos(x), math.cos(y)) if plane.name == "angles" else (x, y)))
        return made and (loss(*made).item(), loss.logits(*made))
    if plane.name == "similarities":
        dot = getattr(loss, "similarity", "cosine") == "dot"
        if getattr(loss, "level", "pair") == "pair":
            z, labels, state = at_pairs("dot" if dot else "cosine", y, x)
            return loss(z, labels, state)[0].item() * 2 / 3, None  # two of three samples are anchors
        if dot:
            z, state = column(2, 0, 0), {"weight": torch.cat([column(y / 2, 1, 0), column(x / 2, 0, -3)])}
            return loss(z, torch.tensor([0]), state).item(), loss.logits(z, torch.tensor([0]), state)
        made = at_classes(loss, y, x)
        return made and (loss(*made).item(), loss.logits(*made))
    return measured_on_distances(loss, plane.name, x, y), None


def measured_on_distances(loss: Loss, name: str, x: float, y: float) -> float:
    """Return what one triplet or quadruplet costs, out of the mean over all of its batch."""
    plain, normalize = getattr(loss, "distance", "squared") == "euclidean", getattr(loss, "normalize", False)
    pair, gap = (x, y) if plain else (math.sqrt(x), math.sqrt(y))
    if name == "triplet":
        each = loss(*triplet(pair, gap, normalize), {})
        if loss.slug == "triplet" and (loss.average == "active" or loss.mining == "semi_hard"):
            return each[0].item() * max(int((each > 0).sum()), 1) / 3
        return each[0].item() * 2 / 3  # the mean over the triplets of both anchors
    z = torch.cat([column(0, 0), column(0, pair), column(30, 0), column(30, gap)])
    return loss(z, torch.tensor([0, 0, 1, 2]), {}).mean().item()


def triplet(pair: float, gap: float, normalize: bool) -> tuple[Tensor, Tensor]:
    """Return an anchor, a positive and a negative at these distances from it, on a sphere or in the plane."""
    if normalize:
        a, b = 2 * math.asin(pair / 2), -2 * math.asin(gap / 2)
        z = torch.cat([column(1, 0), column(math.cos(a), math.sin(a)), column(math.cos(b), math.sin(b))])
    else:
        z = torch.cat([column(0, 0), column(pair, 0), column(-gap, 0)])
    return z, torch.tensor([0, 0, 1])


def check(loss: Loss, name: str, shares: list[tuple[float, float]]) -> None:
    plane = plane_of(loss, name)
    met = 0
    for a, b in shares:
        x = plane.x_range[0] + a * (plane.x_range[1] - plane.x_range[0])
        y = plane.y_range[0] + b * (plane.y_range[1] - plane.y_range[0])
        found = measured(loss, plane, x, y)
        grid = np.array([x]), np.array([y])
        assert plane.reachable(*grid)[0] == (found is not None), (x, y)
        if found is None:
            continue
        met += 1
        value, logits = found
        np.testing.assert_allclose(plane.field(*grid)[0], value, rtol=1e-8, atol=1e-9)
        if logits is not None:
            lead = (logits[0, 0] - logits[0, 1]).item()
            assert abs(lead) < 1e-9 or (plane.rule(*grid)[0] > 0) == (lead > 0)
    assert met or len(shares) < 10


@pytest.mark.parametrize(("cls", "knobs", "name"), CASES)
def test_the_field_is_the_loss_and_the_rule_is_the_tie(cls, knobs, name):
    check(cls(**knobs), name, SHARES)


@EVERY
@few
@given(data=st.data())
def test_the_field_is_the_loss_anywhere(slug, name, data):
    loss = LOSSES[slug](**data.draw(knobs_of(LOSSES[slug])))
    check(loss, name, [(data.draw(st.floats(0.001, 0.999)), data.draw(st.floats(0.001, 0.999)))])


@pytest.mark.parametrize("slug", [*ANGULAR, "circle", "unified"])
def test_the_logits_tie_on_the_curve_of_the_rule(slug):
    """Between a place that keeps the margin and one that does not, found by bisection, the logits are equal."""
    loss, met = LOSSES[slug](), 0
    plane = loss.planes(OMEGA)[-1]
    for x in np.linspace(*plane.x_range, 200)[1:-1]:
        places = np.linspace(*plane.y_range, 400)
        kept = plane.rule(np.full(400, x), places) > 0
        for k in np.flatnonzero(kept[1:] != kept[:-1]):
            low, high = places[k], places[k + 1]
            for _ in range(60):
                middle = (low + high) / 2
                low, high = (middle, high) if (plane.rule(x, middle) > 0) == kept[k] else (low, middle)
            if plane.reachable(np.array(x), np.array(low)):
                found = measured(loss, plane, x, low)
                if found is None:  # rounding at the edge of what is reachable
                    continue
                value, logits = found
                assert (logits[0, 0] - logits[0, 1]).item() == pytest.approx(0, abs=1e-6)
                assert value == pytest.approx(math.log(2), abs=1e-6)
                met += 1
    assert met > 3


def test_lines_of_the_planes_as_printed():
    """The table of the reference (section 20.1), and the clipped left part of the circle."""
    y = np.linspace(-1, 1, 9)
    angles, cosines = (plane_of(LOSSES["arcface"](margin=0.3), n) for n in ("angles", "cosines"))
    np.testing.assert_allclose(angles.rule(np.array([0.2, 0.9]), np.array([0.5, 1.2])), 0, atol=1e-12)
    np.testing.assert_allclose(cosines.rule(np.cos([0.2, 0.9]), np.cos([0.5, 1.2])), 0, atol=1e-12)
    cosface = plane_of(LOSSES["cosface"](margin=0.1), "cosines")
    np.testing.assert_allclose(cosface.rule(y, y - 0.1), 0, atol=1e-12)
    for slug in ("a_softmax", "l_softmax"):
        plane = plane_of(LOSSES[slug](margin=4), "angles")
        np.testing.assert_allclose(plane.rule(np.array([0.1, 0.5]), np.array([0.4, 2.0])), 0, atol=1e-12)
    margin = 0.25
    circle = plane_of(LOSSES["circle"](margin=margin), "similarities")
    turn = np.linspace(math.asin(-1 / math.sqrt(2)), math.pi / 2 - 1e-3, 9)
    np.testing.assert_allclose(
        circle.rule(math.sqrt(2) * margin * np.sin(turn), 1 - math.sqrt(2) * margin * np.cos(turn)), 0, atol=1e-12
    )
    np.testing.assert_allclose(circle.rule(np.array([-0.9, -0.3]), np.full(2, 1 - margin)), 0, atol=1e-12)
    unified = plane_of(LOSSES["unified"](margin=0.1), "similarities")
    np.testing.assert_allclose(unified.rule(y, y + 0.1), 0, atol=1e-12)
    triplet_ = plane_of(LOSSES["triplet"](margin=0.5, mining="all"), "triplet")
    np.testing.assert_allclose(triplet_.rule(np.array([0, 1.0]), np.array([0.5, 1.5])), 0, atol=1e-12)
    assert triplet_.field(np.array([1.0]), np.array([1.0])) == pytest.approx(0.5)


@pytest.mark.parametrize("omega", [0.2, 2 * math.pi / 10, math.pi / 2, 2.9])
def test_random_directions_are_where_it_is_said_that_they_can_be(omega):
    """They fill what is reachable, and nothing else; in the plane they lie on its edge."""
    angles, cosines = LOSSES["nsl"]().planes(omega)
    z = np.random.default_rng(0).standard_normal((20_000, 3))
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    both = z[:, 0], z[:, 0] * math.cos(omega) + z[:, 1] * math.sin(omega)
    first, second = (np.arccos(c) for c in both)
    assert cosines.reachable(*both).all()
    assert angles.reachable(first, second).all()
    seen = np.histogram2d(first, second, 12, [(0, np.pi)] * 2)[0] > 0
    middle = (np.arange(12) + 0.5) * np.pi / 12
    open_ = angles.reachable(*np.meshgrid(middle, middle, indexing="ij"))
    assert seen[open_].mean() > 0.95
    flat = np.linspace(0, 2 * np.pi, 50)
    edge = np.arccos(np.cos(flat)), np.arccos(np.cos(flat - omega))
    assert angles.reachable(*edge).all()
    near = [angles.reachable(edge[0] + a, edge[1] + b) for a in (-1e-3, 0, 1e-3) for b in (-1e-3, 0, 1e-3)]
    assert not np.all(near, axis=0).any()


def test_only_losses_on_two_scalars_have_planes():
    expected = {
        **dict.fromkeys(ANGULAR, ("angles", "cosines")),
        **dict.fromkeys(("circle", "unified"), ("similarities",)),
        "triplet": ("triplet",),
        "quadruplet": ("triplet", "quadruplet"),
        **dict.fromkeys(("contrastive", "n_pair", "info_nce"), ()),
    }
    assert {slug: WITH_PLANES.get(slug, ()) for slug in expected} == expected
    on_one_scalar = {Family.SOFTMAX, Family.DISTRIBUTION, Family.WEIGHTING, Family.REGRESSION, Family.HINGE}
    assert [slug for slug in WITH_PLANES if LOSSES[slug].family in on_one_scalar] == []


@EVERY
def test_planes_are_described_and_finite_all_over(slug, name):
    for knobs in corners(LOSSES[slug]):
        plane = plane_of(LOSSES[slug](**knobs), name)
        keys = [f"losses.variables.{plane.x}", f"losses.variables.{plane.y}", f"losses.planes.{name}"]
        assert all(has_text(key) for key in keys)
        assert all(len({text(key, language) for language in LANGUAGES}) == len(LANGUAGES) for key in keys)
        grid = np.meshgrid(np.linspace(*plane.x_range, 21), np.linspace(*plane.y_range, 21))
        assert np.isfinite(plane.field(*grid)).all()
        assert (plane.field(*grid) >= 0).all()
        assert np.isfinite(plane.rule(*grid)).all()
        assert plane.reachable(*grid).dtype == bool
        assert plane.reachable(*grid).any()
