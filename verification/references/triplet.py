"""What the triplet loss is held against."""

from functools import partial
from typing import Any

import torch
from torch import Tensor

from verification.other_code import OtherCode, State, metric_learning, of_metric_learning, of_torch
from verification.reference_numbers import ReferenceNumbers, number
from verification.siblings import Sibling, triple


def _margins(at_02: str, at_1: str, **knobs: Any) -> tuple[ReferenceNumbers, ...]:
    """Return the numbers at the margins 0.2 and 1."""
    return number("k3", at_02, margin=0.2, **knobs), number("k3", at_1, margin=1.0, **knobs)


NUMBERS = (
    *_margins("0.192083", "0.555833", mining="all", average="all"),
    *_margins("0.512222", "1.111667", mining="all"),
    *_margins("0.110000", "0.610000"),
    *_margins("0.110000", "0.610000", average="all"),
    *_margins("0.393835", "1.193835", mining="batch_hard", distance="euclidean", average="all"),
    *_margins("0.506667", "1.278333", mining="batch_hard", average="all"),
)

SIBLINGS = (
    Sibling(
        knobs={"margin": 2.7, "mining": "all"},
        other="triplet",
        other_knobs={"margin": 0.3, "mining": "all"},
        mine=triple,
        factor=9,
        how="tripled_square",
    ),
)


def _torch(z: Tensor, y: Tensor, state: State) -> Tensor:
    a, p, n = torch.meshgrid(*[torch.arange(len(y))] * 3, indexing="ij")
    valid = (y[a] == y[p]) & (a != p) & (y[a] != y[n])
    # without eps, which torch adds to every difference of coordinates
    loss = torch.nn.TripletMarginLoss(margin=0.6, eps=0)
    mean: Tensor = loss(z[a[valid]], z[p[valid]], z[n[valid]])
    return mean


def _raw(z: Tensor, y: Tensor, state: State, *, power: int, mining: str, average: str) -> Any:
    losses, miners = metric_learning("losses"), metric_learning("miners")
    reducers = metric_learning("reducers")
    distance = metric_learning("distances").LpDistance(normalize_embeddings=False, power=power)
    reducer = reducers.MeanReducer() if average == "all" else reducers.AvgNonZeroReducer()
    loss = losses.TripletMarginLoss(margin=0.6, distance=distance, reducer=reducer)
    if mining == "all":
        return loss(z, y)
    if mining == "semi_hard":
        return loss(z, y, miners.TripletMarginMiner(margin=0.6, type_of_triplets="semihard", distance=distance)(z, y))
    return loss(z, y, miners.BatchHardMiner(distance=distance)(z, y))


def _unit(z: Tensor, y: Tensor, state: State, *, power: int) -> Any:
    distance = metric_learning("distances").LpDistance(power=power)
    return metric_learning("losses").TripletMarginLoss(0.6, distance=distance)(z, y)


def _metric_learning(distance: str, power: int) -> tuple[OtherCode, ...]:
    raw = [
        of_metric_learning(
            "TripletMarginLoss",
            partial(_raw, power=power, mining=mining, average=average),
            margin=0.6,
            distance=distance,
            mining=mining,
            average=average,
        )
        for average in ("all", "active")
        for mining in ("all", "semi_hard", "batch_hard")
    ]
    unit = {"margin": 0.6, "distance": distance, "normalize": True, "mining": "all"}
    return *raw, of_metric_learning("TripletMarginLoss", partial(_unit, power=power), **unit)


OTHER_CODE = (
    of_torch("nn.TripletMarginLoss", _torch, margin=0.6, distance="euclidean", mining="all", average="all"),
    *_metric_learning("squared", 2),
    *_metric_learning("euclidean", 1),
)
