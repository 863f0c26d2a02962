"""What the generic checks run on: knobs at the ends of their ranges, random states and random batches."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from losses import Loss
from spec import Knob

Knobs = Mapping[str, Any]

#: Where on a slider the values lie at which knobs become tensors.
_SHARES = (0.13, 0.5, 0.87)


def _ends(knob: Knob) -> tuple[Any, ...]:
    if knob.kind == "switch":
        return (False, True)
    return knob.choices if knob.kind == "choice" else knob.slider


def word_settings(loss: type[Loss]) -> list[Knobs]:
    """Return the defaults, then one choice or switch after the other at each other value."""
    words = [knob for knob in loss.knobs() if knob.kind in {"choice", "switch"}]
    return [{}] + [{knob.name: end} for knob in words for end in _ends(knob) if end != knob.default]


def corners(loss: type[Loss]) -> list[Knobs]:
    """Return the defaults, then one knob after the other at the ends of its slider."""
    return [{}] + [{knob.name: end} for knob in loss.knobs() for end in _ends(knob) if end != knob.default]


def limits(loss: type[Loss]) -> list[Knobs]:
    """Return every number at its lowest and highest value, for every choice and switch."""
    numbers = [knob for knob in loss.knobs() if knob.kind in {"number", "whole"}]
    edges: list[Knobs] = [{}, *({knob.name: edge} for knob in numbers for edge in (knob.low, knob.high))]
    return [{**word, **edge} for word in word_settings(loss) for edge in edges]


def side_by_side(loss: type[Loss]) -> list[list[Knobs]]:
    """Return groups of three panels that differ in their numbers alone, one group for every choice and switch."""
    numbers = [knob for knob in loss.knobs() if knob.kind == "number"]

    def at(share: float) -> Knobs:
        return {knob.name: knob.slider[0] + share * (knob.slider[1] - knob.slider[0]) for knob in numbers}

    return [[{**word, **at(share)} for share in _SHARES] for word in word_settings(loss)]


def generator(seed: int) -> torch.Generator:
    """Return a source of random numbers."""
    return torch.Generator().manual_seed(seed)


def state_of(
    loss: Loss, seed: int, classes: int = 6, dim: int = 2, dtype: torch.dtype = torch.float64
) -> dict[str, Tensor]:
    """Return the start state of a loss with random noise added."""
    rng = generator(seed)
    start = loss.init(classes, dim, rng)
    return {name: (tensor + 0.4 * torch.randn(tensor.shape, generator=rng)).to(dtype) for name, tensor in start.items()}


def batch_of(
    seed: int, samples: int = 9, dim: int = 2, dtype: torch.dtype = torch.float64, classes: int = 6
) -> tuple[Tensor, Tensor]:
    """Return random embeddings ``(N, D)`` and labels ``(N,)``; the last class is absent."""
    rng = generator(seed)
    z = torch.randn(samples, dim, generator=rng, dtype=torch.float64).to(dtype)
    return z, torch.randint(0, classes - 1, (samples,), generator=rng)


def gradients(
    loss: Loss, z: Tensor, y: Tensor, state: dict[str, Tensor]
) -> tuple[tuple[dict[str, Tensor], Tensor], Tensor]:
    """Return the gradients of the mean with respect to the state and the embeddings, and the mean."""

    def mean(state: dict[str, Tensor], z: Tensor) -> Tensor:
        return loss.per_sample(z, y, state).mean()

    result: tuple[tuple[dict[str, Tensor], Tensor], Tensor] = torch.func.grad_and_value(mean, argnums=(0, 1))(state, z)
    return result
