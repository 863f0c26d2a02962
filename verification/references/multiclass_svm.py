"""What the multi-class SVM is held against."""

from functools import partial
from typing import Any

import numpy as np
from sklearn.metrics import hinge_loss
from torch import Tensor
from torch.nn.functional import multi_margin_loss

from verification.other_code import CLASSES, OtherCode, State, linear_scores, of_torch
from verification.reference_numbers import Reading, ReferenceNumbers
from verification.siblings import Sibling, triple


def _course(digits: str, reading: Reading = "each", **knobs: Any) -> ReferenceNumbers:
    """Return numbers of the notes of CS231n."""
    return ReferenceNumbers(
        inputs="cat_car_frog",
        digits=digits.split(),
        knobs={"bias": False, **knobs},
        reading=reading,
        source="cs231n",
    )


NUMBERS = (
    _course("2.9 0.0 12.9"),
    _course("2.9 0.0 6.6", variant="crammer_singer"),
    _course("8.41 0.00 83.25", squared=True),  # 6.3^2 + 6.6^2 is 83.25 exactly
    _course("5.266667", "mean"),
)

SIBLINGS = (
    Sibling(
        knobs={"margin": 3, "bias": False},
        other="multiclass_svm",
        other_knobs={"margin": 1, "bias": False},
        mine=triple,
        factor=3,
        how="tripled",
    ),
)


def _multi_margin(z: Tensor, y: Tensor, state: State, margin: float, power: int) -> Tensor:
    # torch divides by the number of classes
    return CLASSES * multi_margin_loss(linear_scores(z, state), y, margin=margin, p=power)


def _crammer_singer(z: Tensor, y: Tensor, state: State) -> float:
    scores = linear_scores(z, state).detach().numpy()
    return float(hinge_loss(y.numpy(), scores, labels=np.arange(CLASSES)))


OTHER_CODE = (
    *(
        of_torch(
            "multi_margin_loss",
            partial(_multi_margin, margin=margin, power=1 + squared),
            margin=margin,
            squared=squared,
        )
        for margin, squared in ((0.3, False), (1.0, False), (2.0, True))
    ),
    OtherCode(
        package="scikit-learn",
        function="metrics.hinge_loss",
        mean=_crammer_singer,
        knobs={"variant": "crammer_singer"},
    ),
)
