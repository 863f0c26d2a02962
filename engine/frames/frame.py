"""A frame: what is shown of all panels at one step, all under one set of weights."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from losses import Head
from spec import Message

Floats = NDArray[np.float32]

#: The numbers of a head that are not arrays.
HEAD_NUMBERS = ("factor", "blend", "angle", "cosine", "score", "distance")


@dataclass(frozen=True, eq=False)
class PanelFrame:
    """One panel at one step.

    ``embeddings`` ``(points, D)`` of the shown samples, ``state`` what is learned beside the net, ``head`` the
    scores that predictions use (the class means, ``head.learned`` false, where the loss has none), ``knobs`` and
    ``learning_rate`` as they were in this step, ``shapes`` ``(S, 12)`` encoded rows, ``histograms`` 48 counts a
    branch over the profile's range, and under ``gradient`` those of the gradients' lengths (docs/recording.md).
    ``loss`` is the batch's mean; accuracies lie between 0 and 1.
    A panel that diverged stays as it was before; ``stopped`` then says why.
    """

    embeddings: Floats
    loss: float
    train_accuracy: float
    test_accuracy: float
    head: Head
    state: Mapping[str, Floats]
    knobs: Mapping[str, float | int | str | bool]
    learning_rate: float
    shapes: Floats
    histograms: Mapping[str, Floats]
    metrics: Mapping[str, float] = field(default_factory=dict)
    stopped: Message | None = None


@dataclass(frozen=True, eq=False)
class Frame:
    """All panels after ``step`` steps."""

    step: int
    panels: tuple[PanelFrame, ...]
