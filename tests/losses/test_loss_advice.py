"""Advice begins just where its reason does: on either side of each limit, and against what is true at the limit."""

import math

import numpy as np
import pytest
import torch
from scipy.special import ive

from losses import LOSSES
from losses.toolkit.class_spread import start_vectors

SIZES = [(3, 2), (4, 2), (5, 2), (10, 2), (6, 3), (10, 3), (10, 9)]
ENDS = [
    pytest.param(cls, word, knob, end, id=f"{slug}-{word}-{knob.name}-{end}")
    for slug, cls in LOSSES.items()
    for word in [{}] + [{k.name: c} for k in cls.knobs() for c in (k.choices or (False, True)[: k.kind == "switch"])]
    for knob in cls.knobs()
    for end in knob.slider
    if knob.kind == "number"
]


@pytest.mark.parametrize(("cls", "word", "knob", "end"), ENDS)
def test_advice_ends_at_its_limit(cls, word, knob, end):
    """Where the end of a slider is advised against, the knob is free just beyond the limit and not just before it."""
    for classes, dim in SIZES:
        loss = cls(**{**word, knob.name: end})

        def warned(value: float, loss=loss, classes=classes, dim=dim):
            return [a for a in loss.replace(**{knob.name: value}).advice(classes, dim) if a.knob == knob.name]

        for advice in warned(end):
            assert knob.low <= advice.limit <= knob.high
            step = (end - advice.limit) * 1e-4
            assert warned(advice.limit + step) or cls.slug == "n_pair"  # which is warned of nothing but zero
            free = advice.limit - step
            if not warned(advice.limit) and knob.low <= free:
                assert not warned(free) or cls.slug == "circle"  # it has a limit on the other side as well
            assert advice.message.render("en") != advice.message.render("zh")


@pytest.mark.parametrize(("classes", "dim"), [(5, 2), (10, 2), (6, 3), (4, 3)])
@pytest.mark.parametrize("distance", ["squared", "euclidean"])
def test_at_the_limit_the_class_vectors_themselves_satisfy_all_triplets(classes, dim, distance):
    z = start_vectors(classes, dim, np.random.default_rng(0)).double().repeat_interleave(2, dim=0)
    loss = LOSSES["triplet"](normalize=True, mining="all", distance=distance, margin=5)
    (advice,) = loss.advice(classes, dim)
    for share, free in ((0.999, True), (1.001, False)):
        cost = loss.replace(margin=share * advice.limit)(z, torch.arange(2 * classes) // 2, {}).sum()
        assert (cost.item() == 0) is free
        assert bool(loss.replace(margin=share * advice.limit).advice(classes, dim)) is not free


@pytest.mark.parametrize(("slug", "knob"), [("cosface", "margin"), ("arcface", "margin"), ("unified", "margin")])
@pytest.mark.parametrize(("classes", "dim"), [(5, 2), (10, 2), (6, 3), (4, 3)])
def test_at_the_limit_a_sample_on_its_class_vector_still_wins(slug, knob, classes, dim):
    weight = start_vectors(classes, dim, np.random.default_rng(0)).double()
    loss = LOSSES[slug](**{knob: LOSSES[slug].knobs()[0].high})
    limit = next(a.limit for a in loss.advice(classes, dim) if a.knob == knob)
    for share, wins in ((0.99, True), (1.01, False)):
        logits = loss.replace(**{knob: share * limit}).logits(weight, torch.arange(classes), {"weight": weight})
        own = logits.diagonal()
        others = (logits - torch.diag(torch.full((classes,), math.inf, dtype=torch.float64))).amax(dim=1)
        assert bool((own > others).all()) is wins


@pytest.mark.parametrize(("classes", "dim"), [(5, 2), (6, 2), (7, 2), (7, 3), (10, 3)])
def test_at_the_limit_circle_loss_accepts_class_vectors(classes, dim):
    weight = start_vectors(classes, dim, np.random.default_rng(0)).double()
    loss = LOSSES["circle"](margin=0.05)
    (advice,) = loss.advice(classes, dim)
    for shift, good in ((-0.01, False), (0.01, True)):  # our packing is within a degree of the widest
        logits = loss.replace(margin=advice.limit + shift).logits(weight, torch.arange(classes), {"weight": weight})
        own = logits.diagonal()
        others = (logits - torch.diag(torch.full((classes,), math.inf, dtype=torch.float64))).amax(dim=1)
        assert bool((own > others).all()) is good
        assert bool(loss.replace(margin=advice.limit + shift).advice(classes, dim)) is not good


@pytest.mark.parametrize("classes", [4, 6, 7, 10, 12])
def test_the_advice_on_temperature_by_bessel_functions(classes):
    """The mean of exp(cos / tau) over M places on the circle is the sum of the Bessel functions of order n M."""
    loss = LOSSES["info_nce"](temperature=100)
    (advice,) = loss.advice(classes, 2)
    order = np.arange(1, 30)

    def mean(places: int) -> float:
        return ive(0, 1 / advice.limit) + 2 * ive(order * places, 1 / advice.limit).sum()

    assert mean(classes // 2) / mean(classes) - 1 == pytest.approx(1e-3, rel=1e-6)
    assert loss.advice(classes, 3) == loss.advice(3, 2) == loss.replace(similarity="dot").advice(classes, 2) == ()
    assert loss.replace(temperature=0.999 * advice.limit).advice(classes, 2) == ()
    assert LOSSES["info_nce"]().advice(classes, 2) == ()


def test_two_classes_have_no_quadruplets():
    loss = LOSSES["quadruplet"]()
    (advice,) = loss.advice(2, 2)
    assert (advice.knob, advice.limit) == ("", 3)
    assert loss.advice(3, 2) == ()
    z, y = torch.randn(8, 2, generator=torch.Generator().manual_seed(0)), torch.arange(8) % 2
    changed = loss.replace(second_margin=0.9)
    torch.testing.assert_close(loss(z, y, {}), changed(z, y, {}), rtol=0, atol=0)
    assert not torch.equal(loss(z, torch.arange(8) % 3, {}), changed(z, torch.arange(8) % 3, {}))


def test_focal_loss_against_the_rest_needs_a_bias_in_the_plane():
    loss = LOSSES["focal"](activation="sigmoid", bias=False)
    assert [a.knob for a in loss.advice(4, 2)] == ["bias"]
    assert loss.advice(3, 2) == loss.advice(10, 3) == loss.replace(bias=True).advice(10, 2) == ()
    assert loss.replace(activation="softmax").advice(10, 2) == ()
