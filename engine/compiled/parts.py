"""Panels that a compiled step computes at a time: all of them, or of large nets as many as the cache holds."""

from functools import lru_cache

import torch

from engine.machine.saved_bytes import saved_tensor_sizes
from engine.nets import Net
from engine.state.train_state import TrainState

#: Bytes that autograd may save of the nets of a part: the last cache of the processor that it was measured on.
ROOM = 32 * 2**20


def panels_per_part(state: TrainState) -> int:
    """Return how many panels each part has: a divisor of their number, so that one program computes all parts."""
    count = len(state.losses)
    if state.device.type != "cpu":
        return count
    batch = min(state.experiment.batch, len(state.data.train_y))
    fitting = ROOM // (batch * _bytes_per_sample(state.net, tuple(state.data.sample), state.experiment.dim))
    return max((size for size in range(1, count + 1) if count % size == 0 and size <= fitting), default=1)


@lru_cache(maxsize=64)
def _bytes_per_sample(net: Net, sample: tuple[int, ...], dim: int) -> int:
    """Return how many bytes autograd saves of a net for each sample: what it saves more of three than of two."""
    weights = {name: torch.zeros(shape, requires_grad=True) for name, shape in net.layout(sample, dim).items()}

    def saved(samples: int) -> int:
        with torch.enable_grad(), saved_tensor_sizes() as sizes:
            net.one(weights, torch.zeros(samples, *sample))
        return sum(sizes)

    return max(1, saved(3) - saved(2))
