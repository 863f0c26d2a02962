"""How many bytes autograd keeps of what is computed."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


@contextmanager
def counted() -> Iterator[list[int]]:
    """Yield a list of the bytes of each tensor that autograd keeps in the block, what is kept twice counted twice."""
    sizes: list[int] = []

    def note(tensor: Tensor) -> Tensor:
        sizes.append(tensor.nbytes)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        yield sizes
