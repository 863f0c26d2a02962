"""Losses over tuples against loops over every tuple: values, gradients, active tuples; geometry; memory."""

import subprocess
import sys
from itertools import combinations, permutations

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize
from tuple_cases import TUPLE_KNOBS, TUPLE_SLUGS, WHOLE, gap, triplets

from losses import LOSSES, Scene
from losses.shape import Role
from verification.cases import batch_of, generator, state_of


@pytest.mark.parametrize("squared", [True, False])
@pytest.mark.parametrize("mining", ["all", "semi_hard", "batch_hard"])
@pytest.mark.parametrize("average", ["all", "active"])
@pytest.mark.parametrize("seed", [1, 2])
def test_triplets_one_by_one(squared, mining, average, seed):
    z, y = batch_of(seed, samples=14, dim=3)
    z.requires_grad_()
    knobs = {"distance": "squared" if squared else "euclidean", "mining": mining, "average": average}
    costs = []
    for a in range(14):
        own = [(gap(z, a, p, squared=squared), gap(z, a, n, squared=squared)) for k, p, n in triplets(y) if k == a]
        if mining == "batch_hard" and own:
            own = [(max(near for near, _ in own), min(far for _, far in own))]
        costs += [(near - far + 0.8).relu() for near, far in own if mining != "semi_hard" or near < far < near + 0.8]
    count = len(costs) if average == "all" else sum(cost > 0 for cost in costs)
    expected = sum(costs) / count
    found = LOSSES["triplet"](margin=0.8, **knobs)(z, y, {}).mean()
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(*(torch.autograd.grad(v, z)[0] for v in (found, expected)), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("mining", ["all", "hard"])
@pytest.mark.parametrize("classes", [4, 6])
def test_quadruplets_one_by_one(mining, classes):
    z, y = batch_of(3, samples=11, dim=3, classes=classes)
    z.requires_grad_()
    each = [[] for _ in range(11)], [[] for _ in range(11)]
    for a, p, n in triplets(y):
        each[0][a].append((gap(z, a, p), gap(z, a, n)))
    for i, j, k, m in permutations(range(11), 4):
        if y[i] == y[j] and len({y[i].item(), y[k].item(), y[m].item()}) == 3:
            each[1][i].append((gap(z, i, j), gap(z, m, k)))
    expected = torch.zeros(11, dtype=torch.float64)
    for of_anchor, margin in zip(each, (0.9, 0.4), strict=True):
        taken = of_anchor
        if mining == "hard":
            taken = [[(max(c for c, _ in own), min(f for _, f in own))] if own else [] for own in of_anchor]
        count = sum(len(own) for own in taken)
        costs = [sum(((near - far + margin).relu() for near, far in own), z.sum() * 0) for own in taken]
        expected = expected + 11 * torch.stack(costs) / count
    found = LOSSES["quadruplet"](margin=0.9, second_margin=0.4, mining=mining)(z, y, {})
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)
    weight = torch.randn(11, generator=generator(1), dtype=torch.float64)
    gradients = [torch.autograd.grad(values @ weight, z)[0] for values in (found, expected)]
    torch.testing.assert_close(*gradients, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("pairs", ["all", "class"])
@pytest.mark.parametrize("variant", ["multi_class", "one_vs_one"])
def test_n_pair_one_by_one(pairs, variant):
    z, y = batch_of(2, samples=14, dim=3)
    z.requires_grad_()
    costs = []
    firsts = {k: [i for i in range(14) if y[i] == k][:2] for k in range(6)}
    for a, p in permutations(range(14), 2):
        if pairs == "class" and firsts[y[a].item()] != [a, p]:
            continue
        if y[a] == y[p]:
            keys = range(14) if pairs == "all" else [pair[1] for pair in firsts.values() if len(pair) == 2]
            leads = torch.stack([z[a] @ z[n] - z[a] @ z[p] for n in keys if y[n] != y[a]])
            against = torch.log1p(leads.exp().sum()) if variant == "multi_class" else torch.log1p(leads.exp()).sum()
            costs.append(against + 0.3 / 4 * (z[a] @ z[a] + z[p] @ z[p]))
    expected = sum(costs) / len(costs)
    found = LOSSES["n_pair"](regularization=0.3, pairs=pairs, variant=variant)(z, y, {}).mean()
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(*(torch.autograd.grad(v, z)[0] for v in (found, expected)), rtol=1e-9, atol=1e-11)


# active tuples


@pytest.mark.parametrize(("slug", "knobs"), TUPLE_KNOBS)
@pytest.mark.parametrize("seed", [1, 2, 5])
def test_active_tuples_add_up_to_the_loss_and_the_strongest_come_first(slug, knobs, seed):
    z, y = batch_of(seed, samples=16, dim=3)
    loss = LOSSES[slug](**knobs)
    bare = loss.replace(regularization=0) if slug == "n_pair" else loss  # the price of length is no tuple's
    found = loss.active(z, y, {}, most=10**9)
    assert found.indices.dtype == torch.int64
    assert len(set(map(tuple, found.indices.tolist()))) == len(found.weights) > 0
    assert found.weights.sum().item() == pytest.approx(bare(z, y, {}).mean().item(), rel=1e-9)
    assert (found.weights > 0).all()
    assert (found.weights.diff() <= 0).all()
    few = loss.active(z, y, {}, most=5)
    torch.testing.assert_close(few.weights, found.weights[:5], rtol=1e-12, atol=0)
    by_tuple = dict(zip(map(tuple, found.indices.tolist()), found.weights.tolist(), strict=True))
    for key, value in zip(map(tuple, few.indices.tolist()), few.weights.tolist(), strict=True):
        assert by_tuple[key] == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(("slug", "knobs"), TUPLE_KNOBS)
def test_active_tuples_are_what_their_columns_say(slug, knobs):
    z, y = batch_of(2, samples=16)
    indices = LOSSES[slug](**knobs).active(z, y, {}).indices
    label = y[indices]
    assert indices.shape[1] == {"contrastive": 2, "quadruplet": 4}.get(slug, 3)
    if indices.shape[1] == 2:
        assert (indices[:, 0] < indices[:, 1]).all()
        return
    assert (label[:, 0] == label[:, 1]).all()
    assert (label[:, 0] != label[:, 2]).all()
    assert (indices[:, 0] != indices[:, 1]).all()
    if indices.shape[1] == 4:
        assert (label[:, 2] != label[:, 3]).all()
        assert ((indices[:, 3] == indices[:, 0]) | (label[:, 3] != label[:, 0])).all()


def test_weights_of_active_tuples_one_by_one():
    z, y = batch_of(2, samples=12)
    count = len(triplets(y))
    expected = {t: (gap(z, t[0], t[1]) - gap(z, t[0], t[2]) + 0.5).item() / count for t in triplets(y)}
    check(LOSSES["triplet"](**WHOLE), z, y, {t: weight for t, weight in expected.items() if weight > 0})
    pairs = list(combinations(range(12), 2))
    expected = {
        (a, b): (gap(z, a, b) if y[a] == y[b] else (1 - gap(z, a, b, squared=False)).relu() ** 2).item()
        / 2
        / len(pairs)
        for a, b in pairs
    }
    check(LOSSES["contrastive"](), z, y, {t: weight for t, weight in expected.items() if weight > 0})
    cosine, positives = normalize(z) @ normalize(z).T / 0.1, len({t[:2] for t in triplets(y)})
    expected = {}
    for a, p, n in triplets(y):
        rivals = [cosine[a, k].exp() for k in range(12) if y[k] != y[a]]
        cost = -torch.log(cosine[a, p].exp() / (cosine[a, p].exp() + sum(rivals)))
        expected[a, p, n] = (cost * cosine[a, n].exp() / sum(rivals) / positives).item()
    check(LOSSES["info_nce"](), z, y, expected)


def check(loss, z, y, expected):
    found = loss.active(z, y, {}, most=10**9)
    named = dict(zip(map(tuple, found.indices.tolist()), found.weights.tolist(), strict=True))
    assert named == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("slug", [slug for slug in LOSSES if slug not in TUPLE_SLUGS])
def test_losses_on_single_samples_have_no_tuples(slug):
    loss = LOSSES[slug]()
    assert loss.active(*batch_of(1), state_of(loss, 1)) is None


@pytest.mark.parametrize("slug", ["circle", "unified"])
def test_class_vectors_make_no_tuples(slug):
    assert LOSSES[slug]().active(*batch_of(1), state_of(LOSSES[slug](), 1)) is None


# geometry and memory


@pytest.mark.parametrize(
    ("slug", "knobs", "classes", "dim", "warned"),
    [
        ("triplet", {}, 10, 2, {}), ("quadruplet", {}, 10, 2, {}), ("n_pair", {}, 10, 2, {}),
        ("info_nce", {}, 10, 2, {}), ("unified", {}, 10, 2, {}), ("circle", {"margin": 0.4}, 10, 3, {}),
        ("triplet", {"normalize": True}, 10, 2, {"margin": 0.381966}),
        ("triplet", {"normalize": True, "margin": 0.2}, 10, 2, {}),
        ("triplet", {"normalize": True, "margin": 1.5}, 10, 3, {"margin": 1.191211}),
        ("triplet", {"normalize": True, "distance": "euclidean", "margin": 0.7}, 10, 2, {"margin": 0.618034}),
        ("quadruplet", {"second_margin": 1.5}, 10, 2, {"second_margin": 1.0}),
        ("n_pair", {"regularization": 0}, 10, 2, {"regularization": 0.002}),
        ("unified", {"margin": 0.35, "gamma": 8}, 10, 2, {"margin": 0.190983, "gamma": 15.136887}),
        ("unified", {"margin": 0.35, "similarity": "dot"}, 10, 2, {}),
        ("circle", {"margin": 0.25}, 10, 2, {"margin": 0.572061}),
        ("circle", {"margin": 0.2}, 5, 2, {"margin": 0.218508}), ("circle", {"margin": 0.25}, 5, 2, {}),
        ("circle", {"margin": 0.25}, 6, 2, {"margin": 0.353553}), ("circle", {"margin": 0.4}, 8, 2, {"margin": 0.5}),
        ("circle", {"margin": 0.25}, 10, 3, {"margin": 0.285950}), ("circle", {"margin": 0.6}, 4, 2, {"margin": 0.5}),
    ],
)  # fmt: skip
def test_advice_on_tuples(slug, knobs, classes, dim, warned):
    advice = LOSSES[slug](**knobs).advice(classes, dim)
    assert {a.knob: a.limit for a in advice} == pytest.approx(warned, abs=5e-4 if dim == 3 else 5e-7)
    for a in advice:
        assert f"{a.limit:.3g}" in str(a.message)
        assert a.message.render("zh") != a.message.render("en")


@pytest.mark.parametrize(
    ("slug", "knobs"), [("triplet", {}), ("triplet", {"distance": "euclidean"}), ("quadruplet", {})]
)
def test_circles_of_triplets_are_where_a_negative_begins_to_cost(slug, knobs):
    loss = LOSSES[slug](margin=0.7, **{"mining": "all"} | knobs)
    means = np.random.default_rng(1).standard_normal((6, 2))
    shapes = loss.shapes(Scene(classes=6, dim=2, state={}, means=means))
    assert len(shapes) == 6
    for shape in shapes:
        mean_, points = means[shape.owner], shape.points(7, 1.0)
        for point in points:
            for share, costs in ((0.999, True), (1.001, False)):
                z = torch.from_numpy(np.stack([mean_, mean_, mean_ + share * (point - mean_)]))
                assert (loss(z, torch.tensor([0, 0, 1]), {}).sum() > 0).item() is costs


@pytest.mark.parametrize(("slug", "knobs"), TUPLE_KNOBS)
def test_class_means_stand_in_by_angle_where_only_directions_count(slug, knobs):
    loss, same = LOSSES[slug](**knobs), []
    for seed in range(6):  # a narrow margin finds nothing to mine in some batches
        z, y = batch_of(seed, samples=40)
        longer = z * torch.linspace(0.5, 2, 40, dtype=z.dtype)[:, None]
        same.append(torch.allclose(loss(longer, y, {}), loss(z, y, {})))
    assert all(same) is loss.directional()


@pytest.mark.parametrize("margin", [0.1, 0.25, 0.4, 0.7])
@pytest.mark.parametrize("classes", [2, 3, 4, 6])
def test_no_margin_of_circle_is_missing(margin, classes):
    """Round the circle, the band about each class changes sides as often as its margin rays cross it."""
    for seed in range(4):
        loss = LOSSES["circle"](margin=margin)
        state = state_of(loss, seed, classes=classes)
        scene = Scene(classes=classes, dim=2, state={"weight": state["weight"].numpy()}, means=np.zeros((classes, 2)))
        margins = [shape for shape in loss.shapes(scene) if shape.role is Role.MARGIN]
        turn = torch.linspace(0, 2 * torch.pi, 20_001, dtype=torch.float64)
        points = torch.stack([turn.cos(), turn.sin()], dim=1)
        for owner in range(classes):
            logits = loss.logits(points, torch.full((len(points),), owner), state)
            changes = int((logits.argmax(1) == owner).int().diff().ne(0).sum())
            assert changes == sum(shape.owner == owner for shape in margins), (seed, owner)


def test_memory_stays_bounded():
    """Forward, backward and active tuples of all losses after one another, in one fresh process.

    A number in float32 for each triplet of 512 samples would take 512 MiB.
    """
    script = """
import resource, torch
from losses import LOSSES
torch.set_num_threads(1)
rng = torch.Generator().manual_seed(0)
z, y = torch.randn(512, 3, generator=rng), torch.randint(0, 10, (512,), generator=rng)
torch.ones(2, requires_grad=True).sum().backward()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for slug, knobs in CASES:
    loss, leaf = LOSSES[slug](**knobs), z.clone().requires_grad_()
    loss(leaf, y, {}).mean().backward()
    assert torch.isfinite(leaf.grad).all()
    assert len(loss.active(z, y, {}).weights) <= 256
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", script.replace("CASES", repr(TUPLE_KNOBS))], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 2**18, "more than 256 MiB"
