"""What the hinge loss is held against."""

import numpy as np
from sklearn.metrics import hinge_loss
from torch import Tensor

from verification.other_code import CLASSES, OtherCode, State, linear_scores
from verification.reference_numbers import numbers
from verification.siblings import Sibling, triple

# by hand: the sum over entries of [1 - s]_+ for the label and [1 + s]_+ for the others
NUMBERS = (
    numbers("cat_car_frog", "6.1 5.3 10.8", bias=False),
    numbers("cat_car_frog", "37.21 14.29 39.30", bias=False, squared=True),
    numbers("cat_car_frog", "7.4 7.3 13.8", bias=False, margin=2.0),
)

SIBLINGS = (
    Sibling(
        knobs={"margin": 3, "bias": False},
        other="hinge",
        other_knobs={"margin": 1, "bias": False},
        mine=triple,
        factor=3,
        how="tripled",
    ),
)


def _one_against_the_rest(z: Tensor, y: Tensor, state: State) -> float:
    scores = linear_scores(z, state).detach().numpy()
    signs = [np.where(y.numpy() == k, 1, -1) for k in range(CLASSES)]
    return sum(float(hinge_loss(sign, scores[:, k], labels=[-1, 1])) for k, sign in enumerate(signs))


OTHER_CODE = (OtherCode(package="scikit-learn", function="metrics.hinge_loss", mean=_one_against_the_rest),)
