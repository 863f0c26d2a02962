"""What a frame is built from: copies of what steps change, so that it can be built while training goes on."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Self, final

import torch
from torch import Tensor

from engine.frames import retrieval_metrics
from engine.nets import Net
from engine.state.data import Data
from engine.state.train_state import TrainState
from losses import Loss
from spec import Message


@final
@dataclass(frozen=True, eq=False)
class FrameInputs:
    """All panels after ``step`` steps, with the last batch ``places``; ``full``: the frame has all metrics.

    ``nets`` are ``(K, *shape)``; ``states``, ``losses`` and ``rates`` belong to a panel each. The frame looks at
    ``looks`` samples (``None``: at all). ``copied`` is the event of a GPU after which the copies are there.
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
    def of(cls, state: TrainState, looks: int | None, *, full: bool = False) -> Self:
        """Copy what the next step changes; ``full``: all metrics, also in a step that does not have them by itself."""
        # by the step alone, so that panels that stop change nothing
        every = state.experiment.steps_per_frame * retrieval_metrics.FULL_EVERY
        due = state.step % every == 0 or state.step == state.experiment.steps or state.step >= state.horizon
        plan, values = state.weights.plan, state.weights.values.clone()
        learned = (plan.state(values, panel) for panel in range(len(state.losses)))
        rule_state = ({name: tensor.clone() for name, tensor in own.items()} for own in state.rule_state)
        inputs = cls(
            step=state.step,
            full=full or due,
            data=state.data,
            places=state.batches.at(max(0, state.step - 1)),
            looks=looks,
            net=state.net,
            nets=plan.nets(values),
            states=tuple({**own, **by_rule} for own, by_rule in zip(learned, rule_state, strict=True)),
            losses=tuple(state.losses),
            rates=tuple(state.rates_at(state.step)),
            last_losses=state.last_losses.clone(),
            norms=state.norms.clone(),
            stopped=dict(state.stopped),
            copied=torch.cuda.Event() if state.device.type == "cuda" else None,  # type: ignore[no-untyped-call]
        )
        if inputs.copied is not None:
            inputs.copied.record()
        return inputs

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Compute on a stream of its own, beside training; a processor has no streams."""
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
    pinned = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    pinned.copy_(tensor, non_blocking=True)
    torch.cuda.current_stream().synchronize()
    return pinned


@cache
def _stream(device: torch.device) -> torch.cuda.Stream:
    # of the lowest priority, which is the usual one
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
