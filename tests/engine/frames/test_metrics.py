"""Spread, angles, collapse and the rest: by closed forms, by loops, and by what must not change them."""

import re
import tomllib
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch
from engine_parts import Trainer, advance, experiment
from sklearn.feature_selection import f_classif
from sklearn.neighbors import NearestCentroid

from engine.frames.metrics import EVEN_SAMPLES, QUICK, Cloud, active_share, quick
from engine.frames.retrieval_metrics import FULL
from losses import LOSSES, Family, Head, HeadKind
from spec import LANGUAGES, text

ROOT = Path(__file__).parents[3]
BESIDE = ("loss", "train_accuracy", "test_accuracy", "gradient_norm")  # told of a panel from elsewhere


def cloud(z, y):
    return Cloud.of(torch.tensor(np.asarray(z), dtype=torch.float64), torch.tensor(np.asarray(y), dtype=torch.int64))


def head_of(weight, kind=HeadKind.LINEAR, **rest):
    weight = torch.tensor(np.asarray(weight), dtype=torch.float64)
    return Head(kind=kind, weight=weight, bias=torch.zeros(len(weight)), **rest)


def told(z, y, classes=None, *, test=None, head=None):
    """What ``quick`` says; the test samples are the training samples, the class vectors nothing, unless given."""
    train, classes = cloud(z, y), classes or max(y) + 1
    head = head or head_of(np.ones((classes, np.shape(z)[1])), learned=False)
    return quick(train, cloud(*test) if test else train, train.means(classes), head)


def simplex(classes):
    """Vectors of length one, as far apart as can be, in one dimension less than there are."""
    centred = np.eye(classes) - 1 / classes
    basis = np.linalg.svd(centred)[0][:, : classes - 1]
    vectors = centred @ basis
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def clusters(dim, classes=5, samples=40, seed=0, spread=0.7):
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(classes), samples))
    return rng.normal(size=(classes, dim))[y] * 3 + spread * rng.normal(size=(len(y), dim)), y


@pytest.mark.parametrize("classes", [3, 4])
def test_a_collapsed_simplex_is_collapsed_in_every_respect(classes):
    corners, y = simplex(classes), np.arange(60) % classes
    shifted = corners + np.arange(classes - 1)  # collapse is about the centre of the classes, not the origin
    found = told(shifted[y], y, head=head_of(7 * corners))
    for name in ("spread", "nc1", "nc2_equinorm", "nc2_equiangular", "nc2_maximal_angle", "nc3"):
        assert found[name] == pytest.approx(0, abs=1e-7), name
    at_origin = told(corners[y], y)
    assert at_origin["alignment"] == pytest.approx(0, abs=1e-12)
    assert at_origin["norm_mean"] == pytest.approx(1)
    assert at_origin["norm_deviation"] == pytest.approx(0, abs=1e-7)
    assert at_origin["smallest_angle"] == pytest.approx(np.arccos(-1 / (classes - 1)))
    assert at_origin["mean_angle"] == pytest.approx(at_origin["smallest_angle"])
    assert at_origin["mean_distance"] == pytest.approx(np.sqrt(2 + 2 / (classes - 1)))
    assert at_origin["nearest_mean_accuracy"] == 1


def test_collapse_of_the_second_kind_by_hand():
    # a square: as long as each other, cosines 0 and -1, in the plane no simplex of four
    y = np.arange(8) % 4
    square = told(np.array([[1, 0], [0, 1], [-1, 0], [0, -1.0]])[y], y)
    assert square["nc2_equinorm"] == pytest.approx(0, abs=1e-12)
    assert square["nc2_equiangular"] == pytest.approx(np.std([0, 0, 0, 0, -1, -1]))
    assert square["nc2_maximal_angle"] == pytest.approx((4 * 1 / 3 + 2 * 2 / 3) / 6)
    line = told(np.array([[-1, 0], [0, 0], [3, 0.0]])[y % 3], y % 3)  # centre 2 / 3
    assert line["nc2_equinorm"] == pytest.approx(np.std([5, 2, 7]) / np.mean([5, 2, 7]))


@pytest.mark.parametrize(("factor", "distance"), [(3, 0), (-3, 4), (np.array([[0, 1], [-1, 0]]), 2)])
def test_self_duality_is_about_shape_and_not_about_size(factor, distance):
    corners, y = simplex(3), np.arange(9) % 3
    weight = corners @ factor if np.ndim(factor) else factor * corners
    assert told(corners[y], y, head=head_of(weight))["nc3"] == pytest.approx(distance, abs=1e-12)
    lengths = np.array([[0.1], [1], [9]])
    found = told(corners[y], y, head=head_of(weight * lengths, HeadKind.COSINE))
    assert found["nc3"] == pytest.approx(distance, abs=1e-12)  # of a cosine head lengths mean nothing


def test_without_class_vectors_there_is_no_self_duality():
    z, y = clusters(2, classes=3)
    for head in (
        head_of(np.ones((3, 2)), HeadKind.EUCLIDEAN),
        head_of(np.ones((3, 2)), HeadKind.COSINE, learned=False),
    ):
        assert "nc3" not in told(z, y, head=head)


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_everything_against_loops(dim, seed):
    z, y = clusters(dim, classes=4, samples=30, seed=seed)
    drop = (y != 1) | (np.arange(len(y)) % 3 == 0)  # classes of different size
    z, y = z[drop], y[drop]
    other, labels = clusters(dim, classes=4, samples=10, seed=seed, spread=2.0)
    found = told(z, y, test=(other, labels))
    means = NearestCentroid().fit(z, y)
    assert found["nearest_mean_accuracy"] == pytest.approx(means.score(other, labels))
    m = means.centroids_
    assert found["spread"] == pytest.approx(np.mean([np.linalg.norm(a - m[c]) for a, c in zip(z, y, strict=True)]))
    pairs = list(combinations(range(4), 2))
    apart = [np.linalg.norm(m[c] - m[d]) for c, d in pairs]
    angles = [np.arccos(m[c] @ m[d] / np.linalg.norm(m[c]) / np.linalg.norm(m[d])) for c, d in pairs]
    assert (found["smallest_distance"], found["mean_distance"]) == pytest.approx((min(apart), np.mean(apart)))
    assert (found["smallest_angle"], found["mean_angle"]) == pytest.approx((min(angles), np.mean(angles)))
    within = np.mean([np.cov(z[y == c].T, bias=True) for c in range(4)], axis=0)
    assert found["nc1"] == pytest.approx(np.trace(within @ np.linalg.pinv(np.cov(m.T, bias=True))) / 4)
    u = [a / np.linalg.norm(a) for a in z]
    same = [np.sum((u[i] - u[j]) ** 2) for i, j in combinations(range(len(z)), 2) if y[i] == y[j]]
    every = [np.exp(-2 * np.sum((u[i] - u[j]) ** 2)) for i, j in combinations(range(len(z)), 2)]
    assert len(z) <= EVEN_SAMPLES
    assert found["alignment"] == pytest.approx(np.mean(same))
    assert found["uniformity"] == pytest.approx(np.log(np.mean(every)))
    assert found["norm_deviation"] == pytest.approx(np.std(np.linalg.norm(z, axis=1)))


def test_the_fisher_ratio_is_that_of_the_analysis_of_variance():
    z, y = clusters(2, classes=4, samples=25)
    z[:, 1] = 0
    ratio, _ = f_classif(z[:, :1], y)
    assert told(z, y)["fisher_ratio"] == pytest.approx(ratio[0] * (4 - 1) / (len(y) - 4))


def test_uniformity_of_the_circle_is_known():
    count = EVEN_SAMPLES
    turn = 2 * np.pi * np.arange(count) / count
    found = told(np.stack([np.cos(turn), np.sin(turn)], axis=1), np.arange(count) % 3)["uniformity"]
    assert found == pytest.approx(np.log((count * np.exp(-4) * np.i0(4) - 1) / (count - 1)))
    many = np.random.default_rng(0).normal(size=(5000, 2))  # some of which stand for all
    assert told(many, np.arange(5000) % 3)["uniformity"] == pytest.approx(np.log(np.exp(-4) * np.i0(4)), abs=0.05)


@pytest.mark.parametrize("dim", [2, 3])
def test_what_turning_and_scaling_change(dim):
    z, y = clusters(dim)
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(dim, dim)))[0]
    weight = np.random.default_rng(2).normal(size=(5, dim))
    plain = told(z, y, head=head_of(weight))
    assert set(plain) == set(QUICK) - {"active_share"}
    turned = told(z @ turn, y, head=head_of(weight @ turn))
    scaled = told(1000 * z, y, head=head_of(weight))
    sizes = {"spread", "smallest_distance", "mean_distance", "norm_mean", "norm_deviation"}
    for name, value in plain.items():
        assert turned[name] == pytest.approx(value, rel=1e-9), name
        assert scaled[name] == pytest.approx(1000 * value if name in sizes else value, rel=1e-9), name
    each = np.random.default_rng(3).uniform(0.1, 10, size=(len(z), 1))  # directions alone
    assert {name: told(each * z, y)[name] for name in ("alignment", "uniformity")} == pytest.approx(
        {name: plain[name] for name in ("alignment", "uniformity")}
    )


HARD = {
    "a class without samples": (clusters(2)[0], np.where(clusters(2)[1] == 2, 3, clusters(2)[1]), 7),
    "a class of one sample": (np.random.default_rng(0).normal(size=(9, 2)), [0] * 8 + [1], 2),
    "classes of one sample": (np.random.default_rng(0).normal(size=(4, 3)), [0, 1, 2, 3], 4),
    "one class": (np.random.default_rng(0).normal(size=(9, 2)), [0] * 9, 1),
    "one sample": ([[1.0, 2.0]], [0], 2),
    "all at one place": (np.full((20, 2), 0.1), np.arange(20) % 4, 4),
    "all at the origin": (np.zeros((20, 3)), np.arange(20) % 4, 4),
    "on a line": (np.outer(np.arange(20), [1.0, 2.0]), np.arange(20) % 4, 4),
    "some at the origin": (np.outer(np.arange(20) % 2, [1.0, 2.0]), np.arange(20) % 4, 4),
    "far away": (1e6 + clusters(2)[0], clusters(2)[1], 5),
    "as large as float32": (3e38 * np.sign(clusters(2)[0]), clusters(2)[1], 5),
    "as small as float32": (1e-38 * clusters(2)[0], clusters(2)[1], 5),
}


@pytest.mark.parametrize("case", HARD)
def test_what_is_told_is_finite_and_what_is_not_defined_is_absent(case):
    z, y, classes = HARD[case]
    found = told(z, y, classes, head=head_of(np.ones((classes, np.shape(z)[1]))))
    assert all(isinstance(value, float) and np.isfinite(value) for value in found.values())
    assert {"spread", "nearest_mean_accuracy", "norm_mean", "norm_deviation"} <= set(found)
    assert ("smallest_distance" in found) == (len(set(y)) > 1)
    place = case.startswith("all at")
    assert not place or not {"fisher_ratio", "nc1", "nc2_equinorm", "nc2_equiangular", "nc3"} & set(found)
    directionless = case in {"all at the origin", "as small as float32"}
    assert not directionless or not {"smallest_angle", "mean_angle"} & set(found)
    assert ("alignment" in found) == (len(set(y)) < len(y))


def test_a_class_without_samples_is_as_if_it_were_not_there():
    z, y = clusters(2, classes=4)
    weight = np.random.default_rng(0).normal(size=(5, 2))
    moved = np.where(y >= 2, y + 1, y)
    assert told(z, moved, 5, head=head_of(weight)) == told(z, y, 4, head=head_of(np.delete(weight, 2, axis=0)))


def test_where_an_embedding_is_not_finite_nothing_is_told():
    z, y = clusters(2)
    z[3, 1] = np.nan
    assert told(z, y) == {}


@pytest.mark.parametrize("mining", ["all", "semi_hard"])
@pytest.mark.parametrize("normalize", [False, True])
def test_active_triplets_are_those_that_cost_something(mining, normalize):
    loss = LOSSES["triplet"](margin=0.4, mining=mining, normalize=normalize)
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(30, 2)), rng.integers(0, 3, 30)
    u = z / np.linalg.norm(z, axis=1, keepdims=True) if normalize else z
    leads = [
        np.sum((u[a] - u[n]) ** 2) - np.sum((u[a] - u[p]) ** 2)
        for a in range(30)
        for p in range(30)
        for n in range(30)
        if a != p and y[a] == y[p] != y[n]
    ]
    active = [lead < 0.4 and (mining == "all" or lead > 0) for lead in leads]
    batch = torch.tensor(z), torch.tensor(y)
    assert active_share(loss, loss.observe(*batch, {})) == {"active_share": pytest.approx(np.mean(active))}
    assert active_share(loss, loss.observe(batch[0], torch.zeros(30, dtype=torch.int64), {})) == {}


@pytest.mark.parametrize("slug", ["contrastive", "quadruplet", "n_pair", "info_nce"])
def test_at_one_place_all_push_and_far_apart_none(slug):
    loss, y = LOSSES[slug](), torch.tensor([0, 0, 1, 1, 2, 2])
    near = active_share(loss, loss.observe(torch.ones(6, 3).double(), y, {}))
    assert near["active_share"] == pytest.approx(12 / 15 if slug == "contrastive" else 1)  # similar pairs are at rest
    far = torch.eye(3).double()[y] * 50
    assert active_share(loss, loss.observe(far, y, {})) == {"active_share": 0}


def test_every_loss_tells_what_applies_to_it():
    settings = {"dials": {"classes": 5, "per_class": 30}, "batch": 50, "steps": 20, "steps_per_frame": 3}
    trainer = Trainer(experiment(*LOSSES, ("circle", {"level": "pair"}), ("unified", {"level": "pair"}), **settings))
    z, y = torch.randn(4, 2, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 0, 1, 1])
    for frame, every in ((trainer.frame(), False), (advance(trainer, 7).frame(), True)):
        for panel, shown in enumerate(frame.panels):
            loss = trainer.losses[panel]
            expected = {"gradient_norm", *QUICK}
            if not shown.head.learned or shown.head.kind not in {HeadKind.LINEAR, HeadKind.COSINE}:
                expected -= {"nc3"}
            if loss.active(z, y, trainer.state(panel)) is None:
                expected -= {"active_share"}
            found = {name for name in shown.metrics if name not in FULL}
            assert found == expected, loss.slug
            assert every != ("knn_accuracy" in shown.metrics)
            assert all(np.isfinite(value) for value in shown.metrics.values()), loss.slug
    over_tuples = [loss.family is Family.TUPLE or getattr(loss, "level", "") == "pair" for loss in trainer.losses]
    assert ["active_share" in panel.metrics for panel in frame.panels] == over_tuples
    with_class_vectors = ["weight" in trainer.state(panel) for panel in range(len(trainer.losses))]
    assert ["nc3" in panel.metrics for panel in frame.panels] == with_class_vectors


def test_the_gradients_of_samples_are_counted():
    trainer = advance(Trainer(experiment("softmax")), 20)
    panel, places = trainer.frame().panels[0], trainer.train_state.batches.at(19)
    z = trainer.forward(trainer.data.scaled(trainer.data.train_x[places]))[0].double().numpy()
    y, weight = trainer.data.train_y[places].numpy(), panel.head.weight.double().numpy()
    scores = z @ weight.T + panel.head.bias.double().numpy()
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    p[np.arange(len(y)), y] -= 1
    bins = np.floor((np.log10(np.linalg.norm(p @ weight, axis=1)) + 6) * 6).clip(0, 47).astype(int)
    assert panel.histograms["gradient"].tolist() == np.bincount(bins, minlength=48).tolist()
    idle = Trainer(experiment(("contrastive", {"margin": 0.0}), batch=2)).frame().panels[0].histograms["gradient"]
    assert idle.sum() == 2


def test_every_metric_has_its_names_and_its_definition():
    named = tomllib.loads((ROOT / "spec/texts/metrics.toml").read_text("utf-8"))
    assert set(named) == {*BESIDE, "gradient", *QUICK, *FULL}
    for key in named:
        for part in ("name", "about"):
            assert len({text(f"metrics.{key}.{part}", language) for language in LANGUAGES}) == 2, key
    page = (ROOT / "docs/metrics.md").read_text("utf-8")
    assert {*BESIDE, "gradient", *QUICK, *FULL} <= set(re.findall(r"`([a-z0-9_]+)`", page))
