"""The plain training loop for comparison: a DataLoader, a module, pytorch-metric-learning's ArcFace, and Adam."""

import math
from collections.abc import Iterator
from typing import final

import torch
from pytorch_metric_learning.losses import ArcFaceLoss
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from engine import Trainer
from losses.arcface import ArcFace


def mlp(sample: tuple[int, ...], dim: int) -> nn.Module:
    """Return the module of the engine's net ``mlp``."""
    inputs, width = math.prod(sample), 128
    first = [nn.Flatten(), nn.Linear(inputs, width), nn.PReLU(width)]
    return nn.Sequential(*first, nn.Linear(width, width), nn.PReLU(width), nn.Linear(width, dim, bias=False))


def cnn(sample: tuple[int, ...], dim: int) -> nn.Module:
    """Return the module of the engine's net ``cnn``."""
    layers: list[nn.Module] = []
    before, (height, width) = 1, sample
    for channels, kernel in ((8, 5), (16, 3), (32, 3)):
        layers += [nn.Conv2d(before, channels, kernel, stride=2, padding=kernel // 2), nn.PReLU(channels)]
        before, height, width = channels, (height + 1) // 2, (width + 1) // 2
    layers += [nn.Flatten(), nn.Linear(before * height * width, 128), nn.PReLU(128)]
    return nn.Sequential(*layers, nn.Linear(128, dim, bias=False))


def lenet_pp(sample: tuple[int, ...], dim: int) -> nn.Module:
    """Return the module of the engine's net ``lenet_pp`` (Wen et al. 2016, table 1)."""
    layers: list[nn.Module] = []
    before, (height, width) = 1, sample
    for channels in (32, 64, 128):
        for _ in range(2):
            layers += [nn.Conv2d(before, channels, 5, padding=2), nn.PReLU(channels)]
            before = channels
        layers.append(nn.MaxPool2d(2))
        height, width = height // 2, width // 2
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(before * height * width, dim, bias=False))


MODULES = {"mlp": mlp, "cnn": cnn, "lenet_pp": lenet_pp}


@final
class Loop:
    """One net, trained as in a tutorial, with the samples, batch size and learning rate of a trainer.

    The net gets the trainer's weights; its embeddings must equal the trainer's, which shows that it is the same net.
    """

    def __init__(self, trainer: Trainer) -> None:
        own, data = trainer.experiment, trainer.data
        self._net = MODULES[own.net](data.sample, own.dim).to(trainer.device)
        with torch.no_grad():
            views = trainer.weights.plan.nets(trainer.weights.values).values()
            for parameter, view in zip(self._net.parameters(), views, strict=True):
                parameter.copy_(view[0].view_as(parameter))
        x = data.scaled(data.train_x)
        # convolutions need a dimension for channels
        self._data = TensorDataset(x if own.net == "mlp" else x[:, None], data.train_y)
        with torch.no_grad():
            seen = self._net(self._data.tensors[0][:16])
        torch.testing.assert_close(seen, trainer.forward(x[:16])[0], rtol=1e-3, atol=1e-4)
        arcface = trainer.losses[0]
        assert isinstance(arcface, ArcFace)
        margin, scale = math.degrees(arcface.margin), arcface.scale
        self._loss = ArcFaceLoss(len(data.classes), own.dim, margin=margin, scale=scale).to(trainer.device)
        self._adam = torch.optim.Adam([*self._net.parameters(), *self._loss.parameters()], lr=own.learning_rate)
        self._batches = self._forever(DataLoader(self._data, own.batch, shuffle=True, drop_last=True))

    def step(self) -> None:
        """Take a step; a new epoch begins where one ends."""
        x, y = next(self._batches)
        self._adam.zero_grad()
        self._loss(self._net(x), y).backward()
        self._adam.step()

    @staticmethod
    def _forever(loader: "DataLoader[tuple[Tensor, ...]]") -> Iterator[list[Tensor]]:
        while True:
            yield from loader
