"""Shapes lie where the rule says: on ties of scores, on ties of the changed logits, on levels of the loss."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from loss_cases import SLUGS_WITH_AXES, faults, few, knobs_of

from losses import LOSSES, OURS, Scene
from losses.shape import ROW, Arc, Cap, Circle, Ellipse, Ray, Role, Segment, Shape, SphereArc, SphereConic
from losses.toolkit.class_spread import start_vectors
from verification.cases import state_of
from verification.geometry import on_the_rule, scene_of
from verification.inputs import WHEEL

EVERY = pytest.mark.parametrize("cls", list(OURS.values()), ids=list(OURS))
PLACES = pytest.mark.parametrize("dim", [2, 3])


@EVERY
@PLACES
@few
@given(data=st.data())
def test_shapes_lie_on_the_rule_anywhere(cls, dim, data):
    assert faults(on_the_rule(cls(**data.draw(knobs_of(cls))), data.draw(st.integers(0, 10_000)), dim)) == []


@pytest.mark.parametrize("dim", [2, 3])
def test_on_the_level_the_spring_of_center_loss_costs_one(dim):
    loss = LOSSES["center"](weight=0.3)
    scene, state = scene_of(loss, 3, dim)
    levels = [shape for shape in loss.shapes(scene) if shape.role is Role.LEVEL]
    assert len(levels) == 6
    for shape in levels:
        points, label = torch.from_numpy(shape.points(9, 1.0)), torch.full((9,), shape.owner)
        rest = LOSSES["softmax"](bias=False).per_sample(points, label, state)
        torch.testing.assert_close(loss.per_sample(points, label, state) - rest, torch.ones_like(rest))


@pytest.mark.parametrize("covariance", ["diagonal", "isotropic", "identity"])
@pytest.mark.parametrize("dim", [2, 3])
def test_levels_of_l_gm_hold_their_share_of_the_class(covariance, dim):
    """Drawn from the class's own Gaussian, as many samples lie inside as the chi-squared distribution says."""
    loss = LOSSES["l_gm"](covariance=covariance)
    scene, state = scene_of(loss, 3, dim)
    levels = [shape for shape in loss.shapes(scene) if shape.role is Role.LEVEL]
    assert len(levels) == 6
    head = loss.head(state)
    for shape in levels:
        spread = torch.ones(dim) if head.log_variance is None else torch.exp(head.log_variance[shape.owner] / 2)
        drawn = np.random.default_rng(1).standard_normal((20_000, dim)) * spread.numpy() + shape.center
        inside = (((drawn - shape.center) / shape.radii) ** 2).sum(axis=1) < 1
        assert inside.mean() == pytest.approx({2: 0.8647, 3: 0.7385}[dim], abs=0.01)


def crossings(shapes: list[Shape], radius: float) -> int:
    """Count how often segments and rays cross the circle of a radius about the origin."""
    count = 0
    for shape in shapes:
        start, end = (shape.start, shape.end) if isinstance(shape, Segment) else (shape.origin, 1e6 * shape.direction)
        along = end - start
        roots = np.roots([along @ along, 2 * start @ along, start @ start - radius**2])
        count += sum(1 for root in roots if abs(root.imag) < 1e-12 and 0 <= root.real <= 1)
    return count


@EVERY
@pytest.mark.parametrize("radius", [0.05, 0.7, 3.0, 40.0])
def test_no_boundary_is_missing(cls, radius):
    """Round a circle, the prediction changes as often as boundaries cross it."""
    if cls.slug in SLUGS_WITH_AXES:
        return
    for seed in range(8):
        loss = cls()
        scene, state = scene_of(loss, seed)
        boundaries = [shape for shape in loss.shapes(scene) if shape.role is Role.BOUNDARY]
        turn = torch.linspace(0, 2 * math.pi, 10_001, dtype=torch.float64)
        scores = loss.scores(radius * torch.stack([turn.cos(), turn.sin()], dim=1), state)
        if scores is None:
            assert boundaries == []
        else:
            assert int((scores.argmax(1).diff() != 0).sum()) == crossings(boundaries, radius), seed


@pytest.mark.parametrize("slug", ["arcface", "cosface"])
def test_no_margin_is_missing(slug):
    """Round the circle, the band about each class changes sides as often as its margin rays cross it."""
    for margin, seed in [(margin, seed) for margin in (0.02, 0.1, 0.3, 0.6) for seed in range(8)]:
        loss = LOSSES[slug](margin=margin)
        scene, state = scene_of(loss, seed)
        margins = [shape for shape in loss.shapes(scene) if shape.role is Role.MARGIN]
        turn = torch.linspace(0, 2 * math.pi, 10_001, dtype=torch.float64)
        points = torch.stack([turn.cos(), turn.sin()], dim=1)
        for owner in range(6):
            logits = loss.logits(points, torch.full((len(points),), owner), state)
            changes = int((logits.argmax(1) == owner).int().diff().ne(0).sum())
            assert changes == sum(shape.owner == owner for shape in margins), (margin, seed, owner)


@pytest.mark.parametrize(
    ("slug", "margin", "degrees"),
    [
        ("cosface", 0.05, 13.3596), ("cosface", 0.10, 8.6884), ("cosface", 0.15, 3.9537), ("cosface", 0.19, 0.0958),
        ("arcface", 0.1, 15.1352), ("arcface", 0.3, 9.4056), ("arcface", 0.5, 3.6761),
    ],
)  # fmt: skip
def test_margin_rays_of_the_wheel_as_printed(slug, margin, degrees):
    scene = Scene(classes=10, dim=2, state={"weight": WHEEL.numpy()}, means=np.zeros((10, 2)))
    shapes = LOSSES[slug](margin=margin).shapes(scene)
    assert [shape.role for shape in shapes].count(Role.BOUNDARY) == 10
    angles = sorted(math.degrees(math.atan2(*s.direction[::-1])) for s in shapes if s.role is Role.MARGIN)
    assert sorted(36 * k + side * degrees for k in range(-5, 5) for side in (-1, 1)) == pytest.approx(
        sorted(angle if angle < 180 - 36 / 2 else angle - 360 for angle in angles), abs=6e-5
    )


UNBIASED = [
    *(pytest.param(LOSSES[slug](), id=slug) for slug in ("nsl", "a_softmax", "l_softmax", "center", "circle")),
    *(pytest.param(LOSSES[slug](bias=False), id=slug) for slug in ("softmax", "focal", "hinge", "multiclass_svm")),
    *(pytest.param(LOSSES["cosface"](margin=m), id=f"cosface-{m}") for m in (0.02, 0.15, 0.4, 1.0)),
    *(pytest.param(LOSSES["arcface"](margin=m), id=f"arcface-{m}") for m in (0.02, 0.3, 0.7, 1.5)),
    *(pytest.param(LOSSES["arcface"](margin=0.4, beyond=b), id=f"arcface-{b}") for b in ("raw", "easy", "cosface")),
    pytest.param(LOSSES["a_softmax"](margin=2, blend=3.0), id="a_softmax-blend"),
    pytest.param(LOSSES["combined_margin"](m1=1.2, m2=0.2, m3=0.1), id="combined"),
    pytest.param(LOSSES["unified"](margin=0.2), id="unified"),
    pytest.param(LOSSES["unified"](margin=0.0, similarity="dot"), id="unified-dot"),
]


@pytest.mark.parametrize("loss", UNBIASED)
def test_nothing_is_missing_on_the_sphere(loss):
    """Walking round the sphere, predictions and bands change as often as curves are crossed."""
    turn = torch.linspace(0, 2 * math.pi, 10_001, dtype=torch.float64)
    for seed in range(3):
        scene, state = scene_of(loss, seed, 3)
        shapes = loss.shapes(scene)
        lines = [shape for shape in shapes if shape.role is Role.BOUNDARY]
        assert len(lines) >= 3
        for way in range(3):
            frame = np.linalg.qr(np.random.default_rng(way).standard_normal((3, 3)))[0]
            walk = turn.cos()[:, None] * torch.from_numpy(frame[0]) + turn.sin()[:, None] * torch.from_numpy(frame[1])

            def crossed(chosen: list[Shape], normal: np.ndarray = frame[2]) -> int:
                return sum(int((np.diff(shape.points(801, 1.0) @ normal > 0) != 0).sum()) for shape in chosen)

            assert int((loss.scores(walk, state).argmax(1).diff() != 0).sum()) == crossed(lines), (seed, way)
            for owner in range(6) if loss.family == "angular" and loss.slug != "nsl" else ():
                banded = loss.logits(walk, torch.full((len(walk),), owner), state).argmax(1) == owner
                margins = [shape for shape in shapes if shape.role is Role.MARGIN and shape.owner == owner]
                assert int(banded.int().diff().ne(0).sum()) == crossed(margins), (seed, way, owner)


@pytest.mark.parametrize(
    ("slug", "knobs", "degrees"),
    [
        ("cosface", {"margin": 0.35}, 45 - math.degrees(math.asin(0.35 / (2 * math.sin(math.pi / 4))))),
        ("arcface", {"margin": 0.5}, 45 - math.degrees(0.25)), ("a_softmax", {"margin": 4}, 90 / 5),
        ("l_softmax", {"margin": 3}, 90 / 4), ("combined_margin", {"m2": 0.5, "m3": 0}, 45 - math.degrees(0.25)),
    ],
)  # fmt: skip
def test_margins_on_the_octahedron_are_as_far_from_the_class_vectors_as_in_the_plane(slug, knobs, degrees):
    weight = start_vectors(6, 3, np.random.default_rng(0)).double().numpy()
    shapes = LOSSES[slug](**knobs).shapes(Scene(classes=6, dim=3, state={"weight": weight}, means=weight))
    for owner in range(6):
        curve = [s.points(201, 1.0) for s in shapes if s.role is Role.MARGIN and s.owner == owner]
        nearest = np.degrees(np.arccos((np.concatenate(curve) @ weight[owner]).max()))
        assert nearest == pytest.approx(degrees, abs=0.03)


@pytest.mark.parametrize(("slug", "margin", "limit"), [("cosface", 1.0, 1.0), ("arcface", math.pi / 2, math.pi / 2)])
def test_infeasible_margins_are_not_drawn_on_the_sphere(slug, margin, limit):
    """Six class vectors on the sphere are a right angle apart."""
    weight = np.concatenate([np.eye(3), -np.eye(3)])
    scene = Scene(classes=6, dim=3, state={"weight": weight}, means=weight)
    roles = [{shape.role for shape in LOSSES[slug](margin=limit + d).shapes(scene)} for d in (-1e-3, 1e-3)]
    assert roles == [{Role.BOUNDARY, Role.MARGIN}, {Role.BOUNDARY}]


@pytest.mark.parametrize(("slug", "margin"), [("cosface", 0.2), ("arcface", 0.7)])
def test_infeasible_margins_are_not_drawn(slug, margin):
    scene = Scene(classes=10, dim=2, state={"weight": WHEEL.numpy()}, means=np.zeros((10, 2)))
    assert {shape.role for shape in LOSSES[slug](margin=margin).shapes(scene)} == {Role.BOUNDARY}


@EVERY
@PLACES
def test_degenerate_states_draw_without_complaint(cls, dim):
    loss = cls()
    for fill in (0.0, 1.0):
        state = {name: np.full(tensor.shape, fill) for name, tensor in state_of(loss, 0, dim=dim).items()}
        means = np.full((6, dim), np.nan)
        boundaries = [
            shape
            for shape in loss.shapes(Scene(classes=6, dim=dim, state=state, means=means))
            if shape.role in {Role.BOUNDARY, Role.MARGIN}
        ]
        assert boundaries == []


@EVERY
@pytest.mark.parametrize("dim", [2, 3, 5])
def test_shapes_can_be_recorded(cls, dim):
    loss = cls()
    for shape in loss.shapes(scene_of(loss, 1, dim=dim)[0]):
        row = shape.encode()
        assert row.shape == (ROW,)
        assert np.isfinite(row).all()
        assert row[0] == shape.kind
        assert shape.role == row[1]
        assert (shape.owner, shape.rival) == tuple(row[2:4])


def test_contrastive_margin_is_where_pushing_ends():
    loss = LOSSES["contrastive"](margin=1.3)
    scene, _ = scene_of(loss, 1)
    shapes = loss.shapes(scene)
    assert len(shapes) == 6
    for shape in shapes:
        mean = scene.means[shape.owner]
        for point in shape.points(7, 1.0):
            for share, pushes in ((0.999, True), (1.001, False)):
                pair = torch.from_numpy(np.stack([mean, mean + share * (point - mean)]))
                assert (loss(pair, torch.tensor([0, 1]), {}).sum() > 0).item() is pushes


def test_kinds_of_shapes_have_the_numbers_that_are_recorded():
    e = np.eye(3)
    common = {"role": Role.LEVEL, "owner": 2}
    shapes = [
        Segment(start=e[0], end=e[1], **common), Ray(origin=e[0], direction=e[1], **common),
        Circle(center=e[0], radius=2.0, **common), Arc(center=e[0, :2], radius=2.0, start=0.5, stop=1.0, **common),
        Cap(axis=e[2], angle=0.3, **common), SphereArc(axis=e[2], start=e[0], turn=np.pi / 2, **common),
        SphereConic(lift=0.5 * e[2], pull=2 * e[0], start=0.0, stop=1.0, **common),
        Ellipse(center=e[0], radii=np.array([1.0, 2.0, 3.0]), **common),
    ]  # fmt: skip
    assert [shape.kind for shape in shapes] == [0, 1, 2, 3, 4, 5, 6, 7]
    assert [len(shape.parameters()) for shape in shapes] == [6, 6, 4, 5, 4, 7, 8, 6]
    for shape in shapes:
        assert np.isfinite(shape.points(9, 3.0)).all()
        assert shape.encode()[2:4].tolist() == [2, -1]
    assert np.allclose(np.linalg.norm(shapes[2].points(9, 1.0) - e[0], axis=1), 2)
    assert np.allclose(np.linalg.norm(shapes[3].points(9, 1.0) - e[0, :2], axis=1), 2)
    assert np.allclose(shapes[4].points(9, 1.0) @ e[2], math.cos(0.3))
    assert np.allclose(np.linalg.norm(shapes[4].points(9, 1.0), axis=1), 1)
    assert np.allclose(shapes[5].points(3, 1.0), [e[0], (e[0] + e[1]) / math.sqrt(2), e[1]])
    first, last = shapes[6].points(2, 1.0)
    assert np.allclose(first, np.array([1, 0, 2.5]) / math.hypot(1, 2.5))  # cot(theta) = 0.5 + 2 where phi = 0
    assert math.atan2(last[1], last[0]) == pytest.approx(1.0)
    assert last[2] / math.hypot(last[0], last[1]) == pytest.approx(0.5 + 2 * math.cos(1))
    assert np.allclose((((shapes[7].points(9, 1.0) - e[0]) / [1, 2, 3]) ** 2).sum(axis=1), 1)


@pytest.mark.parametrize(
    ("slug", "knobs", "classes", "dim", "warned"),
    [
        ("cosface", {}, 10, 2, {}), ("arcface", {}, 10, 2, {}),
        ("cosface", {"margin": 0.35, "scale": 64}, 10, 2, {"margin": 0.190983}),
        ("cosface", {"margin": 0.35}, 10, 3, {}), ("cosface", {"margin": 0.6}, 10, 3, {"margin": 0.595606}),
        ("cosface", {"margin": 1.2}, 10, 9, {"margin": 1.111111}),
        ("arcface", {"margin": 0.7}, 10, 2, {"margin": 0.628319}), ("arcface", {"margin": 0.7}, 10, 3, {}),
        ("arcface", {"margin": 1.2, "scale": 2}, 10, 3, {"margin": 1.154480, "scale": 6.1548}),
        ("cosface", {"scale": 8}, 10, 2, {"scale": 15.136887}), ("arcface", {"scale": 8}, 10, 2, {"scale": 15.136887}),
        ("softmax", {}, 10, 2, {}), ("center", {}, 10, 2, {}), ("contrastive", {}, 10, 2, {}),
        ("focal", {}, 10, 2, {}),
    ],
)  # fmt: skip
def test_advice(slug, knobs, classes, dim, warned):
    advice = LOSSES[slug](**knobs).advice(classes, dim)
    assert {a.knob: a.limit for a in advice} == pytest.approx(warned, abs=5e-4 if dim == 3 else 5e-7)
    for a in advice:
        assert f"{a.limit:.3g}" in str(a.message)
        assert a.message.render("zh") != a.message.render("en")
