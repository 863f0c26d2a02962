"""Panels that a program computes at a time: all of them, or of large nets as many as the processor's cache holds."""

from functools import lru_cache
from typing import TYPE_CHECKING

import torch

from engine.machine.saved_bytes import counted
from engine.nets import Net

if TYPE_CHECKING:
    from engine.training.trainer import Trainer

#: Bytes that autograd may keep of the nets of a part: the last cache of the processor that it was measured on. Of 32
#: small convolutional nets with batches of 512 one took 19 ms a step with it, 29 with half, 22 with twice as much, and
#: 32 all at once.
_ROOM = 32 * 2**20


def sized(trainer: "Trainer") -> int:
    """Return of how many panels each part is: a divisor of their number, so that one program computes all parts."""
    count = len(trainer.losses)
    if trainer.device.type != "cpu":
        return count
    batch = min(trainer.experiment.batch, len(trainer.data.train_y))
    fitting = _ROOM // (batch * _kept(trainer.net, tuple(trainer.data.sample), trainer.experiment.dim))
    return max((size for size in range(1, count + 1) if count % size == 0 and size <= fitting), default=1)


@lru_cache(maxsize=64)
def _kept(net: Net, sample: tuple[int, ...], dim: int) -> int:
    """Return how many bytes autograd keeps of a net for each sample: what it keeps more of three than of two."""
    weights = {name: torch.zeros(shape, requires_grad=True) for name, shape in net.layout(sample, dim).items()}

    def kept(samples: int) -> int:
        with torch.enable_grad(), counted() as sizes:
            net.one(weights, torch.zeros(samples, *sample))
        return sum(sizes)

    return max(1, kept(3) - kept(2))
