"""Making a frame: everything that is seen of all panels, under one set of weights."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from engine.frame import Floats, Frame, PanelFrame
from losses import Head, HeadKind, Loss, Scene
from losses.shape import ROW

if TYPE_CHECKING:
    from engine.trainer import Trainer

BINS = 48  # of a live histogram (docs/recording.md)
CHUNK = 256  # samples a forward pass: small enough for the cache, where it is several times faster than all at once


@torch.no_grad()
def take(trainer: "Trainer", x: Tensor, y: Tensor) -> Frame:
    """See all panels of a trainer; ``x`` and ``y`` are the last batch, for losses and histograms."""
    data = trainer.data
    chunks = [trainer.forward(data.scaled(part)) for part in torch.split(data.look_x, CHUNK)]
    batch = trainer.forward(x)
    rates = trainer.rates
    panels = []
    for panel, loss in enumerate(trainer.losses):
        state, z = trainer.state(panel), torch.cat([chunk[panel] for chunk in chunks])
        means, metrics = _clusters(z[data.tests :], data.look_y[data.tests :], len(data.classes))
        head = _head(loss, state, means)
        right = (_scores(loss, z, state, head).argmax(1) == data.look_y).tolist()
        stopped = trainer.stopped.get(panel)
        mean = trainer.last_losses[panel] if stopped else loss.per_sample(batch[panel], y, state).mean()
        scene = Scene(
            classes=len(data.classes),
            dim=z.shape[1],
            state={name: _array(tensor).astype(np.float64) for name, tensor in state.items()},
            means=_array(means).astype(np.float64),
        )
        panels.append(
            PanelFrame(
                embeddings=_array(z[: data.shown]),
                loss=float(mean),
                train_accuracy=sum(right[data.tests :]) / len(right[data.tests :]),
                test_accuracy=sum(right[: data.tests]) / data.tests,
                head=head,
                state={name: _array(tensor) for name, tensor in state.items()},
                knobs={knob.name: getattr(loss, knob.name) for knob in loss.knobs()},
                learning_rate=rates[panel],
                shapes=_shapes(loss, scene),
                histograms=_histograms(loss, batch[panel], y, state),
                metrics={"gradient_norm": float(trainer.norms[panel]), **metrics},
                stopped=stopped,
            )
        )
    return Frame(trainer.step, tuple(panels))


def _clusters(z: Tensor, y: Tensor, classes: int) -> tuple[Tensor, dict[str, float]]:
    """Return the class means ``(C, D)``, and how wide and how far apart the classes lie."""
    member = torch.nn.functional.one_hot(y, classes).to(z.dtype)
    means = member.T @ z / member.sum(0).clamp(min=1)[:, None]
    spread = (z - means[y]).norm(dim=1).mean()
    apart = torch.pdist(means)
    directions = torch.nn.functional.normalize(means, dim=1)
    cosines = (directions @ directions.T)[*torch.triu_indices(classes, classes, 1, device=z.device)]
    return means, {
        "spread": float(spread),
        "smallest_distance": float(apart.min()),
        "smallest_angle": float(cosines.max().clamp(-1, 1).acos()),
    }


def _head(loss: Loss, state: dict[str, Tensor], means: Tensor) -> Head:
    """Return the head of the loss, off the device; the class means stand in where it has none."""
    head = loss.head(state)
    if head is None:
        bias = torch.zeros(len(means))
        return Head(
            kind=HeadKind.COSINE if loss.directional() else HeadKind.EUCLIDEAN,
            weight=means.float().cpu(),
            bias=bias,
            learned=False,
        )
    log_variance = None if head.log_variance is None else _plain(head.log_variance)
    return Head(
        kind=head.kind,
        weight=_plain(head.weight),
        bias=_plain(head.bias),
        log_variance=log_variance,
        factor=float(head.factor),
        blend=float(head.blend),
        angle=float(head.angle),
        cosine=float(head.cosine),
        score=float(head.score),
        distance=float(head.distance),
        learned=head.learned,
    )


def _scores(loss: Loss, z: Tensor, state: dict[str, Tensor], head: Head) -> Tensor:
    scores = loss.scores(z, state)
    return head.scores(z.cpu()).to(z.device) if scores is None else scores


def _shapes(loss: Loss, scene: Scene) -> Floats:
    rows = [shape.encode() for shape in loss.shapes(scene)]
    return np.array(rows, dtype=np.float32).reshape(-1, ROW)


def _histograms(loss: Loss, z: Tensor, y: Tensor, state: dict[str, Tensor]) -> dict[str, Floats]:
    """Count the profile's scalar of the batch's samples or pairs, for each branch; what lies outside is left out."""
    counts = {}
    for branch, seen in loss.observe(z, y, state).items():
        profile = loss.profile(branch)
        values = _array(seen).ravel()
        inside = values[np.isfinite(values)]
        counts[branch] = np.histogram(inside, BINS, (profile.low, profile.high))[0].astype(np.float32)
    return counts


def _plain(tensor: Tensor) -> Tensor:
    return tensor.detach().float().cpu().clone()


def _array(tensor: Tensor) -> Floats:
    # a copy: the weights move on while the frame stays
    return np.array(tensor.detach().float().cpu().numpy(), dtype=np.float32)
