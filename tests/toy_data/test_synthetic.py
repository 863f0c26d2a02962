"""The drawn sets: where their skeletons run, and that a net has something to learn on them."""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from toy_data.moons import Moons
from toy_data.rings import Rings
from toy_data.spirals import Spirals

PLANAR = [Moons, Rings, Spirals]


@pytest.mark.parametrize("data", PLANAR)
@pytest.mark.parametrize("classes", [2, 5, 10])
def test_sizes_follow_the_dials(data, classes):
    samples = data(classes=classes, per_class=40).load()
    assert samples.train_x.shape == (40 * classes, 2)
    assert samples.train_x.dtype == np.float32
    assert np.bincount(samples.train_y).tolist() == [40] * classes
    assert np.bincount(samples.test_y).tolist() == [10] * classes


@pytest.mark.parametrize("data", PLANAR)
def test_neighbours_tell_the_classes_apart_and_a_line_does_not_do(data):
    samples = data().load()
    near = KNeighborsClassifier(5).fit(samples.train_x, samples.train_y)
    assert near.score(samples.test_x, samples.test_y) > 0.95
    ones = np.c_[samples.train_x, np.ones(len(samples.train_x))]
    codes = np.eye(len(samples.classes))[samples.train_y]
    plane = np.linalg.lstsq(ones, codes, rcond=None)[0]
    right = (np.c_[samples.test_x, np.ones(len(samples.test_x))] @ plane).argmax(axis=1) == samples.test_y
    assert right.mean() < 0.93


def test_moons_are_half_circles_open_down_and_up_in_turn():
    samples = Moons(classes=4, spread=0).load()
    for label in range(4):
        x, y = samples.train_x[samples.train_y == label].T
        middle = (1.25 * label, 0.5 * (label % 2))
        assert np.allclose(np.hypot(x - middle[0], y - middle[1]), 1, atol=1e-5)
        assert ((y - middle[1]) * (-1) ** label > -1e-5).all()
        assert np.ptp(x) > 1.9


def test_rings_are_equally_far_apart():
    samples = Rings(classes=4, spread=0).load()
    radius = np.hypot(*samples.train_x.T)
    assert np.allclose(radius, 0.5 + 0.5 * samples.train_y, atol=1e-5)


@pytest.mark.parametrize("turns", [0.0, 1.0, 2.0])
def test_arms_are_one_spiral_turned(turns):
    samples = Spirals(classes=3, spread=0, turns=turns).load()
    x, y = samples.train_x.astype(np.float64).T
    way = (np.hypot(x, y) - 0.2) / 1.8
    assert way.min() > -1e-5
    assert way.max() < 1 + 1e-5
    lag = np.arctan2(y, x) / (2 * np.pi) - turns * way - samples.train_y / 3
    assert np.allclose(lag, np.rint(lag), atol=1e-4)


def test_spread_is_the_deviation_about_the_skeleton():
    samples = Rings(classes=2, spread=0.1, per_class=2000).load()
    radius = np.hypot(*samples.train_x.T)
    for label in range(2):
        # along the radius only; the other half of the noise runs along the circle
        assert radius[samples.train_y == label].std() == pytest.approx(0.1, abs=0.01)
