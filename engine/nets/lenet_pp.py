"""The net of the paper on center loss."""

from dataclasses import dataclass
from typing import ClassVar, final

from torch import Tensor
from torch.nn import functional

from engine.nets.base import Layout, Net, Parameters, picture
from engine.nets.layers import columns, convolution, embedding, stacked_convolution

_CHANNELS = (32, 64, 128)
_WINDOW = 5


@final
@dataclass(frozen=True, kw_only=True)
class LeNetPP(Net):
    """LeNets++ of Wen et al. 2016, table 1: three times two convolutions with a slope (PReLU) each and a pooling.

    Each stage halves the picture and drops an odd row or column, so that 28x28 pixels end as 3x3 and 8x8 as one;
    smaller pictures are refused. The slopes are one a channel, and the last layer has no bias, as everywhere here.
    """

    slug: ClassVar[str] = "lenet_pp"
    half: ClassVar[bool] = True  # nearly all of a step is its convolutions

    def layout(self, sample: tuple[int, ...], dim: int) -> Layout:
        """Return the parameters for pictures ``(H, W)``."""
        height, width = picture(self, sample, least=2 ** len(_CHANNELS))
        shapes: dict[str, tuple[int, ...]] = {}
        before = 1
        for stage, channels in enumerate(_CHANNELS):
            for layer in _layers(stage):
                shapes[f"{layer}.weight"] = (channels, before, _WINDOW, _WINDOW)
                shapes[f"{layer}.bias"] = (channels,)
                shapes[f"{layer}.slope"] = (channels,)
                before = channels
            height, width = height // 2, width // 2
        return shapes | {"last.weight": (dim, before * height * width)}

    def one(self, weights: Parameters, x: Tensor) -> Tensor:
        """Return the embeddings of pictures."""
        h = x[:, None]
        for stage in range(len(_CHANNELS)):
            for layer in _layers(stage):
                h = convolution(weights, layer, h)
            h = functional.max_pool2d(h, 2)
        return h.flatten(1) @ weights["last.weight"].T

    def stacked(self, weights: Parameters, x: Tensor) -> Tensor:
        """Return the embeddings that all nets make."""
        h = x[:, None]
        for stage in range(len(_CHANNELS)):
            for layer in _layers(stage):
                h = stacked_convolution(weights, layer, h)
            h = functional.max_pool2d(h, 2)
        return embedding(weights, columns(h, len(weights["last.weight"])))


def _layers(stage: int) -> tuple[str, str]:
    return f"{2 * stage}", f"{2 * stage + 1}"
