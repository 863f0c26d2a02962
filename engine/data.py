"""The samples of a run where the net is: on the device, as bytes where they are pictures."""

from typing import final

import numpy as np
import torch
from torch import Tensor

from engine.experiment import Experiment
from engine.frame import Points

#: At least so many training samples (where there are as many) are looked at for a frame's accuracy and class means.
TRAIN_SAMPLES = 2000


@final
class Data:
    """What is trained on, and what a frame looks at: the whole test set, then the first training samples.

    The shown points are the first of what a frame looks at.
    """

    def __init__(self, experiment: Experiment, device: torch.device) -> None:
        samples = experiment.data_set().load()
        tests, trains = len(samples.test_y), len(samples.train_y)
        taken = min(trains, max(TRAIN_SAMPLES, experiment.points - tests))
        shown = min(experiment.points, tests + taken)
        look_x = np.concatenate([samples.test_x, samples.train_x[:taken]])
        look_y = np.concatenate([samples.test_y, samples.train_y[:taken]])

        self.classes = samples.classes
        self.image = samples.image
        self.sample = samples.train_x.shape[1:]
        self.tests = tests
        self.shown = shown
        self.train_x = torch.tensor(samples.train_x, device=device)
        self.train_y = torch.tensor(samples.train_y, device=device)
        self.look_x = torch.tensor(look_x, device=device)
        self.look_y = torch.tensor(look_y, device=device)
        self._offset, self._factor = samples.offset, samples.factor

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

    def scaled(self, x: Tensor) -> Tensor:
        """Bring samples to the scale of the net, as float32."""
        return (x.float() - self._offset) * self._factor
