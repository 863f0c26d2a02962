"""The samples of each step: a function of the seed and the step alone, the same for every panel."""

import hashlib
from typing import final

import torch
from torch import Tensor

from engine.config.seeds import generator


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
        self._orders: dict[int, Tensor] = {}

    def left(self, step: int) -> int:
        """Return how many steps the epoch of a step has from there on."""
        return self.per_epoch - step % self.per_epoch

    def at(self, step: int, steps: int = 1) -> Tensor:
        """Return the places ``(steps B,)`` of the samples of one step, counted from 0, or of several in one epoch."""
        epoch, place = divmod(step, self.per_epoch)
        if epoch not in self._orders:
            before = list(self._orders.items())[-1:]  # a frame between two epochs asks for the last step
            self._orders = {**dict(before), epoch: self._order(epoch)}
        return self._orders[epoch][place * self.size : (place + steps) * self.size]

    def digest(self, epochs: int = 3) -> str:
        """Return the SHA-256 of the first epochs' permutations and of the batch size."""
        digest = hashlib.sha256(str(self.size).encode())
        for epoch in range(epochs):
            digest.update(self._permutation(epoch).numpy().tobytes())
        return digest.hexdigest()

    def _order(self, epoch: int) -> Tensor:
        order = self._permutation(epoch)
        if self._device.type == "cuda":  # so that the GPU is not waited for
            order = order.pin_memory()
        return order.to(self._device, non_blocking=True)

    def _permutation(self, epoch: int) -> Tensor:
        return torch.randperm(self._count, generator=generator(self._seed, f"epoch {epoch}"))
