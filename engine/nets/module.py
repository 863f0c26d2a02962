"""A PyTorch module of a package as a net: its embeddings depend only on its parameters and a sample."""

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any, final

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.func import functional_call

from engine.nets.base import Layout, Net, Parameters
from spec import Message, Refusal
from spec.entry_points import one_line

#: The dimensions that embeddings may have.
_DIMS = (2, 3)

#: Layers that zero a share ``p`` of the numbers at random.
_DROPOUTS = (
    nn.Dropout,
    nn.Dropout1d,
    nn.Dropout2d,
    nn.Dropout3d,
    nn.AlphaDropout,
    nn.FeatureAlphaDropout,
)

#: Samples of the batch that a module is tried on, and of a smaller batch.
_SAMPLES, _FEWER = 5, 3

#: Held while a module has the weights of a call in it: one thread may trace a step while another trains.
_LOCK = Lock()


@dataclass(frozen=True, kw_only=True)
class Module(Net):
    """A net built of PyTorch's modules. Derive from it in a package of your own (docs/own_net.md)."""

    @abstractmethod
    def build(self, sample: tuple[int, ...], dim: int) -> nn.Module:
        """Return a new module that makes ``(B, dim)`` of float32 samples ``(B, *sample)``, pictures ``(B, H, W)``.

        The module draws its first weights from PyTorch's global generator, which is seeded before.
        """

    @final
    def layout(self, sample: tuple[int, ...], dim: int) -> Layout:
        """Return the parameters by their dotted names; raise ``Refusal`` where the module cannot be used."""
        return _check(self, tuple(sample), dim)

    @final
    def one(self, weights: Parameters, x: Tensor) -> Tensor:
        """Return the embeddings of samples under the weights of one net."""
        module = self._of(tuple(x.shape[1:]), weights)
        with _LOCK:
            z: Tensor = functional_call(module, dict(weights), (x,))
        return z

    @final
    def init(self, sample: tuple[int, ...], dim: int, generator: torch.Generator) -> dict[str, Tensor]:
        """Return the weights that the module starts with, drawn from a generator."""
        seed = int(torch.randint(2**62, (), generator=generator))
        modules = (_build(self, sample, dim, seed) for _ in range(2))
        start, again = ({name: own.detach().clone() for name, own in one.named_parameters()} for one in modules)
        if any(not torch.equal(start[name], again[name]) for name in start):
            raise _refusal(self, "start")
        return start

    def _of(self, sample: tuple[int, ...], weights: Parameters) -> nn.Module:
        """Return the module with weights of these shapes; the last layer says for which dimension."""
        shapes = {name: tuple(tensor.shape) for name, tensor in weights.items()}
        skeletons = (_skeleton(self, sample, dim) for dim in _DIMS)
        return next(module for module in skeletons if module is not None and _layout(module) == shapes)


@cache
def _skeleton(net: Module, sample: tuple[int, ...], dim: int) -> nn.Module | None:
    """Return the module without memory for its weights, or ``None`` where it cannot be built for a dimension."""
    try:
        return _weightless(_build(net, sample, dim, seed=0))
    except Refusal:
        return None


def _weightless(module: nn.Module) -> nn.Module:
    """Remove a module's weights; those that layers share stay shared, which ``to`` alone would end."""
    first: dict[nn.Parameter, str] = {}
    names = [(name, first.setdefault(own, name)) for name, own in module.named_parameters(remove_duplicate=False)]
    module.to("meta")
    for name, source in names:
        path, _, last = name.rpartition(".")
        setattr(module.get_submodule(path), last, module.get_parameter(source))
    return module


@cache
def _check(net: Module, sample: tuple[int, ...], dim: int) -> Layout:
    """Try a module and return its layout; raise ``Refusal`` with the reason where it cannot be used."""
    module = _build(net, sample, dim, seed=0)
    parameters = dict(module.named_parameters())
    wrong = [name for name, own in parameters.items() if own.dtype != torch.float32 or not own.requires_grad]
    if wrong or not parameters:
        raise _refusal(net, "parameters", names=_join(wrong) or "-")
    if buffers := [name for name, _ in module.named_buffers()]:
        raise _refusal(net, "buffers", names=_join(buffers))
    x = torch.randn(_SAMPLES, *sample, generator=torch.Generator().manual_seed(0))
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        try:
            z, again, fewer = module(x), module(x), module(x[:_FEWER])
        except Exception as error:  # the module of a package may fail in any way
            raise _refusal(net, "failed", sample=sample, reason=one_line(error)) from None
        if not isinstance(z, Tensor) or z.shape != (_SAMPLES, dim) or z.dtype != torch.float32:
            result = f"{z.dtype} {tuple(z.shape)}" if isinstance(z, Tensor) else type(z).__name__
            raise _refusal(net, "output", found=result, count=_SAMPLES, expected=(_SAMPLES, dim))
        if not torch.equal(z, again) or any(part.p > 0 for part in _dropouts(module)):
            raise _refusal(net, "random")
        if not torch.allclose(z[:_FEWER], fewer, rtol=1e-3, atol=1e-5):
            raise _refusal(net, "batch")
        layout = _layout(module)
        skeletons = {other: _skeleton(net, sample, other) for other in _DIMS}  # now, before a step is traced
        if any(own and other != dim and _layout(own) == layout for other, own in skeletons.items()):
            raise _refusal(net, "dimensions")
        stacked = {name: torch.stack([own, own]) for name, own in parameters.items()}
        try:
            net.stacked(stacked, x)
            with FakeTensorMode(allow_non_fake_inputs=True):  # tensors without numbers, so that no branch reads one
                net.stacked({name: torch.empty_like(own) for name, own in stacked.items()}, torch.empty_like(x))
        except Exception as error:
            raise _refusal(net, "together", reason=one_line(error)) from None
    return layout


def _dropouts(module: nn.Module) -> list[Any]:
    """Return the layers of a module that zero a share ``p`` of the numbers at random."""
    return [part for part in module.modules() if isinstance(part, _DROPOUTS)]


def _build(net: Module, sample: tuple[int, ...], dim: int, seed: int) -> nn.Module:
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
        part.train(part.p > 0)  # with a share of zero PyTorch would still draw numbers, which vmap does not allow
    return module


def _layout(module: nn.Module) -> Layout:
    return {name: tuple(own.shape) for name, own in module.named_parameters()}


def _refusal(net: Module, key: str, **values: object) -> Refusal:
    return Refusal("outside.module.refused", net=net.slug, reason=Message.of(f"outside.module.{key}", **values))


def _join(names: Iterable[str]) -> str:
    some = list(names)
    return ", ".join(some[:4]) + (", ..." if len(some) > 4 else "")
