"""The heap of the C library: it keeps memory from step to step, and gives it back to the system between runs."""

import ctypes
from contextlib import suppress

#: Two options of glibc (malloc.h) and their bytes: up to a GiB of freed memory stays at the top of the heap, and only
#: blocks above 32 MiB, the highest limit that glibc takes, get pages of their own.
_TRIM_THRESHOLD, _GIB = -1, 2**30
_MMAP_THRESHOLD, _LARGE = -3, 2**25


def keep_freed() -> None:
    """Let this process keep the memory that it frees: the next step needs as much again.

    Convolutional nets are much slower where each step gets its pages from the system. Does nothing
    where the C library is not glibc.
    """
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(_TRIM_THRESHOLD, _GIB)
        libc.mallopt(_MMAP_THRESHOLD, _LARGE)


def give_back() -> None:
    """Give freed memory back to the system, which glibc does not do by itself below memory in use."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
