"""A net of somebody else: any module of PyTorch whose embeddings depend on its parameters and a sample alone."""

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import final

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.func import functional_call
from torch.nn.modules.dropout import _DropoutNd

from engine.nets.base import Layout, Net, Parameters
from spec import Message, Refusal
from spec.entry_points import one_line

#: The dimensions that embeddings may have.
_DIMS = (2, 3)

#: Samples that a module is tried on, and of these those that it sees in a smaller batch.
_SAMPLES, _FEWER = 5, 3

#: Held while a module has the weights of a call in it: a step is traced in one thread while another trains.
_LOCK = Lock()


@dataclass(frozen=True, kw_only=True)
class Module(Net):
    """A net that is built of PyTorch's modules. Derive from it in a package of your own (docs/own_net.md)."""

    @abstractmethod
    def build(self, sample: tuple[int, ...], dim: int) -> nn.Module:
        """Return a new module that makes ``(B, dim)`` of float32 samples ``(B, *sample)``, pictures ``(B, H, W)``.

        Its weights start as it says, drawn from PyTorch's global generator, which is seeded before.
        """

    @final
    def layout(self, sample: tuple[int, ...], dim: int) -> Layout:
        """Return the parameters by their dotted names; raise ``Refusal`` where the module cannot be used."""
        return _tried(self, tuple(sample), dim)

    @final
    def one(self, weights: Parameters, x: Tensor) -> Tensor:
        """Return the embeddings of samples under the weights of one net."""
        module = self._of(tuple(x.shape[1:]), weights)
        with _LOCK:
            seen: Tensor = functional_call(module, dict(weights), (x,))
        return seen

    @final
    def init(self, sample: tuple[int, ...], dim: int, generator: torch.Generator) -> dict[str, Tensor]:
        """Return the weights that the module starts with, drawn anew from a generator."""
        seed = int(torch.randint(2**62, (), generator=generator))
        start, again = (_start(_built(self, sample, dim, seed)) for _ in range(2))
        if any(not torch.equal(start[name], again[name]) for name in start):
            raise _refusal(self, "start")
        return start

    def _of(self, sample: tuple[int, ...], weights: Parameters) -> nn.Module:
        """Return the module whose weights these are; the last layer tells the dimension."""
        shapes = {name: tuple(tensor.shape) for name, tensor in weights.items()}
        frames = (_frame(self, sample, dim) for dim in _DIMS)
        return next(frame for frame in frames if frame is not None and _layout(frame) == shapes)


@cache
def _frame(net: Module, sample: tuple[int, ...], dim: int) -> nn.Module | None:
    """Return a module without memory for its weights, or ``None`` where there is none for a dimension."""
    try:
        return _weightless(_built(net, sample, dim, seed=0))
    except Refusal:
        return None


def _weightless(module: nn.Module) -> nn.Module:
    """Take a module's weights away; those that layers share stay shared, which ``to`` alone would end."""
    first: dict[nn.Parameter, str] = {}
    names = [(name, first.setdefault(own, name)) for name, own in module.named_parameters(remove_duplicate=False)]
    module.to("meta")
    for name, source in names:
        path, _, last = name.rpartition(".")
        setattr(module.get_submodule(path), last, module.get_parameter(source))
    return module


@cache
def _tried(net: Module, sample: tuple[int, ...], dim: int) -> Layout:
    """Return the layout of a module that was tried out and can be used; raise ``Refusal`` with the reason if not."""
    module = _built(net, sample, dim, seed=0)
    named = dict(module.named_parameters())
    wrong = [name for name, own in named.items() if own.dtype != torch.float32 or not own.requires_grad]
    if wrong or not named:
        raise _refusal(net, "parameters", names=_listed(wrong) or "-")
    if buffers := [name for name, _ in module.named_buffers()]:
        raise _refusal(net, "buffers", names=_listed(buffers))
    x = torch.randn(_SAMPLES, *sample, generator=torch.Generator().manual_seed(0))
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        try:
            seen, again, fewer = module(x), module(x), module(x[:_FEWER])
        except Exception as error:  # somebody else's module may fail in any way
            raise _refusal(net, "failed", sample=sample, reason=one_line(error)) from None
        if not isinstance(seen, Tensor) or seen.shape != (_SAMPLES, dim) or seen.dtype != torch.float32:
            found = f"{seen.dtype} {tuple(seen.shape)}" if isinstance(seen, Tensor) else type(seen).__name__
            raise _refusal(net, "output", found=found, count=_SAMPLES, expected=(_SAMPLES, dim))
        if not torch.equal(seen, again) or any(part.p > 0 for part in _dropouts(module)):
            raise _refusal(net, "random")
        if not torch.allclose(seen[:_FEWER], fewer, rtol=1e-3, atol=1e-5):
            raise _refusal(net, "batch")
        layout = _layout(module)
        frames = {other: _frame(net, sample, other) for other in _DIMS}  # all of them now, before a step is traced
        if any(frame and other != dim and _layout(frame) == layout for other, frame in frames.items()):
            raise _refusal(net, "dimensions")
        stacked = {name: torch.stack([own, own]) for name, own in named.items()}
        try:
            net.stacked(stacked, x)
            with FakeTensorMode(allow_non_fake_inputs=True):  # tensors that hold nothing, so nothing can depend on it
                net.stacked({name: torch.empty_like(own) for name, own in stacked.items()}, torch.empty_like(x))
        except Exception as error:
            raise _refusal(net, "together", reason=one_line(error)) from None
    return layout


def _dropouts(module: nn.Module) -> list[_DropoutNd]:
    """Return what throws away a share ``p`` of the numbers at random."""
    return [part for part in module.modules() if isinstance(part, _DropoutNd)]


def _built(net: Module, sample: tuple[int, ...], dim: int, seed: int) -> nn.Module:
    """Build the module from a seed, and leave PyTorch's global generator as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        try:
            module: object = net.build(tuple(sample), dim)
        except Exception as error:
            raise _refusal(net, "failed", sample=tuple(sample), reason=one_line(error)) from None
    if not isinstance(module, nn.Module):
        raise _refusal(net, "no_module", found=type(module).__name__)
    for part in _dropouts(module):
        part.train(part.p > 0)  # even of none at all PyTorch would ask chance, which panels side by side may not
    return module


def _layout(module: nn.Module) -> Layout:
    return {name: tuple(own.shape) for name, own in module.named_parameters()}


def _start(module: nn.Module) -> dict[str, Tensor]:
    return {name: own.detach().clone() for name, own in module.named_parameters()}


def _refusal(net: Module, key: str, **values: object) -> Refusal:
    return Refusal("outside.module.refused", net=net.slug, reason=Message.of(f"outside.module.{key}", **values))


def _listed(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:4]) + (", ..." if len(listed) > 4 else "")
