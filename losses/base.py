"""What every loss is: a frozen value with its maths, its knobs, its geometry and its source."""

import dataclasses
import inspect
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, final

import numpy as np
import torch
from torch import Tensor

from losses.head import Head
from losses.shape import Array, Scene, Shape
from losses.toolkit.score_plane import NEIGHBOURS, Plane
from losses.toolkit.tuple_mining import Tuples
from spec import Knob, Message, Refusal, has_text, help_of, knobs_of, text

#: What a loss learns beside the net, by name. The tensors belong to the caller; a loss never changes them in place.
State = Mapping[str, Tensor]

#: The source of random starts. There is no global seed anywhere in the project.
Randomness = torch.Generator | np.random.Generator


class Family(StrEnum):
    """Losses that share a driving variable stand together in menus and docs."""

    SOFTMAX = "softmax"
    ANGULAR = "angular"
    DISTRIBUTION = "distribution"
    TUPLE = "tuple"
    WEIGHTING = "weighting"
    PAIR_SIMILARITY = "pair_similarity"
    REGRESSION = "regression"
    HINGE = "hinge"


@dataclass(frozen=True)
class Citation:
    """Where a loss comes from: authors, title, year, link, and the equation that is meant."""

    authors: str
    title: str
    year: int
    url: str
    where: str


@dataclass(frozen=True)
class Advice:
    """A warning of a setting that geometry forbids or discourages: why, and what to do, in one sentence.

    ``limit`` is the largest (or, for a scale, the smallest) sensible value of the knob, drawn on its slider.
    ``knob`` is empty where none of them helps; ``limit`` is then the number that the sentence is about.
    """

    knob: str
    limit: float
    message: Message


@dataclass(frozen=True)
class Setting:
    """Knobs under a name, beside the defaults: those of a paper, or some that train well.

    ``knobs`` are those that differ from the defaults; ``dim`` is the dimension that the setting is for, ``None``
    for any. ``source`` says where the numbers come from. Titles are in the catalogue under ``losses.settings``.
    """

    slug: str
    knobs: Mapping[str, float | int | str | bool]
    dim: int | None
    source: str


@dataclass(frozen=True, eq=False)
class Profile:
    """The closed form of a loss against the one scalar that it depends on, in NumPy, independent of torch.

    - ``variable`` names the scalar: ``theta`` (angle to the label's class vector, radians), ``p`` (probability of
      the label), ``distance``, ``margin`` (lead of the label's score), ``lead`` (of a positive) or ``residual``.
    - ``value`` and ``slope`` map arrays to arrays over ``low`` to ``high``; ``kinks`` are where the slope jumps.
    - ``target`` is what the margin makes of the label's cosine, for losses on angles.
    - ``weight`` is the gradient over that of cross-entropy, for losses that give samples a weight.

    The scalar of a loss over tuples belongs to one tuple: the ``distance`` of a pair (one branch for pairs of one
    class, one for pairs of different classes), or the ``lead`` of a triplet, or of a positive over the hardest
    negative. The profile is what ``probe`` costs as that scalar moves.
    """

    variable: str
    low: float
    high: float
    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    kinks: tuple[float, ...] = ()
    target: Callable[[Array], Array] | None = None
    weight: Callable[[Array], Array] | None = None


@dataclass(frozen=True, kw_only=True)
class Loss(ABC):
    """A loss function as a value: hashable, without tensors; its knobs are checked when it is made.

    The class attributes:

    - ``slug``: the name of the file, and the key in links, menus and tests.
    - ``formula``: LaTeX in the symbols of the knobs.
    - ``branches``: the names of the closed forms of ``profile``.
    - ``non_gradient_state``: the names of the state that ``update`` moves and that has no gradient.
    - ``resizable_state``: those of ``non_gradient_state``, of one dimension, that may have zeros at the end that
      count for nothing and stay zero. So a knob that sets their length can be a tensor.
    - ``settings``: knobs under a name.
    """

    slug: ClassVar[str]
    title: ClassVar[str]
    family: ClassVar[Family]
    formula: ClassVar[str]
    cite: ClassVar[Citation]
    branches: ClassVar[tuple[str, ...]] = ("sample",)
    non_gradient_state: ClassVar[frozenset[str]] = frozenset()
    resizable_state: ClassVar[frozenset[str]] = frozenset()
    settings: ClassVar[tuple[Setting, ...]] = ()

    def __post_init__(self) -> None:
        for knob in knobs_of(self):
            value = getattr(self, knob.name)
            if isinstance(value, Tensor):  # a knob that the engine changes; it was checked before it became a tensor
                if value.ndim != 0:
                    raise Refusal("errors.knob_tensor", name=knob.name, shape=tuple(value.shape))
                continue
            object.__setattr__(self, knob.name, knob.check(value))

    @classmethod
    def knobs(cls) -> tuple[Knob, ...]:
        """Return the knobs in the order of their sliders."""
        return knobs_of(cls)

    def replace(self, **knobs: object) -> "Loss":
        """Return the same loss with some knobs changed (numbers, words, or 0-d tensors)."""
        return dataclasses.replace(self, **knobs)

    @final
    def __call__(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        """Return one number per sample ``(N,)`` for embeddings ``(N, D)`` and labels ``(N,)``; the mean is the loss.

        Raises ``Refusal`` for wrong shapes or dtypes, labels out of range, a missing tensor of the state, and values
        that are not finite.
        """
        check_batch(z, y, state)
        try:
            return self.per_sample(z, y, state)
        except KeyError as missing:
            raise Refusal("errors.batch_missing", name=missing.args[0]) from None

    @abstractmethod
    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        """Return the state at its start (float32), by name; empty where the loss learns nothing beside the net."""

    @abstractmethod
    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        """Return the loss of each sample ``(N,)`` without checks: for the engine, under ``vmap`` and compilation.

        No branch and no shape may depend on the data; knobs may be 0-d tensors.

        The mean over all samples must be the mean that the paper means. A loss over tuples gives each sample its
        share: the cost of the tuples of which it is the anchor, times ``N`` over the number of tuples that count
        (over the number of anchors that count, where the paper averages over anchors). A sample without tuples, for
        example one that has no other of its class in the batch, costs zero and is not counted. Where nothing counts,
        divide by one: the loss is zero, and so is its gradient.
        """

    def update(self, z: Tensor, y: Tensor, state: State) -> State:
        """Return the state after the rule-based update of ``non_gradient_state``; as it is, unless overridden."""
        return state

    def logits(self, z: Tensor, y: Tensor, state: State) -> Tensor | None:
        """Return scores ``(N, C)`` with the margin on the label's: the boundary that training enforces."""
        return self.scores(z, state)

    def scores(self, z: Tensor, state: State) -> Tensor | None:
        """Return scores ``(N, C)`` without margin, as at test time; ``None`` where a loss has no class scores."""
        return None

    def head(self, state: State) -> Head | None:
        """Return the scores and the margin as a few numbers; ``None`` where a loss has no class scores."""
        return None

    @final
    def _branch(self, branch: str) -> str:
        """Return a branch by name, the first where the name is empty; raise ``Refusal`` for an unknown name."""
        if branch and branch not in self.branches:
            raise Refusal("losses.refused.branch", branch=branch, allowed=", ".join(self.branches))
        return branch or self.branches[0]

    @abstractmethod
    def profile(self, branch: str = "") -> Profile:
        """Return the closed form of a branch, of the first one where the name is empty."""

    def planes(self, omega: float = NEIGHBOURS) -> tuple[Plane, ...]:
        """Return the planes of two scalars that explain the loss; none where the one scalar of the profile does.

        ``omega`` (radians) is the angle between the two class vectors, for losses on angles to them.
        """
        return ()

    @abstractmethod
    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        """Return ``(z, y, state)`` whose first sample has the profile's scalar ``x`` (0-d), differentiable in it.

        For a loss over tuples this is a small batch in which every tuple of the first sample has the scalar ``x``,
        and all samples count, so that the factor of ``per_sample`` is one (``toolkit.pair_similarity.quartet``).
        """

    @abstractmethod
    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        """Return, by branch, the profile's scalar of every sample, pair or triplet: what the live histogram counts."""

    def directional(self) -> bool:
        """Return whether only the directions of embeddings count, so that class means stand in by angle."""
        return False

    def active(self, z: Tensor, y: Tensor, state: State, most: int = 256) -> Tuples | None:
        """Return the pairs, triplets or quadruplets that cost something now, the strongest first, at most ``most``.

        The weights of all of them add up to the mean of the batch. ``None`` where a loss looks at each sample by
        itself. Not for ``vmap``: shapes depend on the data.
        """
        return None

    def shapes(self, scene: Scene) -> tuple[Shape, ...]:
        """Return the geometry to draw into a scene: boundaries, margins, levels and optima."""
        return ()

    def advice(self, classes: int, dim: int) -> tuple[Advice, ...]:
        """Return warnings of knobs that geometry forbids, for a number of classes and dimensions."""
        return ()


def knob_help(loss: type[Loss], knob: Knob, language: str = "en") -> str:
    """Return what a knob of a loss does, in words: its own text, one that losses share, or its ``about``."""
    return help_of(knob, f"losses.{loss.slug}", language)


def loss_title(loss: type[Loss], language: str = "en") -> str:
    """Return the title of a loss in a language, or its own where the catalogue has none."""
    key = f"losses.{loss.slug}.title"
    return text(key, language) if has_text(key) else loss.title


def loss_idea(loss: type[Loss], language: str = "en") -> str:
    """Return what a loss is about, in words; for a loss from outside, the first paragraph of its docstring."""
    key = f"losses.{loss.slug}.idea"
    if has_text(key):
        return text(key, language)
    return " ".join((inspect.getdoc(loss) or "").split("\n\n")[0].split())


def loss_term(kind: str, name: str, language: str = "en") -> str:
    """Return the words for one of ``branches`` or ``variables``, or the name itself where the catalogue has none."""
    key = f"losses.{kind}.{name}"
    return text(key, language) if has_text(key) else name.replace("_", " ")


def check_batch(z: Tensor, y: Tensor, state: State) -> None:
    """Raise ``Refusal`` unless embeddings, labels and state fit each other and every number is finite."""
    if not isinstance(z, Tensor) or not isinstance(y, Tensor):
        raise Refusal("errors.batch_tensors", z=type(z).__name__, y=type(y).__name__)
    if z.ndim != 2 or 0 in z.shape or not z.is_floating_point():
        raise Refusal("errors.batch_z", shape=tuple(z.shape), dtype=str(z.dtype))
    if y.shape != z.shape[:1] or y.dtype != torch.int64:
        raise Refusal("errors.batch_y", shape=tuple(y.shape), dtype=str(y.dtype), samples=len(z))
    if not _finite(z):
        raise Refusal("errors.batch_finite")
    for name, tensor in state.items():
        if not _finite(tensor):
            raise Refusal("errors.state_finite", name=name)
    per_class = [tensor for tensor in state.values() if tensor.ndim == 2]
    for tensor in per_class:
        if tensor.shape[1] != z.shape[1]:
            raise Refusal("errors.batch_state", dim=z.shape[1], found=tensor.shape[1])
    classes = min((len(tensor) for tensor in per_class), default=None)
    low, high = (int(end) for end in torch.aminmax(y))
    if low < 0 or (classes is not None and high >= classes):
        bad = low if low < 0 else high
        raise Refusal("errors.batch_label", label=bad, last="..." if classes is None else classes - 1)


def _finite(tensor: Tensor) -> bool:
    """Return whether every number is finite; a finite sum, which is quicker to compute, proves it."""
    still = tensor.detach()
    return math.isfinite(float(still.sum())) or bool(torch.isfinite(still).all())
