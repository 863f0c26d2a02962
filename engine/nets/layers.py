"""The layers that nets are made of: of one net, and of ``K`` nets at once.

Each weighted layer is followed by a slope (PReLU) of its own for each unit or channel. Fully connected layers of all
nets keep samples last, so that the gradients of their weights come out of the products as the weights lie.
"""

import torch
from torch import Tensor
from torch.nn import functional

from engine.nets.base import Parameters


@torch.library.custom_op("loss_geometry::solid", mutates_args=())
def solid(row: Tensor) -> Tensor:
    """Return a copy that has memory of its own in a compiled step.

    Otherwise the compiler looks up a row of all nets, net by net, for each number that it is applied to.
    """
    return row.clone()


@solid.register_fake
def _(row: Tensor) -> Tensor:
    return torch.empty_like(row)


solid.register_autograd(lambda _, gradient: gradient)


def dense(weights: Parameters, layer: str, h: Tensor) -> Tensor:
    """Return a fully connected layer of one net: ``(B, F)`` becomes ``(B, width)``."""
    h = torch.addmm(weights[f"{layer}.bias"], h, weights[f"{layer}.weight"].T)
    return functional.prelu(h, weights[f"{layer}.slope"])


def convolution(weights: Parameters, layer: str, h: Tensor, *, stride: int = 1) -> Tensor:
    """Return a padded convolution of one net: ``(B, C, H, W)`` becomes ``(B, channels, H / stride, W / stride)``."""
    weight = weights[f"{layer}.weight"]
    h = functional.conv2d(h, weight, weights[f"{layer}.bias"], stride=stride, padding=weight.shape[-1] // 2)
    return functional.prelu(h, weights[f"{layer}.slope"])


def stacked_dense(weights: Parameters, layer: str, h: Tensor) -> Tensor:
    """Return a fully connected layer of all nets: ``(K, F, B)`` becomes ``(K, width, B)``."""
    h = torch.baddbmm(weights[f"{layer}.bias"][:, :, None], weights[f"{layer}.weight"], h)
    return _prelu(h, weights[f"{layer}.slope"])


def shared_dense(weights: Parameters, layer: str, x: Tensor) -> Tensor:
    """Return a fully connected layer of all nets on the samples that they share: ``(B, F)`` becomes ``(K, width, B)``.

    For one wide product the nets' weights, which lie apart in memory, would have to be copied first.
    """
    weight = weights[f"{layer}.weight"]
    h = torch.baddbmm(weights[f"{layer}.bias"][:, :, None], weight, x.T.expand(len(weight), -1, -1))
    return _prelu(h, weights[f"{layer}.slope"])


def _prelu(h: Tensor, slope: Tensor) -> Tensor:
    """Apply slopes ``(K, width)`` to all nets ``(K, width, B)``, as the channels of one sample."""
    return functional.prelu(h.flatten(0, 1)[None], slope.flatten()).view_as(h)


def stacked_convolution(weights: Parameters, layer: str, h: Tensor, *, stride: int = 1) -> Tensor:
    """Return a padded convolution of all nets, their channels side by side.

    ``(B, K C, H, W)``, or ``(B, C, H, W)`` for pictures that they share, becomes ``(B, K channels, ...)``. With the
    channels last in memory it was the fastest of what was tried on a CPU.
    """
    weight = weights[f"{layer}.weight"]
    groups = h.shape[1] // weight.shape[2]
    h = functional.conv2d(
        h.to(memory_format=torch.channels_last),
        weight.flatten(0, 1).to(memory_format=torch.channels_last),
        weights[f"{layer}.bias"].flatten(),
        stride=stride,
        padding=weight.shape[-1] // 2,
        groups=groups,
    )
    return functional.prelu(h, weights[f"{layer}.slope"].flatten())


def shared_convolution(weights: Parameters, layer: str, x: Tensor, *, stride: int = 1) -> Tensor:
    """Return a padded convolution of all nets on the pictures that they share, as one wide product.

    ``(B, H, W)`` becomes ``(B, K channels, H / stride, W / stride)``, the channels last in memory. Pictures need no
    gradient, so that they are unfolded once and never folded back.
    """
    weight = weights[f"{layer}.weight"]
    nets, channels, _, kernel, _ = weight.shape
    windows = functional.pad(x, (kernel // 2,) * 4).unfold(1, kernel, stride).unfold(2, kernel, stride)
    height, width = windows.shape[1:3]
    rows = windows.reshape(-1, kernel * kernel)
    h = torch.addmm(weights[f"{layer}.bias"].flatten(), rows, weight.reshape(nets * channels, -1).T)
    slope = solid(weights[f"{layer}.slope"].flatten())
    h = torch.where(h > 0, h, slope * h)
    return h.view(len(x), height, width, nets * channels).permute(0, 3, 1, 2)


def channel_dense(weights: Parameters, layer: str, h: Tensor) -> Tensor:
    """Return a fully connected layer of all nets, each on its own channels.

    ``(B, K C, H, W)``, the channels last in memory, becomes ``(K, width, B)``. The weights are brought into the order
    of the channels rather than the other way round: they are fewer.
    """
    weight = weights[f"{layer}.weight"]
    nets, units, inputs = weight.shape
    channels = h.shape[1] // nets
    h = h.permute(0, 2, 3, 1).reshape(len(h), -1, nets, channels).permute(2, 0, 1, 3).reshape(nets, -1, inputs)
    turned = weight.view(nets, units, channels, -1).transpose(2, 3).reshape(nets, units, inputs)
    h = torch.baddbmm(weights[f"{layer}.bias"][:, None], h, turned.mT)
    return torch.where(h > 0, h, weights[f"{layer}.slope"][:, None] * h).mT


def columns(h: Tensor, count: int) -> Tensor:
    """Return the channels of all nets ``(B, K C, H, W)`` as one column a sample and net, ``(K, C H W, B)``."""
    return h.reshape(len(h), count, -1).permute(1, 2, 0)


def embedding(weights: Parameters, h: Tensor) -> Tensor:
    """Return the embeddings ``(K, B, D)`` that the last layers of all nets make of ``(K, F, B)``."""
    return torch.bmm(weights["last.weight"], h).mT
