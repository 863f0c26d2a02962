"""Losses over tuples: limits in which one becomes another, where training starts, and other implementations."""

import math
from itertools import permutations

import pytest
import torch
from loss_cases import agree
from pytorch_metric_learning import losses as theirs
from torch.nn.functional import normalize
from tuple_cases import CLASS, TUPLE_KNOBS, WHOLE, Y4, Z4, gap, mean, triplets

from losses import LOSSES
from verification.cases import batch_of, generator
from verification.inputs import K3, WHEEL

#: What these cost is zero in a batch that lacks positives or negatives. Contrastive loss counts either kind by itself,
#: and N-pair loss charges for length.
NEED_BOTH_KINDS = {"triplet", "quadruplet", "info_nce", "circle", "unified"}


@pytest.mark.parametrize("pairs", ["all", "class"])
def test_n_pair_against_one_negative_at_a_time_costs_no_less(pairs):
    z, y = batch_of(2, samples=20)
    plain = LOSSES["n_pair"](regularization=0, pairs=pairs)
    several = plain.replace(variant="one_vs_one")
    assert (plain(z, y, {}) <= several(z, y, {}) + 1e-12).all()
    two = torch.tensor([0, 0, 1, 1])
    once = {"pairs": "class", "regularization": 0}
    values = [LOSSES["n_pair"](**once, variant=v)(z[:4], two, {}) for v in ("multi_class", "one_vs_one")]
    torch.testing.assert_close(*values, rtol=1e-12, atol=1e-12)


def test_where_training_starts():
    y, z = torch.arange(32) // 2, torch.ones(32, 2, dtype=torch.float64)
    agree(mean("info_nce", z, y, **CLASS), "2.772589")
    zero = 0 * z
    assert mean("n_pair", zero, y, **CLASS) == pytest.approx(math.log(16))
    assert mean("n_pair", zero, y, **CLASS, variant="one_vs_one") == pytest.approx(15 * math.log(2))
    for knobs in (
        WHOLE,
        {"mining": "all"},
        {"mining": "batch_hard"},
        {"mining": "batch_hard", "distance": "euclidean"},
    ):
        assert mean("triplet", z, y, margin=0.3, **knobs) == pytest.approx(0.3), "collapsed, the margin is lacking"
    assert mean("triplet", z, y) == 0, "no negative is farther than the positive"
    assert mean("quadruplet", z, y, margin=0.3, second_margin=0.2) == pytest.approx(0.5)


def test_cold_info_nce_is_the_hardest_hinge():
    z, y = batch_of(2, samples=20)
    cosine = normalize(z) @ normalize(z).T
    hinges = [
        max(0, max(cosine[a, n].item() for n in range(20) if y[n] != y[a]) - cosine[a, p].item())
        for a, p in permutations(range(20), 2)
        if y[a] == y[p]
    ]
    found = 1e-3 * mean("info_nce", z, y, temperature=1e-3)
    assert found == pytest.approx(sum(hinges) / len(hinges), abs=1e-3 * math.log(20))


def test_info_nce_against_class_vectors_is_nsl():
    z = batch_of(2, samples=10)[0]
    both = torch.stack([z, WHEEL], dim=1).reshape(20, 2)
    found = mean("info_nce", both, torch.arange(20) // 2, **CLASS, temperature=0.2)
    assert found == pytest.approx(LOSSES["nsl"](scale=5)(z, torch.arange(10), {"weight": WHEEL}).mean().item())


def test_normalised_triplets_do_not_see_length():
    z, y = batch_of(2, samples=20)
    length = torch.rand(20, 1, generator=generator(1), dtype=torch.float64) + 0.1
    for knobs in ({}, {"mining": "all"}, {"mining": "batch_hard"}, {"distance": "euclidean"}):
        loss = LOSSES["triplet"](normalize=True, **knobs)
        torch.testing.assert_close(loss(z * length, y, {}), loss(z, y, {}), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("slug", "knobs"), TUPLE_KNOBS)
@pytest.mark.parametrize("labels", [[0], [0, 1, 2], [3, 3], [5, 5, 5, 5]])
def test_batches_without_tuples_stay_finite_and_differentiable(slug, knobs, labels):
    z = torch.randn(len(labels), 2, generator=generator(1), requires_grad=True)
    loss = LOSSES[slug](**knobs)
    value = loss(z, torch.tensor(labels), {}).mean()
    (gradient,) = torch.autograd.grad(value, z)
    assert torch.isfinite(value)
    assert torch.isfinite(gradient).all()
    found = loss.active(z, torch.tensor(labels), {})
    assert bool(len(found.weights)) <= bool(value > 0)
    if len(labels) == 1 or (slug in NEED_BOTH_KINDS and len(set(labels)) in {1, len(labels)}):
        assert value == 0
        assert not gradient.any()
        assert len(found.weights) == 0


# independent implementations


def tf_semi_hard(z, y, margin):
    """The closest negative beyond the positive, or else the farthest negative; mean over positive pairs."""
    costs = []
    for a, p in permutations(range(len(y)), 2):
        if y[a] == y[p]:
            near, fars = gap(z, a, p), [gap(z, a, n) for n in range(len(y)) if y[n] != y[a]]
            beyond = [far for far in fars if far > near]
            costs.append((near - (min(beyond) if beyond else max(fars)) + margin).relu())
    return (sum(costs) / len(costs)).item()


def test_semi_hard_of_tensorflow_is_another_choice_of_triplets():
    for margin, printed, ours in ((0.2, "0.018333", "0.110000"), (1.0, "0.355000", "0.610000")):
        agree(tf_semi_hard(K3["z"], K3["y"], margin), printed)
        agree(mean("triplet", **K3, margin=margin), ours)


def test_triplets_of_torch_add_a_little_to_every_difference():
    z, y = batch_of(5, samples=12)
    a, p, n = torch.tensor(triplets(y)).T
    ours = mean("triplet", z, y, margin=0.6, distance="euclidean", **WHOLE)
    assert ours != torch.nn.TripletMarginLoss(margin=0.6)(z[a], z[p], z[n]).item()


def test_pytorch_metric_learning_n_pairs_normalises_by_default():
    agree(theirs.NPairsLoss()(Z4, Y4).item(), "0.438544")
