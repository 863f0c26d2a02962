"""The precision of products and convolutions on a GPU; a processor has no such choice.

The switches belong to the whole process, so only the thread that trains may turn them.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def full_precision(device: torch.device) -> Iterator[None]:
    """Compute in float32 alone, and convolutions in the same order each time."""
    with _switches(device, allow_tf32=False):
        yield


@contextmanager
def tf32(device: torch.device) -> Iterator[None]:
    """Let products and convolutions round what they read to TF32: ten bits of the fraction, and the whole range."""
    with _switches(device, allow_tf32=True):
        yield


@contextmanager
def _switches(device: torch.device, *, allow_tf32: bool) -> Iterator[None]:
    if device.type != "cuda":
        yield
        return
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = allow_tf32
    try:
        with torch.backends.cudnn.flags(enabled=True, deterministic=not allow_tf32, allow_tf32=allow_tf32):
            yield
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before
