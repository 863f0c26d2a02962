"""What a frame is made of: copies of what training moves, so that it can be made while training goes on."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Self, final

import torch
from torch import Tensor

from engine.frames import retrieval_metrics
from engine.nets import Net
from engine.state.data import Data
from losses import Loss
from spec import Message

if TYPE_CHECKING:
    from engine.training.trainer import Trainer


@final
@dataclass(frozen=True, eq=False)
class FrameInputs:
    """All panels after ``step`` steps, with the last batch ``places``; ``full``: the frame has all metrics.

    ``nets`` are ``(K, *shape)``; ``states``, ``losses`` and ``rates`` belong to a panel each. ``looks`` says
    at how many samples is looked (``None``: at all). ``copied`` is passed by a GPU once the copies are there.
    """

    step: int
    full: bool
    data: Data
    places: Tensor
    looks: int | None
    net: Net
    nets: Mapping[str, Tensor]
    states: tuple[Mapping[str, Tensor], ...]
    losses: tuple[Loss, ...]
    rates: tuple[float, ...]
    last_losses: Tensor
    norms: Tensor
    stopped: Mapping[int, Message]
    copied: torch.cuda.Event | None

    @classmethod
    def of(cls, own: "Trainer", looks: int | None, *, full: bool = False) -> Self:
        """Take copies of what the next step moves; ``full``: all metrics, also where its step does not ask for them."""
        plan, values = own.weights.plan, own.weights.values.clone()
        learned = (plan.state(values, panel) for panel in range(len(own.losses)))
        rule_state = ({name: tensor.clone() for name, tensor in moved.items()} for moved in own.rule_state)
        found = cls(
            step=own.step,
            full=full or _full(own),
            data=own.data,
            places=own.batches.at(max(0, own.step - 1)),
            looks=looks,
            net=own.net,
            nets=plan.nets(values),
            states=tuple({**state, **moved} for state, moved in zip(learned, rule_state, strict=True)),
            losses=tuple(own.losses),
            rates=tuple(own.rates),
            last_losses=own.last_losses.clone(),
            norms=own.norms.clone(),
            stopped=dict(own.stopped),
            copied=torch.cuda.Event() if own.device.type == "cuda" else None,  # type: ignore[no-untyped-call]
        )
        if found.copied is not None:
            found.copied.record()
        return found

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Compute on a stream of its own, beside training; on a processor there are none."""
        if self.copied is None:
            yield
            return
        stream = _stream(self.places.device)
        stream.wait_event(self.copied)
        with torch.cuda.stream(stream):
            yield


def off(tensor: Tensor) -> Tensor:
    """Return a tensor on the processor, brought from a GPU through pinned memory while other streams go on."""
    if tensor.device.type != "cuda":
        return tensor.cpu()
    there = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    there.copy_(tensor, non_blocking=True)
    torch.cuda.current_stream().synchronize()
    return there


@cache
def _stream(device: torch.device) -> torch.cuda.Stream:
    # of the lowest priority, which is the usual one
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]


def _full(own: "Trainer") -> bool:
    """Return whether the frame has all metrics: by its step alone, so that neighbours that diverge change nothing."""
    every = own.experiment.steps_per_frame * retrieval_metrics.FULL_EVERY
    return own.step % every == 0 or own.step == own.experiment.steps or own.step >= own.horizon
