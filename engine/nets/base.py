"""What every net is: a frozen value with knobs that says which weights it has and computes with them."""

import inspect
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from spec import Knob, Refusal, has_text, knobs_of, text

#: The shape of each parameter of one net, by name, in the order in which they lie in memory.
Layout = Mapping[str, tuple[int, ...]]

#: The parameters themselves, by name: of one net, or ``(K, *shape)`` of all panels' nets.
Parameters = Mapping[str, Tensor]


@dataclass(frozen=True, kw_only=True)
class Net(ABC):
    """A net as a value, without tensors: hashable, its knobs checked when it is made.

    ``slug`` is its name everywhere; ``title`` is shown where the texts have none; ``half`` says that the mode ``fast``
    may compute it in bfloat16 where the processor has instructions for it. No branch and no shape may depend on the
    numbers of samples and weights, so that a step can be traced.
    """

    slug: ClassVar[str]
    title: ClassVar[str] = ""
    half: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for knob in knobs_of(self):
            object.__setattr__(self, knob.name, knob.check(getattr(self, knob.name)))

    @classmethod
    def knobs(cls) -> tuple[Knob, ...]:
        """Return the knobs in the order of their sliders."""
        return knobs_of(cls)

    @abstractmethod
    def layout(self, sample: tuple[int, ...], dim: int) -> Layout:
        """Return the parameters of one net for samples of a shape; raise ``Refusal`` where it cannot take them."""

    @abstractmethod
    def one(self, weights: Parameters, x: Tensor) -> Tensor:
        """Return the embeddings ``(B, D)`` of samples ``(B, *sample)`` under the weights of one net."""

    def stacked(self, weights: Parameters, x: Tensor) -> Tensor:
        """Return the embeddings ``(K, B, D)`` that all nets make of the same samples ``(B, *sample)``.

        The numbers are those of ``one`` up to rounding.
        """
        z: Tensor = torch.vmap(self.one, in_dims=(0, None))(dict(weights), x)
        return z

    @final
    def forward(self, weights: Parameters, x: Tensor) -> list[Tensor]:
        """Return for each panel the embeddings ``(B, D)`` of samples ``(B, *sample)``.

        Panel after panel: batched products and grouped convolutions round differently for another number of
        panels, while here each panel computes what it would compute alone.
        """
        parts = zip(*(leaf.unbind() for leaf in weights.values()), strict=True)
        return [self.one(dict(zip(weights, part, strict=True)), x) for part in parts]

    def init(self, sample: tuple[int, ...], dim: int, generator: torch.Generator) -> dict[str, Tensor]:
        """Return the weights of one net at its start.

        Weights and biases are uniform within one over the root of the fan-in (PyTorch's default for linear and
        convolutional layers); the slopes of PReLU start at 0.25 (He et al. 2015).
        """
        start, layout = {}, self.layout(sample, dim)
        for name, shape in layout.items():
            layer, part = name.split(".")
            if part == "slope":
                start[name] = torch.full(shape, 0.25)
            else:
                bound = 1 / math.sqrt(math.prod(layout[f"{layer}.weight"][1:]))
                start[name] = torch.empty(shape).uniform_(-bound, bound, generator=generator)
        return start


def net_title(net: type[Net], language: str = "en") -> str:
    """Return the title of a net in a language, or its own where the catalogue has none."""
    key = f"nets.{net.slug}.title"
    return text(key, language) if has_text(key) else net.title or net.slug


def net_idea(net: type[Net], language: str = "en") -> str:
    """Return what a net is, in words; of a net from outside, how its docstring begins."""
    key = f"nets.{net.slug}.idea"
    if has_text(key):
        return text(key, language)
    return " ".join((inspect.getdoc(net) or "").split("\n\n")[0].split())


def picture(net: Net, sample: tuple[int, ...], least: int = 1) -> tuple[int, int]:
    """Return height and width of samples, or raise ``Refusal`` where they are no pictures or too small for a net."""
    if len(sample) != 2:
        raise Refusal("nets.refused.pictures", net=net.slug, numbers=math.prod(sample))
    height, width = sample
    if min(height, width) < least:
        raise Refusal("nets.refused.small", net=net.slug, height=height, width=width, least=least)
    return height, width
