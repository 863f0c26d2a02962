"""How well embeddings identify samples: k-NN, pairs, and samples of classes that were never trained on.

docs/metrics.md says what each number means, and its source. They cost more than those of ``engine.frames.metrics`` and
are not in every frame.
"""

import warnings
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import auc, roc_auc_score, roc_curve
from sklearn.neighbors import KNeighborsClassifier
from torch import Tensor

from engine.frames.metrics import Cloud
from engine.state.data import fixed_choice

#: One in so many frames of the experiment has these numbers, and the one where its schedule ends.
FULL_EVERY = 20

#: Neighbours that vote on a label.
NEIGHBOURS = 5

#: At most so many training samples are neighbours of at most so many test samples.
SAMPLES = 2000

#: Samples whose pairs are compared: of ten classes, 4,350 pairs of one class and 40,500 of two.
PAIRED = 300

#: One in so many pairs of two classes is accepted as one class; only where that is ten pairs or more.
ONE_IN = (10, 100, 1000)

#: The share of samples of known classes that is accepted.
ACCEPTED = 0.95

#: The metrics of ``full`` and ``held_out``, in the order of menus and docs.
FULL = (
    "knn_accuracy",
    *(
        f"{group}_{name}"
        for group in ("verification", "held_out")
        for name in ("auc", "eer", *(f"tar_1_in_{count}" for count in ONE_IN))
    ),
    "rejection_auc",
    "rejection_rate",
)

Numbers = NDArray[np.floating[Any]]

#: Held while the warning filters of the process are changed, which scikit-learn does too where it looks for neighbours.
_WARNINGS = Lock()


def full(train: Cloud, test: Cloud, *, directional: bool) -> dict[str, float]:
    """Return how well neighbours classify the test samples, and how well pairs of these are verified.

    Pairs are compared by their angle where only directions count in the loss, else by their distance.
    """
    if not (train.z.isfinite().all() and test.z.isfinite().all()):
        return {}
    return {"knn_accuracy": _neighbours(train, test), **_verification("verification", test, directional=directional)}


def held_out(unknown_samples: Cloud, known: Tensor, unknown: Tensor, *, directional: bool) -> dict[str, float]:
    """Return how well pairs of samples of held-out classes are verified, and how well such samples are rejected.

    ``known`` and ``unknown`` are the best scores of samples of trained and of held-out classes.
    """
    known, unknown = known.detach().cpu().double(), unknown.detach().cpu().double()
    if not all(tensor.isfinite().all() for tensor in (unknown_samples.z, known, unknown)):
        return {}
    return {
        **_verification("held_out", unknown_samples, directional=directional),
        **_rejection(known.numpy(), unknown.numpy()),
    }


def roc(z: Numbers, y: NDArray[np.integer[Any]], *, directional: bool) -> tuple[Numbers, Numbers] | None:
    """Return the curve of pairs of embeddings ``(N, D)``: the false and the true accept rates, from (0, 0) to (1, 1).

    With the embeddings and labels of a frame's test samples it is the curve of which ``verification_auc`` is the
    area. Missing samples are left out. ``None`` where there are not both kinds of pairs.
    """
    there = np.isfinite(z).all(axis=1)
    z, y = z[there], y[there]
    same, closeness = _pairs(z, y, directional=directional)
    if same.all() or not same.any():
        return None
    false, true, _ = roc_curve(same, closeness)
    return false, true


def _neighbours(train: Cloud, test: Cloud) -> float:
    """Return the share of test samples with the label of most of their neighbours."""
    neighbours, tests = fixed_choice(len(train.z), SAMPLES), fixed_choice(len(test.z), SAMPLES)
    model = KNeighborsClassifier(min(NEIGHBOURS, len(neighbours)), algorithm="kd_tree")
    with _WARNINGS, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of many classes with few samples
        model.fit(train.z[neighbours].numpy(), train.y[neighbours].numpy())
        labels = model.predict(test.z[tests].numpy())
    return float((labels == test.y[tests].numpy()).mean())


def _verification(group: str, cloud: Cloud, *, directional: bool) -> dict[str, float]:
    """Return area, equal error rate and true accept rates of the pairs."""
    same, closeness = _pairs(cloud.z.numpy(), cloud.y.numpy(), directional=directional)
    if same.all() or not same.any():
        return {}
    false, true, _ = roc_curve(same, closeness, drop_intermediate=False)
    numbers = {"auc": auc(false, true), "eer": np.interp(0, false + true - 1, false)}
    for count in ONE_IN:
        if np.count_nonzero(~same) >= 10 * count:
            numbers[f"tar_1_in_{count}"] = true[false <= 1 / count].max()
    return {f"{group}_{name}": float(value) for name, value in numbers.items()}


def _pairs(
    z: Numbers, y: NDArray[np.integer[Any]], *, directional: bool
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return which pairs of some of the samples are of one class, and how close the two are."""
    some = fixed_choice(len(z), PAIRED).numpy()
    place, label = z[some].astype(np.float64), y[some]
    first, second = np.triu_indices(len(place), 1)
    if directional:  # the chord falls as the cosine rises
        length = np.linalg.norm(place, axis=1, keepdims=True)
        place /= np.where(length > 0, length, 1)
    return label[first] == label[second], -((place[first] - place[second]) ** 2).sum(axis=1)


def _rejection(known: Numbers, unknown: Numbers) -> dict[str, float]:
    """Return how well the best score separates known from unknown, and the share of unknown ones below a threshold."""
    from_known = np.repeat([True, False], [len(known), len(unknown)])
    threshold = np.sort(known)[int((1 - ACCEPTED) * len(known))]  # the highest that accepts so many
    return {
        "rejection_auc": float(roc_auc_score(from_known, np.concatenate([known, unknown]))),
        "rejection_rate": float((unknown < threshold).mean()),
    }
