"""How many bytes autograd saves for the backward pass."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


@contextmanager
def saved_tensor_sizes() -> Iterator[list[int]]:
    """Yield a list of the bytes of each tensor that autograd saves in the block; one saved twice counts twice."""
    sizes: list[int] = []

    def note(tensor: Tensor) -> Tensor:
        sizes.append(tensor.nbytes)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        yield sizes
