"""The small convolutional net."""

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from engine.nets.base import Layout, Net, Parameters, picture
from engine.nets.layers import channel_dense, convolution, dense, embedding, shared_convolution, stacked_convolution
from spec import param

#: Each of the convolutions: how many times the channels of the first it has, and how wide its window is.
_LAYERS = ((1, 5), (2, 3), (4, 3))


@final
@dataclass(frozen=True, kw_only=True)
class Cnn(Net):
    """Three convolutions that halve the picture and a hidden layer, with slopes (PReLU), for pictures of any size."""

    slug: ClassVar[str] = "cnn"

    channels: int = param(8, symbol="c", low=1, high=64, slider=(2, 32), log=True, whole=True)
    width: int = param(128, symbol="n", low=2, high=1024, slider=(8, 512), log=True, whole=True)

    def layout(self, sample: tuple[int, ...], dim: int) -> Layout:
        """Return the parameters for pictures ``(H, W)``."""
        height, width = picture(self, sample)
        shapes: dict[str, tuple[int, ...]] = {}
        before = 1
        for number, (times, kernel) in enumerate(_LAYERS):
            channels = times * self.channels
            shapes[f"{number}.weight"] = (channels, before, kernel, kernel)
            shapes[f"{number}.bias"] = (channels,)
            shapes[f"{number}.slope"] = (channels,)
            before, height, width = channels, (height + 1) // 2, (width + 1) // 2
        shapes["hidden.weight"] = (self.width, before * height * width)
        shapes["hidden.bias"] = (self.width,)
        shapes["hidden.slope"] = (self.width,)
        return shapes | {"last.weight": (dim, self.width)}

    def one(self, weights: Parameters, x: Tensor) -> Tensor:
        """Return the embeddings of pictures."""
        h = x[:, None]
        for number in range(len(_LAYERS)):
            h = convolution(weights, str(number), h, stride=2)
        return dense(weights, "hidden", h.flatten(1)) @ weights["last.weight"].T

    def stacked(self, weights: Parameters, x: Tensor) -> Tensor:
        """Return the embeddings that all nets make; a single net is faster by itself."""
        if len(weights["last.weight"]) == 1:
            return torch.stack(self.forward(weights, x))
        h = shared_convolution(weights, "0", x, stride=2)
        for number in range(1, len(_LAYERS)):
            h = stacked_convolution(weights, str(number), h, stride=2)
        return embedding(weights, channel_dense(weights, "hidden", h))
