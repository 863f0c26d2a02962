"""The nets, stacked: the same small net once for every panel, all stepped together."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, final

import torch
from torch import Tensor
from torch.nn import functional

from spec import Refusal

#: The shape of each parameter of one net, by name, in the order in which they lie in memory.
Layout = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Net(ABC):
    """A net as a value, without tensors. Its last layer is linear, has no bias, and makes the embeddings.

    The nets of ``K`` panels are given as ``leaves``: a tensor ``(K, *shape)`` for each entry of the layout.
    """

    slug: ClassVar[str]

    @abstractmethod
    def layout(self, sample: tuple[int, ...], dim: int) -> Layout:
        """Return the parameters of one net for samples of a shape; raise ``Refusal`` where it cannot take them."""

    @abstractmethod
    def one(self, weights: Mapping[str, Tensor], x: Tensor) -> Tensor:
        """Return the embeddings ``(B, D)`` of samples ``(B, *sample)`` under the weights of one net."""

    @final
    def forward(self, leaves: Mapping[str, Tensor], x: Tensor) -> list[Tensor]:
        """Return for each panel the embeddings ``(B, D)`` of samples ``(B, *sample)``.

        Panel after panel: batched products and grouped convolutions round differently for another number of
        panels, while here each panel computes what it would compute alone. At these sizes it costs no time.
        """
        parts = zip(*(leaf.unbind() for leaf in leaves.values()), strict=True)
        return [self.one(dict(zip(leaves, part, strict=True)), x) for part in parts]

    def stacked(self, leaves: Mapping[str, Tensor], x: Tensor) -> Tensor:
        """Return the embeddings ``(K, B, D)`` of all panels at once, for the fast mode; they round differently."""
        made: Tensor = torch.vmap(self.one, in_dims=(0, None))(dict(leaves), x)
        return made

    @final
    def init(self, layout: Layout, generator: torch.Generator) -> dict[str, Tensor]:
        """Return the weights of one net at its start.

        Weights and biases are uniform within one over the root of the fan-in (PyTorch's default for linear and
        convolutional layers); the slopes of PReLU start at 0.25 (He et al. 2015).
        """
        start = {}
        for name, shape in layout.items():
            layer, part = name.split(".")
            if part == "slope":
                start[name] = torch.full(shape, 0.25)
            else:
                bound = 1 / math.sqrt(math.prod(layout[f"{layer}.weight"][1:]))
                start[name] = torch.empty(shape).uniform_(-bound, bound, generator=generator)
        return start


@final
@dataclass(frozen=True)
class Mlp(Net):
    """Two hidden layers of 128 units with a slope (PReLU) each."""

    slug: ClassVar[str] = "mlp"
    width: int = 128

    def layout(self, sample: tuple[int, ...], dim: int) -> Layout:
        """Return the parameters for samples of any shape."""
        width = self.width
        return {
            "first.weight": (width, math.prod(sample)),
            "first.bias": (width,),
            "first.slope": (width,),
            "second.weight": (width, width),
            "second.bias": (width,),
            "second.slope": (width,),
            "last.weight": (dim, width),
        }

    def one(self, weights: Mapping[str, Tensor], x: Tensor) -> Tensor:
        """Return the embeddings of samples of any shape."""
        h = x.flatten(1)
        for layer in ("first", "second"):
            h = torch.addmm(weights[f"{layer}.bias"], h, weights[f"{layer}.weight"].T)
            h = functional.prelu(h, weights[f"{layer}.slope"])
        return h @ weights["last.weight"].T


@final
@dataclass(frozen=True)
class Cnn(Net):
    """Three strided convolutions with a slope (PReLU) a channel, for pictures of any size."""

    slug: ClassVar[str] = "cnn"
    channels: tuple[int, int, int] = (8, 16, 32)
    kernels: tuple[int, int, int] = (5, 3, 3)

    def layout(self, sample: tuple[int, ...], dim: int) -> Layout:
        """Return the parameters for pictures ``(H, W)``."""
        if len(sample) != 2:
            raise Refusal("data.net_pictures", net=self.slug, numbers=math.prod(sample))
        shapes: dict[str, tuple[int, ...]] = {}
        before, (height, width) = 1, sample
        for number, (channels, kernel) in enumerate(zip(self.channels, self.kernels, strict=True)):
            shapes[f"{number}.weight"] = (channels, before, kernel, kernel)
            shapes[f"{number}.bias"] = (channels,)
            shapes[f"{number}.slope"] = (channels,)
            before, height, width = channels, (height + 1) // 2, (width + 1) // 2
        shapes["last.weight"] = (dim, before * height * width)
        return shapes

    def one(self, weights: Mapping[str, Tensor], x: Tensor) -> Tensor:
        """Return the embeddings of pictures."""
        h = x[:, None]
        for number, kernel in enumerate(self.kernels):
            weight, bias = weights[f"{number}.weight"], weights[f"{number}.bias"]
            h = functional.conv2d(h, weight, bias, stride=2, padding=kernel // 2)
            h = functional.prelu(h, weights[f"{number}.slope"])
        return h.flatten(1) @ weights["last.weight"].T


_CATALOGUE: tuple[Net, ...] = (Mlp(), Cnn())

#: Every net by its slug, in the order of menus and docs.
NETS: Mapping[str, Net] = MappingProxyType({net.slug: net for net in _CATALOGUE})
