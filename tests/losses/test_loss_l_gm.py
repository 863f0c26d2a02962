"""L-GM: printed numbers, limits, what other implementations do differently, and the discs of its margin."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from loss_cases import agree, faults, few
from test_loss_geometry import crossings
from torch.distributions import Independent, Normal
from torch.nn.functional import cross_entropy

from losses import LOSSES, HeadKind, Scene
from losses.shape import Arc, Role
from verification.cases import batch_of, state_of
from verification.geometry import on_the_rule, scene_of
from verification.inputs import K5

LGM = LOSSES["l_gm"]
IDENTITY = {"covariance": "identity"}


def test_what_other_implementations_leave_out():
    """Each of the printed numbers, from its own formula; all differ from ours."""
    off = K5["z"][:, None] - K5["means"]
    squared, variance, rows = off**2, K5["log_variance"].exp(), torch.arange(4)
    own = torch.nn.functional.one_hot(K5["y"], 3)
    # the authors' layer: no determinant
    agree(cross_entropy(-(1 + own) * (squared / variance).sum(2) / 2, K5["y"]).item(), "1.052731")
    # a port: the likelihood with distances that are not scaled
    half = squared.sum(2)[rows, K5["y"]] / 2
    agree((half + variance.log().sum(1)[K5["y"]] / 2).mean().item(), "0.269607")
    # the journal version: distances to all means
    agree(squared.sum(2).mean().item(), "2.545833")


# limits and siblings


@pytest.mark.parametrize("covariance", ["diagonal", "identity", "isotropic"])
@pytest.mark.parametrize("dim", [2, 3])
def test_without_margin_it_is_the_posterior_and_the_density_of_torch(covariance, dim):
    z, y = batch_of(2, dim=dim, samples=20)
    state = state_of(LGM(), 1, dim=dim)
    log_variance = {
        "diagonal": state["log_variance"],
        "identity": torch.zeros(6, dim, dtype=torch.float64),
        "isotropic": state["log_variance"].mean(1, keepdim=True).expand(6, dim),
    }[covariance]
    density = Independent(Normal(state["means"], torch.exp(log_variance / 2)), 1).log_prob(z[:, None])
    found = LGM(margin=0, likelihood=0.4, covariance=covariance)(z, y, state)
    constant = dim / 2 * math.log(2 * math.pi)
    own = density.gather(1, y[:, None])[:, 0] + constant
    torch.testing.assert_close(found, cross_entropy(density, y, reduction="none") - 0.4 * own)


@pytest.mark.parametrize("dim", [2, 3])
def test_without_margin_round_gaussians_are_a_softmax_with_springs(dim):
    z, y = batch_of(2, dim=dim)
    means = state_of(LGM(), 1, dim=dim)["means"]
    softmax = {"weight": means, "bias": -(means**2).sum(1) / 2}
    plain = LOSSES["softmax"]()(z, y, softmax)
    torch.testing.assert_close(LGM(margin=0, likelihood=0, **IDENTITY)(z, y, {"means": means}), plain)
    center = LOSSES["center"](weight=0.7)
    springs = center(z, y, {"weight": means, "centers": means}) - LOSSES["softmax"](bias=False)(z, y, softmax)
    torch.testing.assert_close(LGM(margin=0, likelihood=0.7, **IDENTITY)(z, y, {"means": means}), plain + springs)


@pytest.mark.parametrize("covariance", ["diagonal", "identity", "isotropic"])
def test_only_differences_of_place_count(covariance):
    z, y = batch_of(2)
    loss = LGM(covariance=covariance)
    state = state_of(loss, 1)
    moved = {**state, "means": state["means"] + torch.tensor([3.0, -5.0])}
    torch.testing.assert_close(loss(z + torch.tensor([3.0, -5.0]), y, moved), loss(z, y, state))


@pytest.mark.parametrize("covariance", ["identity", "isotropic"])
def test_round_gaussians_may_be_turned(covariance):
    z, y = batch_of(2)
    loss = LGM(covariance=covariance)
    state = state_of(loss, 1)
    turn = torch.tensor([[math.cos(1), math.sin(1)], [-math.sin(1), math.cos(1)]], dtype=torch.float64)
    torch.testing.assert_close(loss(z @ turn, y, {**state, "means": state["means"] @ turn}), loss(z, y, state))


def test_gradient_in_closed_form():
    z, y = batch_of(2)
    means = state_of(LGM(), 1)["means"]
    z.requires_grad_()
    (found,) = torch.autograd.grad(LGM(margin=0.8, likelihood=0.2, **IDENTITY)(z, y, {"means": means}).sum(), z)
    off = (z[:, None] - means).detach()
    own = torch.nn.functional.one_hot(y, 6).double()
    p = torch.softmax(-(1 + 0.8 * own) * (off**2).sum(2) / 2, dim=1)
    expected = ((own * (1 - p) * 1.8 - (1 - own) * p + 0.2 * own)[:, :, None] * off).sum(1)
    torch.testing.assert_close(found, expected)


def test_a_tight_cluster_may_cost_less_than_nothing_but_not_without_end():
    means = torch.tensor([[0.0, 0.0], [9.0, 0.0]], dtype=torch.float64)
    z, y = means[:1], torch.tensor([0])
    costs = [
        LGM(likelihood=1)(z, y, {"means": means, "log_variance": torch.full((2, 2), v, dtype=torch.float64)}).item()
        for v in (0.0, -3.0, -6.0, -60.0)
    ]
    assert costs[0] > costs[1] > costs[2] == costs[3]
    assert costs[1] < 0


def test_the_determinant_does_not_grow_with_the_margin():
    z, y = batch_of(2)
    state = state_of(LGM(), 1)
    at_means = (
        LGM(margin=4)(state["means"], torch.arange(6), state),
        LGM(margin=0)(state["means"], torch.arange(6), state),
    )
    torch.testing.assert_close(*at_means)
    assert (LGM(margin=4)(z, y, state) > LGM(margin=0)(z, y, state)).all()


# geometry


@pytest.mark.parametrize(
    ("margin", "middle", "radius", "crossing"),
    [(0.3, -6.666667, 7.601170, 0.934503), (1, -2, 2.828427, 0.828427)],
)
def test_the_disc_of_two_means_as_printed(margin, middle, radius, crossing):
    scene = Scene(classes=2, dim=2, state={"means": np.array([[0.0, 0], [2, 0]])}, means=np.zeros((2, 2)))
    arcs = [s for s in LGM(margin=margin, **IDENTITY).shapes(scene) if s.role is Role.MARGIN]
    assert [(arc.owner, arc.rival) for arc in arcs] == [(0, 1), (1, 0)]
    assert arcs[0].center.tolist() == pytest.approx([middle, 0], abs=5e-7)
    assert arcs[0].radius == pytest.approx(radius, abs=5e-7)
    assert arcs[0].center[0] + arcs[0].radius == pytest.approx(crossing, abs=5e-7)
    assert arcs[0].stop - arcs[0].start == pytest.approx(2 * math.pi)


@few
@given(margin=st.floats(1e-3, 100), seed=st.integers(0, 10_000))
def test_arcs_lie_on_the_rule_at_any_margin(margin, seed):
    assert faults(on_the_rule(LGM(margin=margin, **IDENTITY), seed, 2)) == []


@pytest.mark.parametrize("radius", [0.05, 0.7, 3.0, 40.0])
def test_no_boundary_is_missing(radius):
    turn = torch.linspace(0, 2 * math.pi, 10_001, dtype=torch.float64)
    for seed in range(8):
        loss = LGM(**IDENTITY)
        scene, state = scene_of(loss, seed)
        boundaries = [shape for shape in loss.shapes(scene) if shape.role is Role.BOUNDARY]
        scores = loss.scores(radius * torch.stack([turn.cos(), turn.sin()], dim=1), state)
        assert int((scores.argmax(1).diff() != 0).sum()) == crossings(boundaries, radius), seed


def holds(arc: Arc, point: np.ndarray) -> bool:
    off = point - arc.center
    turn = (math.atan2(off[1], off[0]) - arc.start) % (2 * math.pi)
    slack = 1e-3
    return abs(np.linalg.norm(off) - arc.radius) < slack * (1 + arc.radius) and (
        turn < arc.stop - arc.start + slack or turn > 2 * math.pi - slack
    )


@pytest.mark.parametrize("margin", [0.05, 0.3, 1.0, 4.0])
def test_no_arc_is_missing(margin):
    """Wherever the rule changes sides on a fine circle, an arc of its owner passes."""
    turn = torch.linspace(0, 2 * math.pi, 20_001, dtype=torch.float64)
    met = 0
    for seed, radius in [(seed, radius) for seed in range(5) for radius in (0.4, 1.1, 5.0)]:
        loss = LGM(margin=margin, **IDENTITY)
        scene, state = scene_of(loss, seed)
        arcs = [shape for shape in loss.shapes(scene) if isinstance(shape, Arc)]
        points = radius * torch.stack([turn.cos(), turn.sin()], dim=1)
        for owner in range(6):
            logits = loss.logits(points, torch.full((len(points),), owner), state)
            for k in np.flatnonzero((logits.argmax(1) == owner).int().diff().numpy()):
                met += 1
                assert any(holds(arc, points[k].numpy()) for arc in arcs if arc.owner == owner)
    assert met > 30


def test_heads():
    state = state_of(LGM(), 1)
    head = LGM(**IDENTITY).head(state)
    assert (head.kind, head.log_variance, head.distance) == (HeadKind.EUCLIDEAN, None, 0.3)
    head = LGM(covariance="isotropic").head(state)
    assert head.kind is HeadKind.MAHALANOBIS
    torch.testing.assert_close(head.log_variance, state["log_variance"].mean(1, keepdim=True).expand(6, 2))


def test_state_is_what_is_learned():
    start = LGM().init(10, 2, np.random.default_rng(0))
    assert {name: tuple(tensor.shape) for name, tensor in start.items()} == {"means": (10, 2), "log_variance": (10, 2)}
    assert set(LGM(**IDENTITY).init(10, 2, np.random.default_rng(0))) == {"means"}
