"""Logistic, hinge, multi-class SVM and Huber: limits, streets, advice."""

import math

import numpy as np
import pytest
import torch
from loss_cases import agree
from scipy.optimize import linprog
from test_loss_geometry import crossings
from torch.nn.functional import (
    multi_margin_loss,
    one_hot,
    smooth_l1_loss,
)

from losses import LOSSES, Scene
from losses.shape import Role
from verification.cases import batch_of, state_of
from verification.geometry import scene_of
from verification.inputs import INPUTS

FLOAT = torch.float64


def alone(scores: list[float], dtype: torch.dtype = FLOAT):
    """One class alone, of which every sample is."""
    z = torch.tensor(scores, dtype=dtype)[:, None]
    return z, torch.zeros(len(z), dtype=torch.int64), {"weight": torch.ones(1, 1, dtype=dtype)}


def test_logistic_far_out():
    for dtype in (torch.float32, FLOAT):
        assert LOSSES["logistic"](bias=False)(*alone([1000.0, -1000.0], dtype)).tolist() == [0, 1000]


def test_torch_divides_the_multiclass_svm_by_the_number_of_classes():
    given = INPUTS["cat_car_frog"]
    agree(multi_margin_loss(given["z"], given["y"]).item(), "1.755556")


def test_smooth_l1_is_huber_over_its_corner():
    z, y, weight = INPUTS["residuals"].values()
    found = LOSSES["huber"](delta=0.5, bias=False)(z, y, {"weight": weight}) / 0.5
    assert found.tolist() == pytest.approx([2.75, 0.25, 0.04, 0.75, 2.25])
    smooth = smooth_l1_loss(z[:, 0], torch.ones(5, dtype=FLOAT), reduction="none", beta=0.5)
    torch.testing.assert_close(found, smooth)


# limits


def test_two_classes():
    """Softmax is the logistic loss of the difference; both SVMs are the hinge loss of it."""
    z, y = batch_of(1, classes=3, samples=20)
    state = state_of(LOSSES["softmax"](), 2, classes=2)
    lead = (
        (2 * y - 1) * (z @ (state["weight"][1] - state["weight"][0]) + state["bias"][1] - state["bias"][0])
    ).tolist()
    softmax, logistic = LOSSES["softmax"]()(z, y, state), LOSSES["logistic"](bias=False)
    torch.testing.assert_close(softmax, logistic(*alone(lead)))
    for squared in (False, True):
        hinge = LOSSES["hinge"](bias=False, squared=squared)(*alone(lead))
        for variant in ("weston_watkins", "crammer_singer"):
            torch.testing.assert_close(LOSSES["multiclass_svm"](variant=variant, squared=squared)(z, y, state), hinge)


def test_crammer_singer_never_costs_more():
    z, y = batch_of(1, samples=50)
    state = state_of(LOSSES["hinge"](), 2)
    most, all_ = (LOSSES["multiclass_svm"](variant=v)(z, y, state) for v in ("crammer_singer", "weston_watkins"))
    assert (most <= all_ + 1e-12).all()
    assert (5 * most >= all_ - 1e-12).all()


def test_start_at_equal_scores():
    z, y = torch.zeros(4, 2), torch.arange(4)
    state = {"weight": torch.ones(10, 2), "bias": torch.zeros(10)}
    for slug, knobs, cost in (
        ("multiclass_svm", {"margin": 2}, 18),
        ("multiclass_svm", {"margin": 2, "variant": "crammer_singer"}, 2),
        ("hinge", {"margin": 2}, 20),
        ("logistic", {}, 10 * math.log(2)),
        ("huber", {}, 0.05),
    ):
        assert LOSSES[slug](**knobs)(z, y, state).tolist() == pytest.approx([cost] * 4)


def test_huber_between_square_and_absolute():
    z, y = batch_of(1)
    state = state_of(LOSSES["huber"](), 2)
    off = z @ state["weight"].T + state["bias"] - one_hot(y, 6)
    torch.testing.assert_close(LOSSES["huber"](delta=1e3)(z, y, state), (off**2).mean(1) / 2)
    found = LOSSES["huber"](delta=1e-3)(z, y, state) / 1e-3
    torch.testing.assert_close(found, off.abs().mean(1), rtol=0, atol=1e-3)


@pytest.mark.parametrize("squared", [False, True])
def test_at_the_kink_nothing_pulls(squared):
    z = torch.tensor([[1.0, 0.0]], dtype=FLOAT, requires_grad=True)
    state = {"weight": torch.tensor([[1.0, 0.0], [-1.0, 0.0]], dtype=FLOAT)}
    for loss in (
        LOSSES["hinge"](bias=False, squared=squared),
        *(
            LOSSES["multiclass_svm"](margin=2, variant=v, bias=False, squared=squared)
            for v in ("weston_watkins", "crammer_singer")
        ),
    ):
        each = loss(z, torch.tensor([0]), state)
        assert each.item() == 0
        assert not torch.autograd.grad(each.sum(), z)[0].any()


def test_regression_starts_at_the_best_constant_score():
    """No other bias common to all classes would cost less on one sample of each class without direction."""
    z, y = torch.zeros(10, 2), torch.arange(10)
    for slug, knobs in (("huber", {}), ("ghm_r", {"bins": 1, "mu": 1e3})):
        loss = LOSSES[slug](**knobs)
        start = loss.init(10, 2, np.random.default_rng(0))
        best, *others = (loss(z, y, {**start, "bias": start["bias"] + shift}).mean() for shift in (0, -0.01, 0.01))
        assert best < min(others)


@pytest.mark.parametrize(
    ("slug", "knobs", "margin"),
    [
        ("logistic", {}, 1.0),
        ("hinge", {"margin": 3.0}, 3.0),
        ("ghm_c", {"activation": "sigmoid"}, 1.0),
        ("focal", {"activation": "sigmoid"}, 1.0),
    ],
)
@pytest.mark.parametrize(("classes", "dim"), [(2, 2), (10, 2), (4, 3), (10, 3)])
def test_one_against_the_rest_starts_where_one_distance_parts_all_classes(slug, knobs, margin, classes, dim):
    """So far out on its class vector that it just keeps the margin, a sample keeps it against the nearest other too."""
    loss = LOSSES[slug](**knobs)
    start = {name: tensor.double() for name, tensor in loss.init(classes, dim, np.random.default_rng(0)).items()}
    heading = start["weight"] / start["weight"].norm(dim=1, keepdim=True)
    reach = (margin - start["bias"][0]) / start["weight"].norm(dim=1)
    scores = loss.scores(reach[:, None] * heading, start)
    own = torch.eye(classes, dtype=torch.bool)
    assert scores[own].tolist() == pytest.approx([margin] * classes, rel=1e-5)
    # on the sphere the start vectors come within a degree of the widest arrangement (test_class_spread)
    assert scores[~own].max().item() == pytest.approx(-margin, rel=1e-5 if dim == 2 else 0.1)


# geometry


def test_the_street_of_two_classes():
    """It is two over the length of the weight wide, and the same for all losses with a margin."""
    weight = np.array([[3.0, 4.0], [-3.0, -4.0]])
    scene = Scene(classes=2, dim=2, state={"weight": weight, "bias": np.zeros(2)}, means=np.zeros((2, 2)))
    for loss in (LOSSES["hinge"](margin=1), LOSSES["multiclass_svm"](margin=2)):
        sides = {s.owner: s.origin @ weight[0] / 5 for s in loss.shapes(scene) if s.role is Role.MARGIN}
        assert sides == pytest.approx({0: 0.2, 1: -0.2})


@pytest.mark.parametrize("slug", ["hinge", "multiclass_svm"])
@pytest.mark.parametrize("radius", [0.7, 3.0, 40.0])
def test_no_margin_is_missing(slug, radius):
    turn = torch.linspace(0, 2 * math.pi, 20_001, dtype=torch.float64)
    points = radius * torch.stack([turn.cos(), turn.sin()], dim=1)
    for margin, seed in [(margin, seed) for margin in (0.1, 1.0, 5.0) for seed in range(5)]:
        loss = LOSSES[slug](margin=margin)
        scene, state = scene_of(loss, seed)
        shapes = [shape for shape in loss.shapes(scene) if shape.role is Role.MARGIN]
        for owner in range(6):
            logits = loss.logits(points, torch.full((len(points),), owner), state)
            changes = int((logits.argmax(1) == owner).int().diff().ne(0).sum())
            assert changes == crossings([s for s in shapes if s.owner == owner], radius), (margin, seed, owner)


@pytest.mark.parametrize("margin", [0.5, 2.0])
def test_beyond_the_margin_nothing_is_lacking(margin):
    """The rule of the logits: for the SVM exactly where the loss is zero, for the hinge wherever it is."""
    z, _ = batch_of(1, samples=400)
    z = 6 * z
    for slug, variants in (("hinge", [{}]), ("multiclass_svm", [{}, {"variant": "crammer_singer"}])):
        for knobs in variants:
            loss = LOSSES[slug](margin=margin, **knobs)
            state = state_of(loss, 2)
            y = loss.scores(z, state).argmax(1)
            free, clear = loss(z, y, state) == 0, loss.logits(z, y, state).argmax(1) == y
            if slug == "hinge":
                assert (clear | ~free).all()
            else:
                assert 0 < int(free.sum()) < 400
                assert torch.equal(free, clear)


def test_without_bias_more_than_three_classes_in_the_plane_cannot_be_told_apart():
    for loss in (
        LOSSES["logistic"](bias=False),
        LOSSES["hinge"](bias=False),
        LOSSES["ghm_c"](bias=False, activation="sigmoid"),
    ):
        (advice,) = loss.advice(4, 2)
        assert (advice.knob, advice.limit) == ("bias", 1.0)
        assert advice.message.render("zh") != advice.message.render("en")
        assert loss.advice(3, 2) == loss.advice(10, 3) == loss.replace(bias=True).advice(10, 2) == ()
    assert LOSSES["ghm_c"](bias=False).advice(10, 2) == ()


@pytest.mark.parametrize(
    ("classes", "dim", "bias", "possible"),
    [(3, 2, False, True), (4, 2, False, False), (8, 2, True, True), (8, 3, False, True)],
)
def test_the_advice_on_bias_by_linear_programming(classes, dim, bias, possible):
    """For each class on a ring (a cone in space) look for a line of its own that leads by one on either side."""
    turn = 2 * np.pi * np.arange(classes) / classes
    points = np.stack([np.cos(turn), np.sin(turn), np.ones(classes)], axis=1)[:, : dim + bias]
    feasible = []
    for k in range(classes):
        side = np.where(np.arange(classes) == k, -1.0, 1.0)[:, None]
        free = [(None, None)] * points.shape[1]
        feasible.append(
            linprog(np.zeros(points.shape[1]), A_ub=side * points, b_ub=-np.ones(classes), bounds=free).success
        )
    assert all(feasible) is possible


@pytest.mark.parametrize("classes", [3, 7, 8, 10, 20])
def test_the_advice_on_regression_by_least_squares(classes):
    """The nearest that scores linear in a place on the ring come to the codes of its classes."""
    turn = 2 * np.pi * np.arange(classes) / classes
    ring = np.stack([np.cos(turn), np.sin(turn), np.ones(classes)], axis=1)
    scores = ring @ np.linalg.lstsq(ring, np.eye(classes), rcond=None)[0]
    lead = (np.diag(scores) - np.where(np.eye(classes) == 1, -np.inf, scores).max(axis=1)).min()
    for slug in ("huber", "ghm_r"):
        given = LOSSES[slug]().advice(classes, 2)
        assert [(advice.knob, advice.limit) for advice in given] == ([("", pytest.approx(lead))] if lead < 0.1 else [])
        assert all(advice.message.render("zh") != advice.message.render("en") for advice in given)
        assert LOSSES[slug]().advice(classes, 3) == ()
