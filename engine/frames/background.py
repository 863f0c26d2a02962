"""A thread that builds frames, one after another, while training goes on."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import final

import torch

from engine.frames import build
from engine.frames.codec import encode
from engine.frames.inputs import FrameInputs


@final
@dataclass(frozen=True, eq=False)
class Picture:
    """An encoded frame, what it was built from, and how many seconds that took."""

    inputs: FrameInputs
    body: bytes
    seconds: float


@final
class BackgroundFrames:
    """The thread; it calls ``wake`` each time that a frame is there."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        # on the one core that training leaves free; the setting belongs to the thread
        self._pool = ThreadPoolExecutor(1, "frames", initializer=torch.set_num_threads, initargs=(1,))

    def make(self, inputs: FrameInputs) -> "Future[Picture]":
        """Begin to build a frame."""
        frame = self._pool.submit(_make, inputs)
        frame.add_done_callback(lambda _: self._wake())
        return frame

    def close(self) -> None:
        """End the thread."""
        self._pool.shutdown()


def _make(inputs: FrameInputs) -> Picture:
    began = time.perf_counter()
    body = encode(build.take(inputs))
    return Picture(inputs, body, time.perf_counter() - began)
