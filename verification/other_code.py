"""Other code: implementations of the same loss by somebody else (torch, scikit-learn, pytorch-metric-learning)."""

import importlib
import importlib.util
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, final

import torch
from torch import Tensor
from torch.nn import functional

from losses import Loss
from spec import Message
from verification.cases import batch_of, state_of
from verification.comparison import Finding, Topic, close, knob_list

State = Mapping[str, Tensor]

#: How many classes the batches of ``OtherCode`` have.
CLASSES = 6

#: A tool for development that the program does not need. Its rows are left out where it is not installed.
METRIC_LEARNING = "pytorch-metric-learning"

#: Some other code keeps cosines away from one by about as much; the rest agrees far better.
_TOLERANCE = 1e-6


@final
@dataclass(frozen=True, kw_only=True)
class OtherCode:
    """A loss at some knobs, and a function of somebody else that returns the mean over a batch.

    ``mean`` takes embeddings, labels and state. It imports a package that may be absent only when it is called.
    ``labels`` changes the labels that both get.
    """

    package: str
    function: str
    mean: Callable[[Tensor, Tensor, State], Tensor | float]
    knobs: Mapping[str, Any] = field(default_factory=dict)
    labels: Callable[[Tensor], Tensor] = lambda y: y

    @property
    def name(self) -> str:
        """What tells the row from the other rows of its loss, in tests."""
        return f"{self.function}-{knob_list(self.knobs)}"

    def findings(self, loss: type[Loss]) -> Iterator[Finding]:
        """Compare the value and, where the other code has one, the gradient, in 2 and 3 dimensions."""
        ours = loss(**self.knobs)
        check = Message.of("verify.independent", knobs=knob_list(self.knobs) or Message.of("verify.word.defaults"))
        topic = Topic(check, Message.of("verify.source.independent", name=f"{self.package}: {self.function}"))
        for dim in (2, 3):
            z, y = batch_of(5, samples=30, dim=dim)
            z, y = z.requires_grad_(), self.labels(y)
            state = state_of(ours, 3, dim=dim)
            mine, theirs = ours(z, y, state).mean(), self.mean(z, y, state)
            plain = torch.as_tensor(theirs, dtype=torch.float64)
            yield from close(topic, mine, plain, _TOLERANCE, f"dim={dim}")
            if plain.requires_grad:
                slopes = [torch.autograd.grad(each, z)[0] for each in (mine, plain)]
                yield from close(topic, slopes[0], slopes[1], _TOLERANCE, f"dim={dim}")


def absence() -> Message | None:
    """Return a sentence that says which package is not installed, or ``None`` where all are."""
    if importlib.util.find_spec(METRIC_LEARNING.replace("-", "_")) is None:
        return Message.of("verify.note.absent", package=METRIC_LEARNING)
    return None


def linear_scores(z: Tensor, state: State) -> Tensor:
    """Return the scores of a linear layer ``(N, C)``."""
    return functional.linear(z, state["weight"], state.get("bias"))


def one_hot(y: Tensor) -> Tensor:
    """Return the one-hot code of labels ``(N, 6)``."""
    return functional.one_hot(y, CLASSES).double()


def of_torch(function: str, mean: Callable[..., Tensor], **knobs: Any) -> OtherCode:
    """Return a row that compares with a function of torch."""
    return OtherCode(package="torch", function=function, mean=mean, knobs=knobs)


def metric_learning(module: str) -> Any:
    """Return a module of pytorch-metric-learning: ``losses``, ``miners``, ``distances`` or ``reducers``."""
    return importlib.import_module(f"pytorch_metric_learning.{module}")


def of_metric_learning(function: str, mean: Callable[..., Any], **knobs: Any) -> OtherCode:
    """Return a row that compares with a loss of pytorch-metric-learning."""
    return OtherCode(package=METRIC_LEARNING, function=f"losses.{function}", mean=mean, knobs=knobs)


def class_vectors(function: str, settings: Mapping[str, Any], **knobs: Any) -> OtherCode:
    """Return a row for a loss of pytorch-metric-learning that has class vectors, which become those of the state."""
    return of_metric_learning(function, partial(_with_weight, function, **settings), **knobs)


def _with_weight(function: str, z: Tensor, y: Tensor, state: State, **settings: Any) -> Tensor:
    weight = state["weight"]
    with warnings.catch_warnings():  # the package warns about NumPy
        warnings.simplefilter("ignore", DeprecationWarning)
        make = getattr(metric_learning("losses"), function)
        other = make(num_classes=len(weight), embedding_size=weight.shape[1], **settings).double()
        with torch.no_grad():
            other.W.copy_(weight.T)
        mean: Tensor = other(z, y)
    return mean
