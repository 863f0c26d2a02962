"""The real MNIST and Fashion-MNIST, where they are at hand; a run in CI must have them."""

import os

import numpy as np
import pytest

from spec import Refusal
from toy_data.fashion_mnist import FashionMnist
from toy_data.mnist import Mnist


def load(data):
    try:
        return data.load()
    except Refusal as refusal:
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(str(refusal))
        pytest.skip(str(refusal))


def test_mnist_is_whole():
    samples = load(Mnist())
    assert samples.train_x.shape == (60_000, 28, 28)
    assert samples.test_x.shape == (10_000, 28, 28)
    # the counts of the training labels as published with the set
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(samples.train_y).tolist() == counts
    assert np.bincount(samples.test_y).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    scaled = (samples.train_x[::7].astype(np.float64) - samples.offset) * samples.factor
    assert abs(scaled.mean()) < 0.01
    assert abs(scaled.std() - 1) < 0.01


def test_fashion_mnist_is_whole():
    samples = load(FashionMnist())
    assert samples.train_x.shape == (60_000, 28, 28)
    assert samples.test_x.shape == (10_000, 28, 28)
    assert np.bincount(samples.train_y).tolist() == [6000] * 10
    assert np.bincount(samples.test_y).tolist() == [1000] * 10
    scaled = (samples.train_x[::7].astype(np.float64) - samples.offset) * samples.factor
    assert abs(scaled.mean()) < 0.01
    assert abs(scaled.std() - 1) < 0.01


def test_classes_kept_of_the_real_files_keep_their_order():
    whole, few = load(FashionMnist()), load(FashionMnist(classes=3, per_class=100))
    assert few.classes == ("T-shirt", "Trouser", "Pullover")
    first = np.flatnonzero(whole.train_y == 1)[:100]
    assert np.array_equal(few.train_x[few.train_y == 1], whole.train_x[first])
