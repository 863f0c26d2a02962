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

# one stream of random numbers a purpose, so that a dial does not change what another draws
_LABELS, _OUTLIERS = 1, 2


@dataclass(frozen=True, kw_only=True)
class Dialled(DataSet):
    """A data set with the dials that all have.

    The first ``classes`` classes are kept (fewer where there are fewer); the last ``held_out`` of these are then
    taken out of training and test. ``per_class`` limits the training samples of each class. ``imbalance`` thins
    them out to a long tail: of the n samples of class c of C, n rho^(-c / (C - 1)) stay, so that of classes of equal
    size the first has rho times the samples of the last (Cui et al. 2019, section 5.1). ``label_noise`` is the share
    of training samples whose label is replaced by another class, ``outliers`` the share replaced by uniform noise
    of the range of the data, their label kept. The test set is never thinned out and stays true.
    ``seed`` says which samples are hit (and which are drawn, in sets that are drawn).
    """

    classes: int = param(10, symbol="C", low=2, high=10, whole=True)
    per_class: int = param(7000, symbol="n", low=5, high=7000, slider=(10, 7000), log=True, whole=True)
    imbalance: float = param(1.0, symbol="\\rho", low=1.0, high=1000.0, slider=(1.0, 200.0), log=True)
    label_noise: float = param(0.0, symbol="\\eta", low=0.0, high=0.9, slider=(0.0, 0.5))
    outliers: float = param(0.0, symbol="\\omega", low=0.0, high=0.9, slider=(0.0, 0.5))
    held_out: int = param(0, symbol="H", low=0, high=8, whole=True)
    seed: int = param(0, symbol="seed", low=0, high=2**31 - 1, slider=(0, 20), whole=True)

    @property
    def called(self) -> str:
        """What sentences call it: the slug, or the user's own file."""
        return self.slug

    @final
    def load(self) -> Samples:
        """Load what the dials keep."""
        return _dialled(self, self.read())


@lru_cache(maxsize=4)  # a slider that is dragged must not keep every copy
def _dialled(data: Dialled, whole: Samples) -> Samples:
    kept = min(data.classes, len(whole.classes))
    trained = kept - data.held_out
    if trained < 2:
        raise Refusal("data.held_out_many", held_out=data.held_out, classes=kept, most=kept - 2)
    train = _tail(whole.train_y, trained, data.per_class, data.imbalance)
    test = np.flatnonzero(whole.test_y < trained)
    for split, found in (("train", whole.train_y[train]), ("test", whole.test_y[test])):
        counts = np.bincount(found, minlength=trained)
        if not counts.all():
            label = whole.classes[int(counts.argmin())]
            raise Refusal(f"data.class_missing_{split}", name=data.called, label=label)
    out = np.flatnonzero((whole.test_y >= trained) & (whole.test_y < kept))
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
            held_out_classes=whole.classes[trained:kept],
        )
    )


def _tail(labels: NDArray[np.int64], classes: int, most: int, imbalance: float) -> NDArray[np.int64]:
    """Return, in their old order, the places of the first samples of each class, fewer from class to class."""
    kept = []
    for label in range(classes):
        places = np.flatnonzero(labels == label)[:most]
        share = imbalance ** (-label / (classes - 1))
        kept.append(places[: max(1, round(len(places) * share))])
    return np.sort(np.concatenate(kept))


def _with_noise(labels: NDArray[np.int64], classes: int, share: float, seed: int) -> NDArray[np.int64]:
    rng = np.random.default_rng((seed, _LABELS))
    hit = _hit(rng, len(labels), share)
    shift = rng.integers(1, classes, size=len(labels))
    return np.where(hit, (labels + shift) % classes, labels)


def _with_outliers(x: Array, share: float, seed: int) -> Array:
    if share == 0:
        return x
    rng = np.random.default_rng((seed, _OUTLIERS))
    hit = _hit(rng, len(x), share).reshape(-1, *[1] * (x.ndim - 1))
    if x.dtype == np.uint8:
        return np.where(hit, rng.integers(0, int(x.max()), size=x.shape, dtype=np.uint8, endpoint=True), x)
    low, high = x.min(axis=0), x.max(axis=0)
    return np.where(hit, low + (high - low) * rng.random(x.shape, dtype=np.float32), x)


def _hit(rng: np.random.Generator, count: int, share: float) -> NDArray[np.bool_]:
    """Choose exactly a share of the samples; a larger share adds to those that a smaller one chose."""
    return rng.permutation(count) < round(share * count)
