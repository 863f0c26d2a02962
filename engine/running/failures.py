"""Errors inside a run, each as one sentence."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from spec import Message, Refusal


def describe_failure(error: Exception) -> Message:
    """Return the sentence that says why a run failed."""
    if isinstance(error, Refusal):
        return error.message
    if is_out_of_memory(error):
        return Message.of("server.out_of_memory")
    full = isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}
    if full or (isinstance(error, sqlite3.OperationalError) and "full" in str(error)):
        return Message.of("server.disk_full")
    return Message.of("server.run_failed", kind=type(error).__name__)


def is_out_of_memory(error: Exception) -> bool:
    """Tell whether memory was missing."""
    # on the CPU, PyTorch raises a plain RuntimeError that says "can't allocate memory"
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "allocate memory" in str(error)


@contextmanager
def disk_refusals(key: str, **values: object) -> Iterator[None]:
    """Turn errors of the disk into the sentence ``key``, which gives the system's ``reason``."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        reason = error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)
        raise Refusal(key, **values, reason=reason) from error
