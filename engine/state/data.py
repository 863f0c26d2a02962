"""The samples of a run on the device, and those that frames look at."""

from dataclasses import dataclass
from functools import lru_cache
from typing import final

import numpy as np
import torch
from torch import Tensor

from engine.config.experiment import Experiment
from engine.config.seeds import generator
from engine.state.points import Points
from toy_data.samples import Samples

#: A frame looks at so many training samples at least, for accuracy and class means, or at all where there are fewer.
TRAIN_SAMPLES = 2000

#: Each frame looks at so many test and so many training samples, always the same ones, 50 of each of ten classes. They
#: stand for all where a frame does not look at all.
CORE = 500

#: A frame looks at so many samples of held-out classes at most.
HELD_OUT_SAMPLES = 1000


@lru_cache(maxsize=64)
def fixed_choice(count: int, most: int) -> Tensor:
    """Return at most so many of ``count`` places, in order: all of them, or a random choice that is always the same.

    The first ones, or every tenth, might be of one class where samples come in an order.
    """
    if count <= most:
        return torch.arange(count)
    return torch.randperm(count, generator=generator(0, "chosen"))[:most].sort().values


@final
@dataclass(frozen=True, eq=False)
class Look:
    """Samples that a frame looks at: some of the test set, then some for training.

    ``places`` ``(N,)`` are their places among all that a frame may look at. ``tests`` and ``trains`` are the places
    here of the samples from which accuracies and metrics are computed.
    """

    x: Tensor
    y: Tensor
    places: Tensor
    tests: Tensor
    trains: Tensor


@final
class Data:
    """The training samples, and those that a frame looks at: the whole test set, then the first training samples.

    The shown points are the first of what a frame looks at. ``held_out`` are some test samples of the held-out
    classes, and their labels from 0; ``None`` where no class is held out.
    """

    def __init__(self, experiment: Experiment, device: torch.device) -> None:
        samples = experiment.data_set().load()
        tests, trains = len(samples.test_y), len(samples.train_y)
        looked = min(trains, max(TRAIN_SAMPLES, experiment.points - tests))
        shown = min(experiment.points, tests + looked)
        look_x = np.concatenate([samples.test_x, samples.train_x[:looked]])
        look_y = np.concatenate([samples.test_y, samples.train_y[:looked]])

        self.classes = samples.classes
        self.image = samples.image
        self.sample = samples.train_x.shape[1:]
        self.tests = tests
        self.shown = shown
        self.train_x = torch.tensor(samples.train_x, device=device)
        self.train_y = torch.tensor(samples.train_y, device=device)
        self.look_x = torch.tensor(look_x, device=device)
        self.look_y = torch.tensor(look_y, device=device)
        self.held_out = _held_out(samples, device)
        self._order, self._core = _order(tests, looked, shown)
        self.offset, self.factor = samples.offset, samples.factor

        place = np.arange(shown)
        split = (place >= tests).astype(np.uint8)
        images = None
        if samples.image is not None:  # full contrast: digits count ink to 16, the others to 255
            images = (look_x[:shown].astype(np.uint16) * 255 // max(1, int(samples.train_x.max()))).astype(np.uint8)
        self.points = Points(
            labels=look_y[:shown].astype(np.uint8),
            split=1 - split,
            index=np.where(split == 0, place, place - tests),
            images=images,
        )

    def batch(self, places: Tensor) -> tuple[Tensor, Tensor]:
        """Return training samples, not scaled yet, and their labels."""
        return self.train_x.index_select(0, places), self.train_y.index_select(0, places)

    def look(self, most: int | None) -> Look:
        """Return what a frame looks at: all samples, or ``most`` of them: the core, then shown samples, then others.

        Accuracies and metrics are computed from the core alone, as ``most`` depends on how busy the machine is.
        """
        if most is None or most >= len(self.look_y):
            places = torch.arange(len(self.look_y))
            return Look(self.look_x, self.look_y, places, places[: self.tests], places[self.tests :])
        places = self._order[: max(most, self._core)].sort().values
        there, core = places.to(self.look_x.device), torch.isin(places, self._order[: self._core])
        of_tests = places < self.tests
        tests, trains = ((core & kind).nonzero()[:, 0] for kind in (of_tests, ~of_tests))
        return Look(self.look_x[there], self.look_y[there], places, tests, trains)

    def scaled(self, x: Tensor) -> Tensor:
        """Bring samples to the scale of the net, as float32."""
        return (x.float() - self.offset) * self.factor


def _order(tests: int, trains: int, shown: int) -> tuple[Tensor, int]:
    """Return the places of all samples in the order in which frames look at them, and the size of the core."""
    order = torch.randperm(tests + trains, generator=generator(0, "chosen"))
    order = order[torch.argsort((order >= shown).to(torch.uint8), stable=True)]
    of_tests = order < tests
    core = torch.cat([order[of_tests][:CORE], order[~of_tests][:CORE]])
    return torch.cat([core, order[~torch.isin(order, core)]]), len(core)


def _held_out(samples: Samples, device: torch.device) -> tuple[Tensor, Tensor] | None:
    if samples.held_out_x is None or samples.held_out_y is None or len(samples.held_out_y) == 0:
        return None
    places = fixed_choice(len(samples.held_out_y), HELD_OUT_SAMPLES).numpy()
    y = samples.held_out_y[places] - len(samples.classes)
    return torch.tensor(samples.held_out_x[places], device=device), torch.tensor(y, device=device)
