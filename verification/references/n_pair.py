"""What the N-pair loss is held against."""

from typing import Any

from torch import Tensor

from verification.other_code import METRIC_LEARNING, OtherCode, State, metric_learning
from verification.reference_numbers import ReferenceNumbers, number
from verification.siblings import Sibling, twos

NUMBERS = (
    number("k4", "0.451306", regularization=0, pairs="class"),
    number("k4", "0.497717", regularization=0, variant="one_vs_one", pairs="class"),
    number("k4", "0.452311", regularization=0.002, pairs="class"),
    ReferenceNumbers(
        inputs="k4",
        digits=["0.001005"],
        knobs={"regularization": 0.002, "pairs": "class"},
        minus={"regularization": 0},
    ),
)

SIBLINGS = tuple(
    Sibling(
        knobs={"regularization": 0, "pairs": pairs},
        other="info_nce",
        other_knobs={"temperature": 1, "similarity": "dot", "pairs": pairs},
    )
    for pairs in ("all", "class")
)


def _dot(z: Tensor, y: Tensor, state: State) -> Any:
    dot = metric_learning("distances").DotProductSimilarity(normalize_embeddings=False)
    return metric_learning("losses").NPairsLoss(distance=dot)(z, y)


OTHER_CODE = (
    OtherCode(
        package=METRIC_LEARNING,
        function="losses.NPairsLoss",
        mean=_dot,
        knobs={"regularization": 0, "pairs": "class"},
        labels=twos,
    ),
)
