"""The dials that every data set has: which samples are kept, and what is done to them."""

import dataclasses
from dataclasses import dataclass
from functools import lru_cache
from typing import final

import numpy as np
from numpy.typing import NDArray

from spec import Refusal, param
from toy_data.base import DataSet
from toy_data.samples import Array, Samples, freeze

# one stream of random numbers for each purpose, so that a dial does not change what another draws
_LABELS, _OUTLIERS = 1, 2


@dataclass(frozen=True, kw_only=True)
class DialSet(DataSet):
    """A data set with the dials that all sets have.

    - ``classes``: the first so many classes are kept, or all where there are fewer.
    - ``held_out``: the last so many of these are taken out of training and test.
    - ``per_class``: the largest number of training samples of a class.
    - ``imbalance``: rho of a long tail. Of the n training samples of class c of C, n rho^(-c / (C - 1)) stay, so
      that of classes of equal size the first has rho times as many as the last (Cui et al. 2019, section 5.1).
    - ``label_noise``: the share of training samples whose label is replaced by another class.
    - ``outliers``: the share of training samples replaced by uniform noise over the range of the data; they keep
      their label.
    - ``seed``: which samples the last two choose, and which samples synthetic sets draw.

    The dials never change the test set, except for the classes that are left out.
    """

    classes: int = param(10, symbol="C", low=2, high=10, whole=True)
    per_class: int = param(7000, symbol="n", low=5, high=7000, slider=(10, 7000), log=True, whole=True)
    imbalance: float = param(1.0, symbol="\\rho", low=1.0, high=1000.0, slider=(1.0, 200.0), log=True)
    label_noise: float = param(0.0, symbol="\\eta", low=0.0, high=0.9, slider=(0.0, 0.5))
    outliers: float = param(0.0, symbol="\\omega", low=0.0, high=0.9, slider=(0.0, 0.5))
    held_out: int = param(0, symbol="H", low=0, high=8, whole=True)
    seed: int = param(0, symbol="seed", low=0, high=2**31 - 1, slider=(0, 20), whole=True)

    @property
    def display_name(self) -> str:
        """The name in messages: the slug, or the name of the user's file."""
        return self.slug

    @final
    def load(self) -> Samples:
        """Load what the dials keep."""
        return _apply_dials(self, self.read())


@lru_cache(maxsize=4)  # a slider that is dragged must not keep every copy
def _apply_dials(data: DialSet, whole: Samples) -> Samples:
    available = min(data.classes, len(whole.classes))
    trained = available - data.held_out
    if trained < 2:
        raise Refusal("data.held_out_many", held_out=data.held_out, classes=available, most=available - 2)
    train = _tail(whole.train_y, trained, data.per_class, data.imbalance)
    test = np.flatnonzero(whole.test_y < trained)
    for split, labels in (("train", whole.train_y[train]), ("test", whole.test_y[test])):
        counts = np.bincount(labels, minlength=trained)
        if not counts.all():
            label = whole.classes[int(counts.argmin())]
            raise Refusal(f"data.class_missing_{split}", name=data.display_name, label=label)
    out = np.flatnonzero((whole.test_y >= trained) & (whole.test_y < available))
    return freeze(
        dataclasses.replace(
            whole,
            train_x=_with_outliers(whole.train_x[train], data.outliers, data.seed),
            train_y=_with_noise(whole.train_y[train], trained, data.label_noise, data.seed),
            test_x=whole.test_x[test],
            test_y=whole.test_y[test],
            classes=whole.classes[:trained],
            held_out_x=whole.test_x[out] if data.held_out else None,
            held_out_y=whole.test_y[out] if data.held_out else None,
            held_out_classes=whole.classes[trained:available],
        )
    )


def _tail(labels: NDArray[np.int64], classes: int, most: int, imbalance: float) -> NDArray[np.int64]:
    """Return the indices of the first samples of each class, in their old order, fewer from class to class."""
    chosen = []
    for label in range(classes):
        places = np.flatnonzero(labels == label)[:most]
        share = imbalance ** (-label / (classes - 1))
        chosen.append(places[: max(1, round(len(places) * share))])
    return np.sort(np.concatenate(chosen))


def _with_noise(labels: NDArray[np.int64], classes: int, share: float, seed: int) -> NDArray[np.int64]:
    rng = np.random.default_rng((seed, _LABELS))
    hit = _choose(rng, len(labels), share)
    shift = rng.integers(1, classes, size=len(labels))
    return np.where(hit, (labels + shift) % classes, labels)


def _with_outliers(x: Array, share: float, seed: int) -> Array:
    if share == 0:
        return x
    rng = np.random.default_rng((seed, _OUTLIERS))
    hit = _choose(rng, len(x), share).reshape(-1, *[1] * (x.ndim - 1))
    if x.dtype == np.uint8:
        return np.where(hit, rng.integers(0, int(x.max()), size=x.shape, dtype=np.uint8, endpoint=True), x)
    low, high = x.min(axis=0), x.max(axis=0)
    return np.where(hit, low + (high - low) * rng.random(x.shape, dtype=np.float32), x)


def _choose(rng: np.random.Generator, count: int, share: float) -> NDArray[np.bool_]:
    """Choose exactly a share of the samples, as a mask; a larger share adds to those that a smaller one chose."""
    return rng.permutation(count) < round(share * count)
