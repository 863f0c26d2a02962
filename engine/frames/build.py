"""Builds a frame: everything that is shown of all panels, under one set of weights."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.frames import metrics, retrieval_metrics
from engine.frames.frame import HEAD_NUMBERS, Floats, Frame, PanelFrame
from engine.frames.inputs import FrameInputs, off
from engine.frames.metrics import Cloud
from engine.state.data import Look
from losses import Head, HeadKind, Loss, Scene
from losses.shape import ROW

BINS = 48  # of a live histogram (docs/recording.md)

#: Samples of a forward pass: on a processor few enough for its cache, which is several times faster than all at once;
#: on a GPU many, as each pass costs some launches, but few enough that eight LeNet++ need no more than a few GiB.
CHUNK, LARGE_CHUNK = 256, 1024

#: The histogram of the gradients that samples receive is over the decimal logarithm of their length, from 1e-6 to 100.
GRADIENT, DECADES = "gradient", (-6.0, 2.0)


@torch.no_grad()
def take(inputs: FrameInputs) -> Frame:
    """Return the frame; losses and histograms are those of the last batch.

    Embeddings are computed on the device, everything else on the processor.
    """
    data = inputs.data
    with inputs.beside():  # all that touches the device: a tensor of another stream may not be there yet
        look = data.look(inputs.looks)
        embeddings, look_y = _forward(inputs, look.x), off(look.y)
        last, y = data.batch(inputs.places)
        batch, y = _forward(inputs, last, chunk=len(last)), off(y)
        held_out = None
        if inputs.full and data.held_out is not None:
            held_out = _forward(inputs, data.held_out[0])
        states = [{name: off(tensor) for name, tensor in state.items()} for state in inputs.states]
        norms, last_losses = off(inputs.norms), off(inputs.last_losses)
    panels = []
    for panel, loss in enumerate(inputs.losses):
        state, z = states[panel], embeddings[panel]
        train, test = (Cloud.of(z[some], look_y[some]) for some in (look.trains, look.tests))
        means = train.means(len(data.classes))
        head = _head(loss, state, means)
        scores = _scores(loss, z, state, head)
        right = scores.argmax(1) == look_y
        stopped = inputs.stopped.get(panel)
        losses, lengths = _gradients(loss, batch[panel], y, state)
        observed = loss.observe(batch[panel], y, state)
        numbers = {"gradient_norm": float(norms[panel]), **metrics.quick(train, test, means, head)}
        if loss.active(batch[panel][:2], y[:2], state, 1) is not None:  # a loss over pairs, triplets, quadruplets
            numbers |= metrics.active_share(loss, observed)
        if inputs.full:
            numbers |= retrieval_metrics.full(train, test, directional=loss.directional())
        if held_out is not None and data.held_out is not None:
            best = scores[look.tests].amax(1), _scores(loss, held_out[panel], state, head).amax(1)
            cloud = Cloud.of(held_out[panel], data.held_out[1])
            numbers |= retrieval_metrics.held_out(cloud, *best, directional=loss.directional())
        scene = Scene(
            classes=len(data.classes),
            dim=z.shape[1],
            state={name: _array(tensor).astype(np.float64) for name, tensor in state.items()},
            means=means.numpy(),
        )
        panels.append(
            PanelFrame(
                embeddings=_shown_embeddings(z, look, data.shown),
                loss=float(last_losses[panel] if stopped else losses.mean()),
                train_accuracy=_share(right[look.trains]),
                test_accuracy=_share(right[look.tests]),
                head=head,
                state={name: _array(tensor) for name, tensor in state.items()},
                knobs={knob.name: getattr(loss, knob.name) for knob in loss.knobs()},
                learning_rate=inputs.rates[panel],
                shapes=_shapes(loss, scene),
                histograms={**_histograms(loss, observed), GRADIENT: _gradient_histogram(lengths)},
                metrics=numbers,
                stopped=stopped,
            )
        )
    return Frame(inputs.step, tuple(panels))


def _shown_embeddings(z: Tensor, look: Look, shown: int) -> Floats:
    """Return the embeddings of the shown samples, NaN for those that the frame does not look at."""
    embeddings = np.full((shown, z.shape[1]), np.nan, dtype=np.float32)
    inside = (look.places < shown).numpy()
    embeddings[look.places.numpy()[inside]] = _array(z)[inside]
    return embeddings


def _share(right: Tensor) -> float:
    return int(right.sum()) / len(right)


def _forward(inputs: FrameInputs, x: Tensor, chunk: int | None = None) -> list[Tensor]:
    """Return each panel's embeddings of unscaled samples, on the processor."""
    chunk = chunk or (CHUNK if x.device.type == "cpu" else LARGE_CHUNK)
    chunks = [inputs.net.forward(inputs.nets, inputs.data.scaled(part)) for part in torch.split(x, chunk)]
    return [off(torch.cat(parts)) for parts in zip(*chunks, strict=True)]


def _gradients(loss: Loss, z: Tensor, y: Tensor, state: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Return the loss of each sample of a batch, and the length of the gradient of its embedding.

    The gradient is that of the sum of the batch's losses; for losses of single samples, that of the sample's own.
    """
    with torch.enable_grad():
        leaf = z.detach().requires_grad_()
        losses = loss.per_sample(leaf, y, state)
        (gradient,) = torch.autograd.grad(losses.sum(), leaf, allow_unused=True, materialize_grads=True)
    return losses.detach(), gradient.norm(dim=1)


def _head(loss: Loss, state: Mapping[str, Tensor], means: Tensor) -> Head:
    """Return the head of the loss on the processor; the class means take its place where it has none."""
    head = loss.head(state)
    if head is None:
        kind = HeadKind.COSINE if loss.directional() else HeadKind.EUCLIDEAN
        return Head(kind=kind, weight=means.float().cpu(), bias=torch.zeros(len(means)), learned=False)
    tensors = {"weight": head.weight, "bias": head.bias, "log_variance": head.log_variance}
    plain: dict[str, Any] = {name: float(getattr(head, name)) for name in HEAD_NUMBERS}
    plain |= {name: own.detach().float().cpu().clone() for name, own in tensors.items() if own is not None}
    return replace(head, **plain)


def _scores(loss: Loss, z: Tensor, state: Mapping[str, Tensor], head: Head) -> Tensor:
    scores = loss.scores(z, state)
    return head.scores(z) if scores is None else scores


def _shapes(loss: Loss, scene: Scene) -> Floats:
    rows = [shape.encode() for shape in loss.shapes(scene)]
    return np.array(rows, dtype=np.float32).reshape(-1, ROW)


def _histograms(loss: Loss, observed: Mapping[str, Tensor]) -> dict[str, Floats]:
    """Count the profile's scalar of the batch's samples or pairs, for each branch; what lies outside is left out."""
    counts = {}
    for branch, scalars in observed.items():
        profile = loss.profile(branch)
        values = _array(scalars).ravel()
        inside = values[np.isfinite(values)]
        counts[branch] = np.histogram(inside, BINS, (profile.low, profile.high))[0].astype(np.float32)
    return counts


def _gradient_histogram(lengths: Tensor) -> Floats:
    """Count gradients by the logarithm of their length; the first and the last bin hold what lies beyond as well."""
    values = _array(lengths)
    low, high = DECADES
    decades = np.log10(values[np.isfinite(values)].clip(10**low, 10**high)).clip(low, high)
    return np.histogram(decades, BINS, DECADES)[0].astype(np.float32)


def _array(tensor: Tensor) -> Floats:
    # a copy: the weights move on while the frame stays
    return np.array(tensor.detach().float().cpu().numpy(), dtype=np.float32)
