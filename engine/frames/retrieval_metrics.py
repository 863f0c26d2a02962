"""Whether embeddings tell who is who: k-NN, pairs of samples, and samples of classes that were never trained on.

What each number means, and where it is from, stands in docs/metrics.md. These cost more than those of
``engine.frames.metrics`` and are not in every frame.
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
from engine.state.data import chosen

#: A frame has these numbers every so many frames of the experiment's pace, and where its schedule ends.
FULL_EVERY = 20

#: Neighbours that are asked for their label.
NEIGHBOURS = 5

#: At most so many training samples are neighbours, and at most so many test samples ask them.
SAMPLES = 2000

#: All pairs of at most so many samples are told apart: of ten classes 4,350 pairs of one and 40,500 of two.
PAIRED = 300

#: One in so many pairs of two classes is taken for one; told where that are ten pairs or more.
ONE_IN = (10, 100, 1000)

#: The share of samples of known classes that is let in.
LET_IN = 0.95

#: What ``full`` and ``held_out`` say where it applies, in the order of menus and docs.
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

#: Held while it is changed which warnings the whole process passes over, as scikit-learn does too where it looks for
#: neighbours.
_LOOKING = Lock()


def full(train: Cloud, test: Cloud, *, directional: bool) -> dict[str, float]:
    """Return how well neighbours know the test samples, and how well pairs of these are told apart.

    Pairs are compared by their angle where only directions count in the loss, else by their distance.
    """
    if not (train.z.isfinite().all() and test.z.isfinite().all()):
        return {}
    return {"knn_accuracy": _neighbours(train, test), **_told_apart("verification", test, directional=directional)}


def held_out(strangers: Cloud, known: Tensor, unknown: Tensor, *, directional: bool) -> dict[str, float]:
    """Return how well pairs of samples of held-out classes are told apart, and how well such samples are turned away.

    ``known`` and ``unknown`` are the best scores of samples of trained and of held-out classes.
    """
    known, unknown = known.detach().cpu().double(), unknown.detach().cpu().double()
    if not all(tensor.isfinite().all() for tensor in (strangers.z, known, unknown)):
        return {}
    return {
        **_told_apart("held_out", strangers, directional=directional),
        **_turned_away(known.numpy(), unknown.numpy()),
    }


def roc(z: Numbers, y: NDArray[np.integer[Any]], *, directional: bool) -> tuple[Numbers, Numbers] | None:
    """Return the curve of pairs of embeddings ``(N, D)``: the false and the true accept rates, from (0, 0) to (1, 1).

    With the embeddings and labels of a frame's test samples it is the curve of which ``verification_auc`` is the
    area. Samples that are missing are left out. ``None`` where there are not both kinds of pairs.
    """
    there = np.isfinite(z).all(axis=1)
    z, y = z[there], y[there]
    same, closeness = _pairs(z, y, directional=directional)
    if same.all() or not same.any():
        return None
    false, true, _ = roc_curve(same, closeness)
    return false, true


def _neighbours(train: Cloud, test: Cloud) -> float:
    """Return the share of test samples that have the label of most of their neighbours."""
    kept, asked = chosen(len(train.z), SAMPLES), chosen(len(test.z), SAMPLES)
    model = KNeighborsClassifier(min(NEIGHBOURS, len(kept)), algorithm="kd_tree")
    with _LOOKING, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # many classes of few samples are no mistake here
        model.fit(train.z[kept].numpy(), train.y[kept].numpy())
        found = model.predict(test.z[asked].numpy())
    return float((found == test.y[asked].numpy()).mean())


def _told_apart(group: str, cloud: Cloud, *, directional: bool) -> dict[str, float]:
    """Return area, equal error rate and true accept rates of the pairs."""
    same, closeness = _pairs(cloud.z.numpy(), cloud.y.numpy(), directional=directional)
    if same.all() or not same.any():
        return {}
    false, true, _ = roc_curve(same, closeness, drop_intermediate=False)
    found = {"auc": auc(false, true), "eer": np.interp(0, false + true - 1, false)}
    for count in ONE_IN:
        if np.count_nonzero(~same) >= 10 * count:
            found[f"tar_1_in_{count}"] = true[false <= 1 / count].max()
    return {f"{group}_{name}": float(value) for name, value in found.items()}


def _pairs(
    z: Numbers, y: NDArray[np.integer[Any]], *, directional: bool
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return which pairs of some of the samples are of one class, and how close the two are."""
    kept = chosen(len(z), PAIRED).numpy()
    place, label = z[kept].astype(np.float64), y[kept]
    first, second = np.triu_indices(len(place), 1)
    if directional:  # the chord falls as the cosine rises
        length = np.linalg.norm(place, axis=1, keepdims=True)
        place /= np.where(length > 0, length, 1)
    return label[first] == label[second], -((place[first] - place[second]) ** 2).sum(axis=1)


def _turned_away(known: Numbers, unknown: Numbers) -> dict[str, float]:
    """Return how well the best score tells known from unknown, and how many unknown ones a fixed bar turns away."""
    from_known = np.repeat([True, False], [len(known), len(unknown)])
    bar = np.sort(known)[int((1 - LET_IN) * len(known))]  # the highest that lets so many in
    return {
        "rejection_auc": float(roc_auc_score(from_known, np.concatenate([known, unknown]))),
        "rejection_rate": float((unknown < bar).mean()),
    }
