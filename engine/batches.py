"""Which samples a step sees: a function of the seed and the step alone, the same for every panel."""

import hashlib
from typing import final

import torch
from torch import Tensor

from engine.seeds import generator


@final
class Batches:
    """Permutations of ``count`` samples, one an epoch, cut into batches; what does not fill a batch is left out.

    A set smaller than ``size`` is one batch.
    """

    def __init__(self, count: int, size: int, seed: int, device: torch.device) -> None:
        self.size = min(size, count)
        self.per_epoch = count // self.size
        self._count = count
        self._seed = seed
        self._device = device
        self._epoch = -1
        self._order = torch.empty(0, dtype=torch.int64)

    def left(self, step: int) -> int:
        """Return how many steps the epoch of a step has from there on."""
        return self.per_epoch - step % self.per_epoch

    def at(self, step: int, steps: int = 1) -> Tensor:
        """Return the places ``(steps B,)`` of the samples of one step, counted from 0, or of several in one epoch."""
        epoch, place = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            self._epoch, self._order = epoch, self._permutation(epoch).to(self._device)
        return self._order[place * self.size : (place + steps) * self.size]

    def digest(self, epochs: int = 3) -> str:
        """Return the SHA-256 of the first epochs' permutations and of the batch size."""
        digest = hashlib.sha256(str(self.size).encode())
        for epoch in range(epochs):
            digest.update(self._permutation(epoch).numpy().tobytes())
        return digest.hexdigest()

    def _permutation(self, epoch: int) -> Tensor:
        return torch.randperm(self._count, generator=generator(self._seed, f"epoch {epoch}"))
