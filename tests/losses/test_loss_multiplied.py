"""NSL, combined margin, A-Softmax, L-Softmax: printed numbers, limits, other implementations, rays, advice."""

import itertools
import math

import numpy as np
import pytest
import torch
from loss_cases import agree
from pytorch_metric_learning.losses import SphereFaceLoss
from torch.nn.functional import cross_entropy, normalize, one_hot

from losses import LOSSES, Scene
from losses.shape import Role
from verification.cases import batch_of, state_of
from verification.geometry import scene_of
from verification.inputs import K2, WHEEL

CM1, CM2 = {"m1": 1, "m2": 0.3, "m3": 0.2}, {"m1": 0.9, "m2": 0.4, "m3": 0.15}


@pytest.mark.parametrize(
    ("margin", "row"),
    [
        (2, "1 0.5 0 -0.5 -1 -1.5 -2.5 -3"),
        (3, "1 0 -0.707107 -1 -2 -3 -4 -5"),
        (4, "1 -0.5 -1 -1.5 -3 -4.5 -5.5 -7"),
    ],
)
def test_psi_as_printed(margin, row):
    """In both forms of the maths, for all three losses that have it."""
    theta = np.radians([0, 30, 45, 60, 90, 120, 150, 180])
    printed = [float(text) for text in row.split()]
    z = torch.from_numpy(np.stack([np.cos(theta), np.sin(theta)], axis=1))
    y, state = torch.zeros(8, dtype=torch.int64), {"weight": WHEEL}
    multiplied = LOSSES["combined_margin"](m1=margin, m2=0, m3=0, scale=1)
    for loss in (LOSSES["a_softmax"](margin=margin), LOSSES["l_softmax"](margin=margin), multiplied):
        assert loss.logits(z, y, state)[:, 0].tolist() == pytest.approx(printed, abs=5e-7)
        assert loss.profile().target(theta).tolist() == pytest.approx(printed, abs=5e-7)


def test_combined_beyond_pi_as_printed():
    loss = LOSSES["combined_margin"](m2=0.5, m3=0, scale=1)
    # the reference prints -1.052498 for -1.05249852
    for value, printed in zip(
        loss.profile().target(np.radians([170.0, 180.0])), ("-1.052499", "-1.122417"), strict=True
    ):
        agree(value, printed)


# limits and siblings


def test_combined_margin_through_acos():
    z, y = batch_of(4, samples=60)
    loss = LOSSES["combined_margin"](m1=1.3, m2=0.4, m3=0.2, scale=7)
    state = state_of(loss, 2)
    cosine = normalize(z) @ normalize(state["weight"]).T
    u = 1.3 * torch.acos(cosine) + 0.4
    psi = torch.where(u < math.pi, u.cos(), torch.where(u < 2 * math.pi, -u.cos() - 2, u.cos() - 4))
    logits = 7 * torch.where(one_hot(y, 6).bool(), psi - 0.2, cosine)
    assert (u.gather(1, y[:, None]) > math.pi).any(), "the batch must reach beyond pi"
    torch.testing.assert_close(loss.logits(z, y, state), logits, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("dim", [2, 3])
def test_without_margin(dim):
    z, y = batch_of(1, dim=dim)
    state = state_of(LOSSES["nsl"](), 2, dim=dim)
    z[0] = 0  # no direction, and still the gradient of softmax
    z.requires_grad_()
    unit = {"weight": normalize(state["weight"])}
    softmax = LOSSES["softmax"](bias=False)
    for mine, plain in (
        (LOSSES["l_softmax"](margin=1)(z, y, state), softmax(z, y, state)),
        (LOSSES["a_softmax"](margin=1)(z, y, state), softmax(z, y, unit)),
        (LOSSES["l_softmax"](margin=3)(z, y, unit), LOSSES["a_softmax"](margin=3)(z, y, state)),
    ):
        torch.testing.assert_close(mine, plain, rtol=1e-9, atol=1e-11)
        torch.testing.assert_close(*(torch.autograd.grad(each.sum(), z)[0] for each in (mine, plain)))
    softer = [LOSSES["l_softmax"](blend=blend)(z, y, state) - softmax(z, y, state) for blend in (0, 1, 10, 1e4)]
    assert all((a >= b).all() for a, b in itertools.pairwise(softer))
    assert softer[-1].max() < 1e-2
    plain = cross_entropy(9 * normalize(z.detach()) @ unit["weight"].T, y, reduction="none")
    torch.testing.assert_close(LOSSES["nsl"](scale=9)(z.detach(), y, state), plain, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_floor_of_the_simplex(classes):
    """All samples on their class vectors, which stand as far apart as they go."""
    corners = torch.eye(classes, dtype=torch.float64) - 1 / classes
    floor = math.log1p((classes - 1) * math.exp(-8 * classes / (classes - 1)))
    found = LOSSES["nsl"](scale=8)(corners, torch.arange(classes), {"weight": corners})
    assert found.tolist() == pytest.approx([floor] * classes, rel=1e-9)


def test_a_perfect_sample_is_not_pulled_by_a_multiplied_angle():
    """At 0 the curve is level, unlike that of ArcFace."""
    z = WHEEL[:1].clone().requires_grad_()
    for slug in ("a_softmax", "l_softmax"):
        logit = LOSSES[slug](margin=4).logits(3 * z, torch.tensor([0]), {"weight": WHEEL})[0, 0]
        (gradient,) = torch.autograd.grad(logit, z)
        torch.testing.assert_close(gradient, 3 * WHEEL[:1])  # along the class vector alone


# independent implementations

old_numpy = pytest.mark.filterwarnings("ignore:__array_wrap__ must accept:DeprecationWarning")  # in theirs


@old_numpy
def test_pytorch_metric_learning_multiplies_the_scale_and_we_the_embeddings():
    z, y = batch_of(5)
    state = state_of(LOSSES["a_softmax"](), 3)
    other = SphereFaceLoss(num_classes=6, embedding_size=2, margin=4, scale=3).double()
    with torch.no_grad():
        other.W.copy_(state["weight"].T)
    torch.testing.assert_close(LOSSES["a_softmax"]()(3 * z, y, state).mean(), other(z, y), rtol=1e-6, atol=1e-8)


def test_the_authors_backward_is_another_one():
    """Their layer scales the two parts of the gradient to length one together; ours is the slope of the value."""
    z, y, state = K2["z"][:1].clone().requires_grad_(), K2["y"][:1], {"weight": K2["weight"]}
    (true,) = torch.autograd.grad(LOSSES["a_softmax"](margin=2).logits(z, y, state)[0, 0], z)
    cosine, length, own = 2 / math.sqrt(5), math.sqrt(5), np.array([1.0, 0.0])
    # |z| (2 cos^2 - 1): 4 cos along w and -(2 cos^2 + 1) along z
    parts = 4 * cosine, -(2 * cosine**2 + 1)
    x = z.detach().numpy()[0] / length
    np.testing.assert_allclose(true.numpy()[0], parts[0] * own + parts[1] * x, rtol=1e-9)
    theirs = (parts[0] * own + parts[1] * x) / math.hypot(*parts)
    assert np.linalg.norm(true.numpy()[0] - theirs) > 1


# geometry


@pytest.mark.parametrize("slug", ["a_softmax", "l_softmax"])
@pytest.mark.parametrize(
    ("blend", "degrees"), [(0, 7.2), (1, 9.2446), (5, 12.6915), (10, 14.3660), (50, 16.9482), (1e4, 18.0)]
)
def test_rays_of_the_wheel_as_printed(slug, blend, degrees):
    scene = Scene(classes=10, dim=2, state={"weight": WHEEL.numpy()}, means=np.zeros((10, 2)))
    rays = [s for s in LOSSES[slug](margin=4, blend=blend).shapes(scene) if s.role is Role.MARGIN]
    assert len(rays) == 20
    for ray in rays:
        turn = math.degrees(math.acos(ray.direction @ WHEEL[ray.owner].numpy()))
        assert turn == pytest.approx(degrees, abs=6e-5 if blend < 1e4 else 6e-3)


@pytest.mark.parametrize("slug", ["a_softmax", "l_softmax", "combined_margin"])
def test_no_margin_is_missing(slug):
    """Round the circle, the band about each class changes sides as often as its margin rays cross it."""
    settings = [{"margin": 2}, {"margin": 4}, {"margin": 4, "blend": 5}, {"margin": 3, "blend": 1}]
    if slug == "combined_margin":
        settings = [CM1, CM2, {"m1": 2, "m2": 0, "m3": 0}, {"m1": 1, "m2": 0.6, "m3": 0.1}]
    turn = torch.linspace(0, 2 * math.pi, 20_001, dtype=torch.float64)
    points = torch.stack([turn.cos(), turn.sin()], dim=1)
    drawn = 0
    for knobs, seed in [(knobs, seed) for knobs in settings for seed in range(6)]:
        loss = LOSSES[slug](**knobs)
        scene, state = scene_of(loss, seed)
        margins = [shape for shape in loss.shapes(scene) if shape.role is Role.MARGIN]
        drawn += len(margins)
        for owner in range(6):
            logits = loss.logits(points, torch.full((len(points),), owner), state)
            changes = int((logits.argmax(1) == owner).int().diff().ne(0).sum())
            assert changes == sum(shape.owner == owner for shape in margins), (knobs, seed, owner)
    assert drawn > 100


def test_margins_of_two_classes_close_together_reach_round_the_back():
    """Beyond both class vectors the margin multiplies the outer angle: it ends at omega / (m - 1)."""
    omega = math.radians(36)
    weight = np.array([[1, 0], [math.cos(omega), math.sin(omega)]])
    scene = Scene(classes=2, dim=2, state={"weight": weight}, means=np.zeros((2, 2)))
    for slug in ("a_softmax", "l_softmax"):
        rays = [s for s in LOSSES[slug](margin=4).shapes(scene) if s.role is Role.MARGIN and s.owner == 0]
        turns = sorted(math.degrees(math.atan2(ray.direction[1], ray.direction[0])) for ray in rays)
        assert turns == pytest.approx([-36 / 3, 36 / 5], abs=1e-6)


@pytest.mark.parametrize(
    ("slug", "knobs", "classes", "dim", "warned"),
    [
        ("nsl", {}, 10, 2, {}), ("nsl", {"scale": 8}, 10, 2, {"scale": 15.136887}), ("nsl", {"scale": 8}, 10, 3, {}),
        ("combined_margin", {}, 10, 2, {}), ("combined_margin", {"m2": 0.7}, 10, 2, {"m2": 0.628319}),
        ("combined_margin", {"m2": 0, "m3": 0.2}, 10, 2, {"m3": 0.190983}),
        ("combined_margin", CM1, 10, 2, {"m3": math.cos(0.3) - math.cos(0.2 * math.pi)}),
        ("combined_margin", CM1, 10, 3, {}),
        ("combined_margin", {"scale": 8}, 10, 2, {"scale": 15.136887}),
        ("a_softmax", {}, 10, 2, {}), ("l_softmax", {}, 10, 3, {}),
        ("a_softmax", {"margin": 3}, 10, 2, {}), ("a_softmax", {"margin": 2}, 10, 2, {"margin": 3}),
        ("l_softmax", {"margin": 1, "blend": 3}, 10, 2, {"margin": 3}),
        ("a_softmax", {"margin": 3, "blend": 0.1}, 10, 2, {"blend": 0.0}),
        ("a_softmax", {"blend": 0.8}, 10, 2, {}), ("a_softmax", {"blend": 5}, 10, 2, {"blend": 0.848}),
    ],
)  # fmt: skip
def test_advice(slug, knobs, classes, dim, warned):
    advice = LOSSES[slug](**knobs).advice(classes, dim)
    assert {a.knob: a.limit for a in advice} == pytest.approx(warned, abs=5e-4 if "blend" in warned else 5e-7)
    for a in advice:
        assert f"{a.limit:.3g}" in str(a.message)
        assert a.message.render("zh") != a.message.render("en")


@pytest.mark.parametrize("margin", [3, 4])
def test_below_the_advised_blend_a_class_is_narrower_than_its_gap(margin):
    """The advice against the rays: within omega / 4 of the class vector, just where it says."""
    (advice,) = LOSSES["a_softmax"](margin=margin, blend=50).advice(10, 2)
    scene = Scene(classes=10, dim=2, state={"weight": WHEEL.numpy()}, means=np.zeros((10, 2)))
    for share, narrow in ((0.9, True), (1.1, False)):
        blend = share * advice.limit if advice.limit > 1e-9 else (0 if narrow else 0.1)
        rays = [s for s in LOSSES["a_softmax"](margin=margin, blend=blend).shapes(scene) if s.role is Role.MARGIN]
        turns = [math.degrees(math.acos(ray.direction @ WHEEL[ray.owner].numpy())) for ray in rays]
        assert (max(turns) <= 9 + 1e-6) is narrow


def test_feasible_margins_are_drawn_and_others_not():
    """The advice of the combined margin against its rays: at the limit even the class vector itself is lost."""
    scene = Scene(classes=10, dim=2, state={"weight": WHEEL.numpy()}, means=np.zeros((10, 2)))
    (advice,) = LOSSES["combined_margin"](m2=0.3, m3=0.5).advice(10, 2)
    for shift, roles in ((-1e-3, {Role.BOUNDARY, Role.MARGIN}), (1e-3, {Role.BOUNDARY})):
        shapes = LOSSES["combined_margin"](m2=0.3, m3=advice.limit + shift).shapes(scene)
        assert {shape.role for shape in shapes} == roles
