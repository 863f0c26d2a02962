"""What L-GM is held against."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from verification.other_code import State, of_torch
from verification.reference_numbers import ReferenceNumbers, number
from verification.siblings import Sibling


def _gaussians(round_: str, spread: str, **knobs: float) -> tuple[ReferenceNumbers, ...]:
    """Return the mean under round Gaussians of one size, for each covariance, and under Gaussians along the axes."""
    return (
        *(number("k5_round", round_, **knobs, covariance=word) for word in ("identity", "isotropic")),
        number("k5_round", round_, **knobs),
        number("k5", spread, **knobs),
    )


NUMBERS = (
    *_gaussians("0.583413", "0.532412", margin=0, likelihood=0),
    *_gaussians("0.637038", "0.650505", margin=0.3, likelihood=0),
    *_gaussians("0.775289", "0.973118", margin=1, likelihood=0),
    *_gaussians("0.810914", "1.031766", margin=1, likelihood=0.1),
    *(
        ReferenceNumbers(
            inputs=inputs,
            digits=[digits],
            knobs={"likelihood": 1, "covariance": covariance},
            minus={"likelihood": 0},
        )
        for covariance, inputs, digits in (("identity", "k5_round", "0.356250"), ("diagonal", "k5", "0.586482"))
    ),
)


def _as_softmax(z: Tensor, state: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
    """Round Gaussians of one size score as lines: ``mu . z - |mu|^2 / 2``."""
    means = state["means"]
    return z, {"weight": means, "bias": -(means**2).sum(dim=1) / 2}


SIBLINGS = (
    Sibling(
        knobs={"margin": 0, "likelihood": 0, "covariance": "identity"},
        other="softmax",
        theirs=_as_softmax,
        how="as_softmax",
    ),
)


def _densities(z: Tensor, y: Tensor, state: State) -> Tensor:
    normal: Any = torch.distributions.Normal(state["means"], torch.exp(state["log_variance"] / 2))
    density: Tensor = normal.log_prob(z[:, None]).sum(dim=2)
    own = density.gather(1, y[:, None])[:, 0] + z.shape[1] / 2 * math.log(2 * math.pi)
    return cross_entropy(density, y) - 0.4 * own.mean()


OTHER_CODE = (of_torch("distributions.Normal", _densities, margin=0, likelihood=0.4),)
