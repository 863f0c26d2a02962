"""The precision of products and convolutions on a GPU; a processor has no such choice.

The switches belong to the whole process, so only the thread that trains may turn them.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def product_precision(device: torch.device, *, tf32: bool) -> Iterator[None]:
    """Compute products in float32 alone, and convolutions in the same order each time.

    With ``tf32`` they round what they read to TF32 instead: ten bits of the fraction, and the whole range.
    """
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
