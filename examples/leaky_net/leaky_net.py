"""A net of three linear layers with leaky units between them."""

import math
from dataclasses import dataclass
from typing import ClassVar, final

from torch import nn

from engine.nets import Module
from spec import param


@final
@dataclass(frozen=True, kw_only=True)
class LeakyNet(Module):
    """Three linear layers; where a unit is negative, it keeps a fixed share of itself."""

    slug: ClassVar[str] = "leaky_net"
    title: ClassVar[str] = "Leaky net"

    width: int = param(64, symbol="n", low=2, high=512, slider=(8, 256), log=True, whole=True, about="units a layer")
    leak: float = param(0.1, symbol="a", low=0.0, high=1.0, about="share that a negative unit keeps")

    def build(self, sample: tuple[int, ...], dim: int) -> nn.Module:
        """Return the layers; the last one has no bias, so that embeddings begin around the origin."""
        return nn.Sequential(
            nn.Flatten(),
            nn.Linear(math.prod(sample), self.width),
            nn.LeakyReLU(self.leak),
            nn.Linear(self.width, self.width),
            nn.LeakyReLU(self.leak),
            nn.Linear(self.width, dim, bias=False),
        )
