"""How a GPU computes: as exactly as it can, or as fast; a processor has no such choice.

The switches belong to the whole process, so only the thread that trains may turn them.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def careful(device: torch.device) -> Iterator[None]:
    """Compute in float32 alone, and convolutions in the same order each time."""
    with _switched(device, tf32=False):
        yield


@contextmanager
def quick(device: torch.device) -> Iterator[None]:
    """Let products and convolutions round what they read to TF32: ten bits of a number, and its whole range."""
    with _switched(device, tf32=True):
        yield


@contextmanager
def _switched(device: torch.device, *, tf32: bool) -> Iterator[None]:
    if device.type != "cuda":
        yield
        return
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = tf32
    try:
        with torch.backends.cudnn.flags(enabled=True, deterministic=not tf32, allow_tf32=tf32):
            yield
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before
