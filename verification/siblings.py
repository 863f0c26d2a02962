"""Limits in which a loss becomes another one of ours."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor
from torch.nn.functional import normalize

from losses import LOSSES, Loss
from spec import Message
from verification.cases import batch_of, state_of
from verification.comparison import Finding, Topic, close, knobs_shown

_State = dict[str, Tensor]
_PLAIN = {"bias": False}

#: Rounding in float64, through two ways of writing the same.
_TOLERANCE = 1e-9


def _same(z: Tensor, state: _State) -> tuple[Tensor, _State]:
    return z, state


def _unit_vectors(z: Tensor, state: _State) -> tuple[Tensor, _State]:
    return z, {**state, "weight": normalize(state["weight"])}


def _length_nine(z: Tensor, state: _State) -> tuple[Tensor, _State]:
    return 9 * normalize(z), state


def _nine_cosines(z: Tensor, state: _State) -> tuple[Tensor, _State]:
    return 9 * normalize(z), {**state, "weight": normalize(state["weight"])}


def _tripled(z: Tensor, state: _State) -> tuple[Tensor, _State]:
    return 3 * z, state


def _as_softmax(z: Tensor, state: _State) -> tuple[Tensor, _State]:
    """Round Gaussians of one size score as lines: ``mu . z - |mu|^2 / 2``."""
    means = state["means"]
    return z, {"weight": means, "bias": -(means**2).sum(dim=1) / 2}


def _twos(y: Tensor) -> Tensor:
    return torch.arange(len(y)) // 2


def _two_classes(y: Tensor) -> Tensor:
    return y % 2


@final
@dataclass(frozen=True, kw_only=True)
class Sibling:
    """A loss at some knobs that equals another one, up to a factor, on the same or on changed inputs.

    ``mine`` and ``theirs`` change what either is given, in words where ``how`` names a text; ``labels`` changes the
    labels of both.
    """

    slug: str
    knobs: Mapping[str, Any]
    other: str
    other_knobs: Mapping[str, Any]
    mine: Callable[[Tensor, _State], tuple[Tensor, _State]] = _same
    theirs: Callable[[Tensor, _State], tuple[Tensor, _State]] = _same
    labels: Callable[[Tensor], Tensor] = lambda y: y
    how: str = ""
    factor: float = 1.0
    logits: bool = False

    @property
    def name(self) -> str:
        """What tells the row from others, in tests."""
        return f"{self.slug}-{knobs_shown(self.knobs)}-{self.other}-{knobs_shown(self.other_knobs)}-{self.how}"

    def findings(self, loss: type[Loss]) -> Iterator[Finding]:
        """Yield what is found of the value, the gradient and (where told to) the logits, in 2, 3 and 7 dimensions."""
        ours, other = loss(**self.knobs), LOSSES[self.other](**self.other_knobs)
        check = Message.of(
            f"verify.sibling.{self.how or 'plain'}",
            knobs=knobs_shown(self.knobs) or Message.of("verify.word.defaults"),
            other=other.title,
            other_knobs=knobs_shown(self.other_knobs) or Message.of("verify.word.defaults"),
        )
        topic = Topic(check, Message.of("verify.source.sibling"))
        for dim in (2, 3, 7):
            z, y = batch_of(4, samples=40, dim=dim)
            z, y = z.requires_grad_(), self.labels(y)
            # what is moved by rule is kept at its start, at which most of these limits hold
            state = state_of(ours, 2, dim=dim) | state_of(other, 2, dim=dim)
            state |= {name: torch.zeros_like(state[name]) for name in ours.non_gradient_state}
            mine, theirs = self.mine(z, state), self.theirs(z, state)
            a, b = ours(mine[0], y, mine[1]), self.factor * other(theirs[0], y, theirs[1])
            yield from close(topic, a, b, _TOLERANCE, f"dim={dim}")
            mine_slope, their_slope = (torch.autograd.grad(each.mean(), z)[0] for each in (a, b))
            yield from close(topic, mine_slope, their_slope, _TOLERANCE, f"dim={dim}")
            if self.logits:
                scored = ours.logits(mine[0], y, mine[1]), other.logits(theirs[0], y, theirs[1])
                assert scored[0] is not None  # a row that compares logits names losses that have them
                assert scored[1] is not None
                yield from close(topic, scored[0], scored[1], _TOLERANCE, f"dim={dim}")


def _angles() -> Iterator[Sibling]:
    cosines: dict[str, Any] = {"other": "nsl", "other_knobs": {"scale": 9}, "logits": True}
    for beyond in ("monotonic", "raw", "cosface", "easy"):
        yield Sibling(slug="arcface", knobs={"margin": 0, "scale": 9, "beyond": beyond}, **cosines)
    yield Sibling(slug="cosface", knobs={"margin": 0, "scale": 9}, **cosines)
    parts: dict[str, Any] = {"slug": "combined_margin", "logits": True}
    yield Sibling(**{**parts, **cosines}, knobs={"m2": 0, "m3": 0, "scale": 9})
    for knobs, other, margin in (({"m2": 0.7, "m3": 0}, "arcface", 0.7), ({"m2": 0, "m3": 0.4}, "cosface", 0.4)):
        yield Sibling(**parts, knobs={**knobs, "scale": 9}, other=other, other_knobs={"margin": margin, "scale": 9})
    yield Sibling(
        slug="combined_margin",
        knobs={"m1": 3, "m2": 0, "m3": 0, "scale": 9},
        other="a_softmax",
        other_knobs={"margin": 3},
        theirs=_length_nine,
        how="length_nine",
    )
    plain: dict[str, Any] = {"other": "softmax", "other_knobs": _PLAIN}
    yield Sibling(slug="l_softmax", knobs={"margin": 1}, **plain)
    yield Sibling(slug="a_softmax", knobs={"margin": 1}, theirs=_unit_vectors, how="unit_vectors", **plain)
    yield Sibling(
        slug="a_softmax",
        knobs={"margin": 3},
        other="l_softmax",
        other_knobs={"margin": 3},
        theirs=_unit_vectors,
        how="unit_vectors",
    )
    yield Sibling(slug="nsl", knobs={"scale": 9}, theirs=_nine_cosines, how="nine_cosines", **plain)


def _scores() -> Iterator[Sibling]:
    softmax: dict[str, Any] = {"other": "softmax", "other_knobs": {}}
    logistic: dict[str, Any] = {"other": "logistic", "other_knobs": {}}
    yield Sibling(slug="center", knobs={"weight": 0}, other="softmax", other_knobs=_PLAIN)
    yield Sibling(slug="focal", knobs={"gamma": 0}, **softmax)
    yield Sibling(slug="focal", knobs={"gamma": 0, "balanced": True, "alpha": 0.3}, factor=0.3, how="share", **softmax)
    yield Sibling(slug="focal", knobs={"gamma": 0, "activation": "sigmoid"}, **logistic)
    for density in ("valid", "all"):
        yield Sibling(slug="ghm_c", knobs={"bins": 1, "density": density}, **softmax)
        sigmoid = {"bins": 1, "density": density, "activation": "sigmoid"}
        yield Sibling(slug="ghm_c", knobs=sigmoid, factor=1 / 6, how="per_class", **logistic)
    yield Sibling(
        slug="l_gm",
        knobs={"margin": 0, "likelihood": 0, "covariance": "identity"},
        theirs=_as_softmax,
        how="as_softmax",
        **softmax,
    )
    for slug in ("hinge", "multiclass_svm"):
        tripled = {"margin": 3, **_PLAIN}
        yield Sibling(
            slug=slug,
            knobs=tripled,
            other=slug,
            other_knobs={"margin": 1, **_PLAIN},
            mine=_tripled,
            factor=3,
            how="tripled",
        )


def _tuples() -> Iterator[Sibling]:
    yield Sibling(
        slug="contrastive",
        knobs={"margin": 3},
        other="contrastive",
        other_knobs={"margin": 1},
        mine=_tripled,
        factor=9,
        how="tripled_square",
    )
    yield Sibling(
        slug="triplet",
        knobs={"margin": 2.7, "mining": "all"},
        other="triplet",
        other_knobs={"margin": 0.3, "mining": "all"},
        mine=_tripled,
        factor=9,
        how="tripled_square",
    )
    for mining, knobs in (("all", {"mining": "all"}), ("hard", {"mining": "batch_hard"})):
        yield Sibling(
            slug="quadruplet",
            knobs={"margin": 0.7, "mining": mining},
            other="triplet",
            other_knobs={"margin": 0.7, **knobs, "average": "all"},
            labels=_two_classes,
            how="two_classes",
        )
    for pairs in ("all", "class"):
        yield Sibling(
            slug="n_pair",
            knobs={"regularization": 0, "pairs": pairs},
            other="info_nce",
            other_knobs={"temperature": 1, "similarity": "dot", "pairs": pairs},
        )
    cosine = {"scale": 9}
    yield Sibling(
        slug="unified",
        knobs={"margin": 0.2, "gamma": 9},
        other="cosface",
        other_knobs={"margin": 0.2, **cosine},
        logits=True,
    )
    yield Sibling(slug="unified", knobs={"margin": 0, "gamma": 9}, other="nsl", other_knobs=cosine, logits=True)
    dot = {"margin": 0, "gamma": 1, "similarity": "dot"}
    yield Sibling(slug="unified", knobs=dot, other="softmax", other_knobs=_PLAIN, logits=True)
    twos: dict[str, Any] = {"slug": "unified", "labels": _twos, "how": "twos"}
    yield Sibling(**twos, knobs={**dot, "level": "pair"}, other="n_pair", other_knobs={"regularization": 0})
    yield Sibling(
        **twos,
        knobs={"margin": 0, "gamma": 5, "level": "pair"},
        other="info_nce",
        other_knobs={"temperature": 0.2},
    )


SIBLINGS = (*_angles(), *_scores(), *_tuples())
