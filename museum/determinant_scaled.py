"""An L-GM margin that also multiplies the log-determinant."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from losses import State
from losses.l_gm import LGM
from losses.toolkit import stable_ops
from museum.exhibit import Exhibit, PerSample
from museum.picture import Zones
from museum.trial import cost, label, point, zones

LOSS = LGM(margin=1.0, likelihood=0.0)

#: A narrow, a round and a wide class.
STATE = {
    "means": torch.tensor([[-1.2, -1.0], [1.6, -1.0], [0.0, 1.6]], dtype=torch.float64),
    "log_variance": torch.tensor([[0.1, 0.1], [0.8, 0.8], [6.0, 3.0]], dtype=torch.float64).log(),
}


def wrong(loss: LGM, z: Tensor, y: Tensor, state: State) -> Tensor:
    scores = loss.scores(z, state)
    own = stable_ops.is_label(y, scores.shape[1]).to(scores)
    return cross_entropy(scores * (1 + loss.margin * own), y, reduction="none")  # distance and determinant alike


def measure(rule: PerSample) -> float:
    """Return by how much the margin raises the cost of a sample on the mean of its class, the wider of two."""
    means = torch.tensor([[0.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
    state = {"means": means, "log_variance": torch.tensor([[4.0, 4.0], [1.0, 1.0]], dtype=torch.float64).log()}
    without, with_margin = (
        cost(rule, LOSS.replace(margin=margin), point(0.0, 0.0), label(0), state) for margin in (0.0, 1.0)
    )
    return with_margin - without


def picture(rule: PerSample) -> Zones:
    """Return the zones of the three classes."""
    return zones(rule, LOSS, STATE, 4.0, "means")


EXHIBIT = Exhibit(
    slug="determinant_scaled",
    loss=LOSS,
    right=LGM.per_sample,
    wrong=wrong,
    expected=0.0,
    measure=measure,
    picture=picture,
)
