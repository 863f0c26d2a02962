"""The fully connected net."""

import math
from dataclasses import dataclass
from typing import ClassVar, final

from torch import Tensor

from engine.nets.base import Layout, Net, Parameters
from engine.nets.layers import embedding, shared_dense, stacked_dense
from spec import param

_NAMES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


@final
@dataclass(frozen=True, kw_only=True)
class Mlp(Net):
    """Hidden layers of equal width with a slope (PReLU) each, for samples of any shape."""

    slug: ClassVar[str] = "mlp"

    width: int = param(128, symbol="n", low=2, high=1024, slider=(8, 512), log=True, whole=True)
    depth: int = param(2, symbol="l", low=1, high=len(_NAMES), slider=(1, 4), whole=True)

    def layout(self, sample: tuple[int, ...], dim: int) -> Layout:
        """Return the parameters for samples of any shape."""
        shapes: dict[str, tuple[int, ...]] = {}
        before = math.prod(sample)
        for layer in _NAMES[: self.depth]:
            shapes[f"{layer}.weight"] = (self.width, before)
            shapes[f"{layer}.bias"] = (self.width,)
            shapes[f"{layer}.slope"] = (self.width,)
            before = self.width
        return shapes | {"last.weight": (dim, before)}

    def one(self, weights: Parameters, x: Tensor) -> Tensor:
        """Return the embeddings of samples of any shape."""
        return self.stacked({name: weight[None] for name, weight in weights.items()}, x)[0]

    def stacked(self, weights: Parameters, x: Tensor) -> Tensor:
        """Return the embeddings that all nets make."""
        h = shared_dense(weights, _NAMES[0], x.flatten(1))
        for layer in _NAMES[1 : self.depth]:
            h = stacked_dense(weights, layer, h)
        return embedding(weights, h)
