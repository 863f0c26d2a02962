"""Other people's implementations of the same losses: of torch, scikit-learn and, where installed, others."""

import importlib.util
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, final

import numpy as np
import torch
from sklearn.metrics import hinge_loss
from torch import Tensor
from torch.nn import functional as torch_loss

from losses import Loss
from spec import Message
from verification.cases import batch_of, state_of
from verification.comparison import Finding, Topic, close, knobs_shown

_State = Mapping[str, Tensor]

#: A development tool of ours, not something that the program needs: its rows are there where it is installed.
METRIC_LEARNING = "pytorch_metric_learning"

#: Some of theirs keep away from cosines of one by about as much; the others agree far closer.
_TOLERANCE = 1e-6


@final
@dataclass(frozen=True, kw_only=True)
class Independent:
    """A loss at some knobs and a function of somebody else that gives the mean over a batch."""

    slug: str
    package: str
    function: str
    mean: Callable[[Tensor, Tensor, _State], Tensor | float]
    knobs: Mapping[str, Any]
    labels: Callable[[Tensor], Tensor] = lambda y: y

    @property
    def name(self) -> str:
        """What tells the row from others, in tests."""
        return f"{self.slug}-{self.function}-{knobs_shown(self.knobs)}"

    def findings(self, loss: type[Loss]) -> Iterator[Finding]:
        """Yield what is found of the value and, where theirs has one, the gradient, in 2 and 3 dimensions."""
        ours = loss(**self.knobs)
        check = Message.of("verify.independent", knobs=knobs_shown(self.knobs) or Message.of("verify.word.defaults"))
        topic = Topic(check, Message.of("verify.source.independent", name=f"{self.package}: {self.function}"))
        for dim in (2, 3):
            z, y = batch_of(5, samples=30, dim=dim)
            z, y = z.requires_grad_(), self.labels(y)
            state = state_of(ours, 3, dim=dim)
            mine, theirs = ours(z, y, state).mean(), self.mean(z, y, state)
            plain = torch.as_tensor(theirs, dtype=torch.float64)
            yield from close(topic, mine, plain, _TOLERANCE, f"dim={dim}")
            if plain.requires_grad:
                my_slope, their_slope = (torch.autograd.grad(each, z)[0] for each in (mine, plain))
                yield from close(topic, my_slope, their_slope, _TOLERANCE, f"dim={dim}")


def independent() -> tuple[Independent, ...]:
    """Return what can be compared with here."""
    found = (*_of_torch(), *_of_scikit_learn())
    return (*found, *_of_metric_learning()) if missing() is None else found


def missing() -> Message | None:
    """Say so where the rows of a package are absent since it is not installed."""
    if importlib.util.find_spec(METRIC_LEARNING) is None:
        return Message.of("verify.note.absent", package="pytorch-metric-learning")
    return None


def _scores(z: Tensor, state: _State) -> Tensor:
    return torch_loss.linear(z, state["weight"], state.get("bias"))


def _code(y: Tensor, classes: int) -> Tensor:
    return torch_loss.one_hot(y, classes).double()


def _entropy(z: Tensor, y: Tensor, state: _State, temperature: float = 1.0) -> Tensor:
    return torch_loss.cross_entropy(_scores(z, state) / temperature, y)


def _binary(z: Tensor, y: Tensor, state: _State) -> Tensor:
    scores = _scores(z, state)
    return torch_loss.binary_cross_entropy_with_logits(scores, _code(y, 6), reduction="none").sum(dim=1).mean()


def _of_torch() -> Iterator[Independent]:
    def row(slug: str, function: str, mean: Callable[..., Tensor], **knobs: Any) -> Independent:
        return Independent(slug=slug, package="torch", function=function, mean=mean, knobs=knobs)

    for bias in (False, True):
        yield row("softmax", "cross_entropy", partial(_entropy, temperature=0.7), temperature=0.7, bias=bias)
        yield row("logistic", "binary_cross_entropy_with_logits", _binary, bias=bias)
    for delta in (0.05, 0.7, 5.0):
        yield row("huber", "huber_loss", partial(_huber, delta=delta), delta=delta)
    for margin, squared in ((0.3, False), (1.0, False), (2.0, True)):
        mean = partial(_multi_margin, margin=margin, power=1 + squared)
        yield row("multiclass_svm", "multi_margin_loss", mean, margin=margin, squared=squared)
    yield row("l_gm", "distributions.Normal", _densities, margin=0, likelihood=0.4)
    knobs = {"margin": 0.6, "distance": "euclidean", "mining": "all", "average": "all"}
    yield row("triplet", "nn.TripletMarginLoss", _triplets, **knobs)


def _huber(z: Tensor, y: Tensor, state: _State, delta: float) -> Tensor:
    return torch_loss.huber_loss(_scores(z, state), _code(y, 6), delta=delta)


def _multi_margin(z: Tensor, y: Tensor, state: _State, margin: float, power: int) -> Tensor:
    # theirs divides by the number of classes
    return 6 * torch_loss.multi_margin_loss(_scores(z, state), y, margin=margin, p=power)


def _densities(z: Tensor, y: Tensor, state: _State) -> Tensor:
    normal: Any = torch.distributions.Normal(state["means"], torch.exp(state["log_variance"] / 2))
    density: Tensor = normal.log_prob(z[:, None]).sum(dim=2)
    own = density.gather(1, y[:, None])[:, 0] + z.shape[1] / 2 * math.log(2 * math.pi)
    return torch_loss.cross_entropy(density, y) - 0.4 * own.mean()


def _triplets(z: Tensor, y: Tensor, state: _State) -> Tensor:
    a, p, n = torch.meshgrid(*[torch.arange(len(y))] * 3, indexing="ij")
    valid = (y[a] == y[p]) & (a != p) & (y[a] != y[n])
    # without eps, which they add to every difference of coordinates
    loss = torch.nn.TripletMarginLoss(margin=0.6, eps=0)
    found: Tensor = loss(z[a[valid]], z[p[valid]], z[n[valid]])
    return found


def _of_scikit_learn() -> Iterator[Independent]:
    def one(z: Tensor, y: Tensor, state: _State) -> float:
        scores = _scores(z, state).detach().numpy()
        return float(hinge_loss(y.numpy(), scores, labels=np.arange(6)))

    def each(z: Tensor, y: Tensor, state: _State) -> float:
        scores = _scores(z, state).detach().numpy()
        return sum(float(hinge_loss(np.where(y.numpy() == k, 1, -1), scores[:, k], labels=[-1, 1])) for k in range(6))

    common: dict[str, Any] = {"package": "scikit-learn", "function": "metrics.hinge_loss"}
    yield Independent(**common, slug="multiclass_svm", knobs={"variant": "crammer_singer"}, mean=one)
    yield Independent(**common, slug="hinge", knobs={}, mean=each)


def _of_metric_learning() -> Iterator[Independent]:
    from pytorch_metric_learning import distances, losses, miners, reducers  # noqa: PLC0415  (may be absent)

    def row(slug: str, function: str, mean: Callable[..., Any], **knobs: Any) -> Independent:
        return Independent(slug=slug, package="pytorch-metric-learning", function=function, mean=mean, knobs=knobs)

    def classes(name: str, z: Tensor, y: Tensor, state: _State, **settings: Any) -> Tensor:
        weight = state["weight"]
        with warnings.catch_warnings():  # of theirs, about NumPy
            warnings.simplefilter("ignore", DeprecationWarning)
            other = getattr(losses, name)(num_classes=len(weight), embedding_size=weight.shape[1], **settings).double()
            with torch.no_grad():
                other.W.copy_(weight.T)
            found: Tensor = other(z, y)
        return found

    def by_class(slug: str, name: str, settings: Mapping[str, Any], **knobs: Any) -> Independent:
        return row(slug, f"losses.{name}", partial(classes, name, **settings), **knobs)

    angle = {"margin": math.degrees(0.6), "scale": 11}
    yield by_class("arcface", "ArcFaceLoss", angle, margin=0.6, scale=11, beyond="cosface")
    yield by_class("cosface", "CosFaceLoss", {"margin": 0.25, "scale": 11}, margin=0.25, scale=11)
    for margin in (1, 2, 3, 4, 5):
        same = {"margin": margin, "scale": 1}
        yield by_class("l_softmax", "LargeMarginSoftmaxLoss", same, margin=margin)
        yield by_class("a_softmax", "SphereFaceLoss", same, margin=margin)
    yield by_class("nsl", "NormalizedSoftmaxLoss", {"temperature": 1 / 7}, scale=7)

    def pairs(other: Any, z: Tensor, y: Tensor, state: _State, miner: Any = None) -> Any:
        return other(z, y, miner(z, y)) if miner else other(z, y)

    raw = {
        "squared": distances.LpDistance(normalize_embeddings=False, power=2),
        "euclidean": distances.LpDistance(normalize_embeddings=False),
    }
    for distance, measure in raw.items():
        mined = {
            "all": None,
            "semi_hard": miners.TripletMarginMiner(margin=0.6, type_of_triplets="semihard", distance=measure),
            "batch_hard": miners.BatchHardMiner(distance=measure),
        }
        for average, reducer in (("all", reducers.MeanReducer()), ("active", reducers.AvgNonZeroReducer())):
            other = losses.TripletMarginLoss(margin=0.6, distance=measure, reducer=reducer)
            for mining, miner in mined.items():
                knobs = {"margin": 0.6, "distance": distance, "mining": mining, "average": average}
                yield row("triplet", "losses.TripletMarginLoss", partial(pairs, other, miner=miner), **knobs)
        unit = distances.LpDistance(power=2 if distance == "squared" else 1)
        knobs = {"margin": 0.6, "distance": distance, "normalize": True, "mining": "all"}
        yield row(
            "triplet", "losses.TripletMarginLoss", partial(pairs, losses.TripletMarginLoss(0.6, distance=unit)), **knobs
        )
    dot = losses.NPairsLoss(distance=distances.DotProductSimilarity(normalize_embeddings=False))
    yield replace(
        row("n_pair", "losses.NPairsLoss", partial(pairs, dot), regularization=0, pairs="class"),
        labels=lambda y: torch.arange(len(y)) // 2,
    )
    info = losses.NTXentLoss(temperature=0.3)
    yield row("info_nce", "losses.NTXentLoss", partial(pairs, info), temperature=0.3)
    circle = losses.CircleLoss(m=0.3, gamma=20)
    yield row("circle", "losses.CircleLoss", partial(pairs, circle), margin=0.3, gamma=20, level="pair")
