"""Who is who: neighbours, pairs and strangers, against loops over all of them."""

import numpy as np
import pytest
import torch
from engine_parts import Trainer, advance, experiment, same_frames
from sklearn.metrics import auc

from engine import train
from engine.config.edits import Edit
from engine.frames.metrics import Cloud
from engine.frames.retrieval_metrics import FULL, FULL_EVERY, PAIRED, full, held_out, roc
from engine.state.data import fixed_choice
from toy_data.blobs import Blobs

BLOBS = {"data": "blobs", "dials": {"classes": 6, "per_class": 60, "held_out": 2}}


def cloud(z, y):
    return Cloud.of(torch.tensor(np.asarray(z), dtype=torch.float64), torch.tensor(np.asarray(y), dtype=torch.int64))


def clusters(dim=2, classes=4, samples=20, seed=0, spread=1.5):
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(classes), samples))
    return np.random.default_rng(9).normal(size=(classes, dim))[y] * 3 + spread * rng.normal(size=(len(y), dim)), y


def closeness(z, y, *, directional):
    """How close the two of each pair are, of pairs of one class and of others, one by one."""
    found = {True: [], False: []}
    for i in range(len(z)):
        for j in range(i):
            cosine = z[i] @ z[j] / np.linalg.norm(z[i]) / np.linalg.norm(z[j])
            found[y[i] == y[j]].append(cosine if directional else -np.linalg.norm(z[i] - z[j]))
    return np.array(found[True]), np.array(found[False])


@pytest.mark.parametrize("dim", [2, 3])
def test_neighbours_against_a_loop(dim):
    (z, y), (other, labels) = clusters(dim), clusters(dim, seed=1)
    right = 0
    for point, label in zip(other, labels, strict=True):
        near = y[np.argsort(np.linalg.norm(z - point, axis=1))[:5]]
        right += np.bincount(near).argmax() == label
    found = full(cloud(z, y), cloud(other, labels), directional=False)
    assert found["knn_accuracy"] == pytest.approx(right / len(labels))
    few = full(cloud(z[:3], y[:3]), cloud(other, labels), directional=False)  # fewer samples than neighbours
    assert few["knn_accuracy"] == pytest.approx(np.mean(labels == np.bincount(y[:3]).argmax()))


def test_many_classes_of_one_sample_each_are_no_reason_to_warn():  # warnings are errors here
    z = np.random.default_rng(0).normal(size=(40, 2))
    assert full(cloud(z, np.arange(40)), cloud(z, np.arange(40)), directional=False)["knn_accuracy"] < 1


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("directional", [False, True])
def test_pairs_against_loops(dim, directional):
    z, y = clusters(dim)
    found = full(cloud(z, y), cloud(z, y), directional=directional)
    own, other = closeness(z, y, directional=directional)
    wins = (own[:, None] > other).mean()
    assert found["verification_auc"] == pytest.approx(wins)
    bars = np.concatenate([own, other])
    false = np.array([(other >= bar).mean() for bar in bars])
    true = np.array([(own >= bar).mean() for bar in bars])
    for count in (10, 100):
        assert found[f"verification_tar_1_in_{count}"] == pytest.approx(true[false <= 1 / count].max())
    nearest = np.abs(false - (1 - true)).argmin()
    assert found["verification_eer"] == pytest.approx(false[nearest], abs=1 / len(own))
    assert "verification_tar_1_in_1000" not in found  # of 2,400 pairs 2.4 would be let in
    assert len(other) == 2400


def test_pairs_that_are_told_apart_and_pairs_that_are_not():
    y = np.arange(80) % 4
    apart = full(cloud(np.eye(4)[y] + 1, y), cloud(np.eye(4)[y] + 1, y), directional=False)
    assert apart == {
        "knn_accuracy": 1,
        "verification_auc": 1,
        "verification_eer": 0,
        "verification_tar_1_in_10": 1,
        "verification_tar_1_in_100": 1,
    }
    for directional in (False, True):
        for place in (0.0, 0.3):
            alike = cloud(np.full((80, 2), place), y)
            found = full(alike, alike, directional=directional)
            assert (found["verification_auc"], found["verification_eer"]) == (0.5, 0.5)
            assert found["verification_tar_1_in_10"] == 0


def test_directions_have_no_length():
    z, y = clusters()
    longer = z * np.random.default_rng(0).uniform(0.5, 2, size=(len(z), 1))
    one, other = (full(cloud(z, y), cloud(each, y), directional=True) for each in (z, longer))
    for name in ("verification_auc", "verification_eer"):
        assert one[name] == pytest.approx(other[name])


@pytest.mark.parametrize("y", [[0] * 20, list(range(20)), [0]])
def test_without_both_kinds_of_pairs_there_is_nothing_to_verify(y):
    z = np.random.default_rng(0).normal(size=(len(y), 2))
    assert set(full(cloud(z, y), cloud(z, y), directional=False)) == {"knn_accuracy"}
    assert roc(z, np.array(y), directional=False) is None


def test_what_is_not_finite_is_not_recognised():
    z, y = clusters()
    broken = z.copy()
    broken[0, 0] = np.inf
    assert full(cloud(z, y), cloud(broken, y), directional=False) == {}
    assert full(cloud(broken, y), cloud(z, y), directional=False) == {}
    assert held_out(cloud(z, y), torch.tensor([np.nan]), torch.ones(3), directional=False) == {}
    assert np.array_equal(roc(broken, y, directional=False), roc(z[1:], y[1:], directional=False))


def test_many_samples_are_stood_for_by_the_same_few():
    kept = fixed_choice(5000, PAIRED)
    before = torch.get_rng_state()
    fixed_choice.cache_clear()
    assert torch.equal(fixed_choice(5000, PAIRED), kept)
    assert torch.equal(torch.get_rng_state(), before)
    assert len(set(kept.tolist())) == PAIRED
    assert kept.tolist() == sorted(kept.tolist())
    assert 0 <= kept[0] < kept[-1] < 5000
    assert fixed_choice(7, PAIRED).tolist() == list(range(7))
    z, y = clusters(samples=1000)
    some = full(cloud(z, y), cloud(z[kept := fixed_choice(4000, PAIRED)], y[kept]), directional=False)
    every = full(cloud(z, y), cloud(z, y), directional=False)
    assert every["verification_auc"] == some["verification_auc"]
    assert "verification_tar_1_in_1000" in every


def test_the_curve_of_a_frame_has_the_area_that_it_tells():
    trainer = advance(Trainer(experiment("softmax", "arcface")), 30)
    test = trainer.points.split == 1
    for panel, loss in zip(_last(trainer).panels, trainer.losses, strict=True):
        directional = loss.directional()
        false, true = roc(panel.embeddings[test], trainer.points.labels[test], directional=directional)
        assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
        assert auc(false, true) == pytest.approx(panel.metrics["verification_auc"], abs=1e-6)


def _last(trainer):
    """The frame at the end, which tells everything."""
    return advance(trainer, trainer.train_state.horizon - trainer.step).frame()


@pytest.mark.parametrize("dim", [2, 3])
def test_strangers_are_seen_under_the_same_weights(dim):
    trainer = Trainer(experiment("softmax", "arcface", "contrastive", steps=30, dim=dim, **BLOBS))
    frame, data = _last(trainer), trainer.data
    samples = Blobs(classes=6, per_class=60, held_out=2).load()
    x, y = data.held_out
    assert np.array_equal(x.numpy(), samples.held_out_x)
    assert np.array_equal(y.numpy(), samples.held_out_y - 4)
    assert set(y.tolist()) == {0, 1}
    embedded, scored = trainer.forward(data.scaled(x)), trainer.points.split == 1
    for loss, panel, z in zip(trainer.losses, frame.panels, embedded, strict=True):
        known = panel.head.scores(torch.tensor(panel.embeddings[scored])).amax(1).numpy()
        unknown = panel.head.scores(z).amax(1).numpy()
        assert panel.metrics["rejection_auc"] == pytest.approx((known[:, None] > unknown).mean(), abs=2e-3)
        bars = [bar for bar in known if (known >= bar).mean() >= 0.95]
        assert panel.metrics["rejection_rate"] == pytest.approx((unknown < max(bars)).mean(), abs=0.04)
        own, other = closeness(z.double().numpy(), y.numpy(), directional=loss.directional())
        assert panel.metrics["held_out_auc"] == pytest.approx((own[:, None] > other).mean(), abs=2e-3)
        assert {"held_out_eer", "held_out_tar_1_in_10"} <= set(panel.metrics)


def test_strangers_by_hand():
    known, unknown = torch.arange(1, 101).double(), torch.tensor([0.0, 5.5, 6.0, 50.0])
    found = held_out(cloud(np.eye(2), [0, 0]), known, unknown, directional=False)
    # 95 of 100 reach 6, of the four two; they are below 100, 95, 94.5 and 50.5 of the known
    assert found == {"rejection_auc": pytest.approx((100 + 95 + 94.5 + 50.5) / 400), "rejection_rate": 0.5}


def test_one_class_of_strangers_can_be_turned_away_but_not_told_apart():
    settings = {**BLOBS, "dials": {**BLOBS["dials"], "held_out": 1}}
    told = Trainer(experiment("softmax", **settings)).frame().panels[0].metrics
    assert {name for name in FULL if name in told and name.startswith(("held", "reject"))} == {
        "rejection_auc",
        "rejection_rate",
    }
    told = Trainer(experiment("softmax", data="blobs", dials={})).frame().panels[0].metrics
    assert not any(name.startswith(("held", "reject")) for name in told)


def test_everything_is_told_now_and_then_and_at_the_end():
    last = 2 * FULL_EVERY + 5
    one, other = (list(train(experiment("softmax", steps=last, steps_per_frame=1, **BLOBS))) for _ in range(2))
    told = [frame.step for frame in one if set(FULL) & set(frame.panels[0].metrics)]
    assert told == [0, FULL_EVERY, 2 * FULL_EVERY, last]
    assert all(same_frames(first, second) for first, second in zip(one, other, strict=True))


def test_an_edit_of_a_neighbour_does_not_change_when_everything_is_told():
    edits = [Edit(35, 1, "learning_rate", 0.001)]
    beside = {frame.step: frame for frame in train(experiment("softmax", "arcface", steps_per_frame=8), edits)}
    alone = {frame.step: frame for frame in train(experiment("softmax", steps_per_frame=8))}
    assert max(beside) > max(alone) == 40
    for step, frame in alone.items():
        assert frame.panels[0].metrics == beside[step].panels[0].metrics
    assert "knn_accuracy" in beside[max(beside)].panels[1].metrics
