"""The dials that every data set has: long tails, wrong labels, outliers, classes held out; each fixed by the seed."""

import numpy as np
import pytest

from spec import Refusal
from toy_data.blobs import Blobs
from toy_data.digits import Digits

SETS = [Digits, Blobs]


def test_a_long_tail_falls_by_the_same_factor_from_class_to_class():
    counts = np.bincount(Blobs(classes=5, per_class=800, imbalance=16).load().train_y)
    assert counts.tolist() == [800, 400, 200, 100, 50]
    counts = np.bincount(Digits(per_class=100, imbalance=100).load().train_y)
    assert (counts[0], counts[-1]) == (100, 1)
    assert (np.diff(counts) < 0).all()


@pytest.mark.parametrize("data", SETS)
def test_wrong_labels_are_exactly_the_share_and_more_add_to_fewer(data):
    clean = data().load()
    few, many = (data(label_noise=share).load().train_y != clean.train_y for share in (0.1, 0.5))
    assert abs(few.sum() - 0.1 * len(few)) <= 0.5
    assert abs(many.sum() - 0.5 * len(many)) <= 0.5
    assert (many | ~few).all()


def test_the_tail_keeps_first_samples_and_leaves_the_test_set():
    whole, tail = Digits().load(), Digits(imbalance=50).load()
    for label in (0, 4, 9):
        few = tail.train_x[tail.train_y == label]
        assert np.array_equal(few, whole.train_x[whole.train_y == label][: len(few)])
    assert np.array_equal(tail.test_x, whole.test_x)


@pytest.mark.parametrize("data", SETS)
def test_outliers_replace_the_share_they_name_by_noise_of_the_same_range(data):
    clean = data().load()
    before = np.zeros(len(clean.train_y), dtype=bool)
    for share in (0.1, 0.4):
        noisy = data(outliers=share).load()
        axes = tuple(range(1, noisy.train_x.ndim))
        hit = (noisy.train_x != clean.train_x).any(axis=axes)
        assert abs(hit.sum() - share * len(hit)) <= 1
        assert (hit | ~before).all(), "more outliers add to the fewer"
        before = hit
        assert np.array_equal(noisy.train_y, clean.train_y), "their label is kept"
        assert np.array_equal(noisy.test_x, clean.test_x)
        assert noisy.train_x.dtype == clean.train_x.dtype
        assert noisy.train_x.min() >= clean.train_x.min()
        assert noisy.train_x.max() <= clean.train_x.max()
    if clean.image:
        levels = np.bincount(noisy.train_x[hit].ravel(), minlength=17) / noisy.train_x[hit].size
        assert np.abs(levels - 1 / 17).max() < 0.005, "each level of ink is as likely"


@pytest.mark.parametrize("data", SETS)
@pytest.mark.parametrize("dials", [{"label_noise": 0.3}, {"outliers": 0.3}])
def test_the_seed_says_which_samples_are_hit(data, dials):
    def load(seed):
        samples = data(seed=seed, **dials).load()
        return samples.train_x.tobytes() + samples.train_y.tobytes()

    first = load(3)
    assert load(4) != first
    assert load(3) == first


def test_wrong_labels_and_outliers_hit_independently():
    clean = Digits().load()
    noisy = Digits(label_noise=0.5, outliers=0.5).load()
    wrong = noisy.train_y != clean.train_y
    strange = (noisy.train_x != clean.train_x).any(axis=(1, 2))
    assert abs((wrong & strange).mean() - wrong.mean() * strange.mean()) < 0.03


def test_held_out_classes_are_in_neither_training_nor_test_and_wait_beside():
    whole, samples = Digits(classes=8).load(), Digits(classes=8, held_out=3, label_noise=0.5).load()
    assert samples.classes == ("0", "1", "2", "3", "4")
    assert samples.held_out_classes == ("5", "6", "7")
    assert samples.train_y.max() == samples.test_y.max() == 4
    assert set(samples.held_out_y) == {5, 6, 7}
    assert len(samples.held_out_y) == int((whole.test_y >= 5).sum())
    assert np.array_equal(samples.held_out_x, whole.test_x[whole.test_y >= 5])
    assert not samples.held_out_x.flags.writeable
    assert whole.held_out_x is whole.held_out_y is None


def test_two_classes_must_stay():
    with pytest.raises(Refusal, match="of 4 classes at most 2 can be kept out"):
        Digits(classes=4, held_out=3).load()
    assert len(Digits(classes=4, held_out=2).load().classes) == 2
