"""What every loss owes the engine: words, equality, clear refusals, no side effects, and knobs that are tensors."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from losses import Family, Loss, knob_help
from spec import Knob, Refusal
from verification.cases import Knobs, batch_of, generator, gradients, state_of
from verification.comparison import Finding, Topic, close, facts, knob_list

_DESCRIPTION = Topic.of("described", "contract")
_VALUE = Topic.of("value", "contract")
_REFUSES = Topic.of("refuses", "contract")
_PRECISE = Topic.of("precise", "float64")
_PURE = Topic.of("pure", "contract")
_REACHES = Topic.of("reaches", "autograd")
_ORDER = Topic.of("order", "contract")
_ALONE = Topic.of("tensor_knobs", "plain_knobs")
_STACKED = Topic.of("vmap", "plain_knobs")
_OBSERVES = Topic.of("observes", "contract")


def description(loss: type[Loss], knobs: Knobs) -> Iterator[Finding]:
    """Title, family, formula and source are there, and every knob has a symbol, words and a sensible range."""
    cite = loss.cite
    true = {
        "title": bool(loss.title),
        "family": isinstance(loss.family, Family),
        "formula": bool(loss.formula),
        "docstring": bool(loss.__doc__) and not str(loss.__doc__).startswith(f"{loss.__name__}("),
        "cite": all((cite.authors, cite.title, cite.where)) and cite.url.startswith("https://"),
        "year": 1880 < cite.year < 2100,
        "branches": bool(loss.branches),
    }
    for knob in loss.knobs():
        true[f"{knob.name}: words"] = bool(knob_help(loss, knob))
        if knob.kind in {"number", "whole"}:
            true |= {f"{knob.name}: {name}": holds for name, holds in _sensible(knob).items()}
    yield facts(_DESCRIPTION, true)


def _sensible(knob: Knob) -> dict[str, bool]:
    return {
        "symbol": bool(knob.symbol),
        "finite range": math.isfinite(knob.low) and math.isfinite(knob.high),
        "slider in range": knob.low <= knob.slider[0] <= float(knob.default) <= knob.slider[1] <= knob.high,
        "logarithm above 0": not (knob.log and knob.slider[0] <= 0),
    }


def value(loss: type[Loss], knobs: Knobs) -> Iterator[Finding]:
    """Equal knobs make equal losses; other knobs make other losses."""
    twin = loss(**knobs)
    true = {"equal": loss(**knobs) == twin, "hash": hash(loss(**knobs)) == hash(twin)}
    if knobs:
        true |= {"differs": twin != loss(), "replace": loss().replace(**knobs) == twin}
    yield facts(_VALUE, true, knob_list(knobs))


def refuses(loss: type[Loss], knobs: Knobs) -> Iterator[Finding]:
    """Bad knobs and bad batches are refused in one sentence."""
    true = {}
    for knob in loss.knobs():
        bad = [math.nan, "3", None, [1.0], knob.high + 1, knob.low - 1] + [math.inf] * (knob.high < math.inf)
        for wrong in bad:
            true[f"{knob.name}={wrong}"] = _refuses(partial(loss, **{knob.name: wrong}), knob.name)
        true[f"{knob.name} with dimensions"] = _refuses(partial(loss, **{knob.name: torch.ones(2)}), knob.name)
    one, (z, y) = loss(), batch_of(1, dtype=torch.float32)
    state = one.init(6, 2, generator(0))
    batches: list[tuple[str, str, Any, Any, Any]] = [
        *((f"z: {name}", "", wrong, y, state) for name, wrong in _bad_embeddings(z).items()),
        *((f"y: {name}", "", z, wrong, state) for name, wrong in _bad_labels(y).items()),
    ]
    for name, tensor in state.items():
        batches.append((f"{name}: NaN", name, z, y, {**state, name: tensor * math.nan}))
        batches.append((f"{name}: missing", name, z, y, {key: other for key, other in state.items() if key != name}))
        if tensor.ndim == 2:
            batches.append((f"{name}: dimensions", "dimensions", torch.ones(9, 5), y, state))
            batches.append((f"{name}: labels beyond", "between 0 and 5", z, y + 6, state))
    for name, word, *batch in batches:
        true[name] = _refuses(partial(one, *batch), word)
    yield facts(_REFUSES, true)


def _bad_embeddings(z: Tensor) -> dict[str, Any]:
    return {
        "one": z[0],
        "no samples": z[:0],
        "no dimensions": z[:, :0],
        "whole numbers": z.long(),
        "NaN": z * math.nan,
        "infinite": z / 0,
        "NumPy": z.numpy(),
        "three axes": z[None],
    }


def _bad_labels(y: Tensor) -> dict[str, Any]:
    return {
        "too few": y[:-1],
        "floats": y.float(),
        "int32": y.int(),
        "negative": y - 10,
        "two axes": y[:, None],
        "a list": y.tolist(),
    }


def _refuses(act: Callable[[], object], word: str = "") -> bool:
    """Return whether a call ends in a refusal of one line that has the word in it."""
    try:
        act()
    except Refusal as refusal:
        return word in str(refusal) and "\n" not in str(refusal)
    except Exception:
        return False
    return False


def precise(loss: type[Loss], knobs: Knobs) -> Iterator[Finding]:
    """Shape and precision are those of the input, and float32 agrees with float64."""
    one = loss(**knobs)
    for dim in (2, 3, 5):
        state = one.init(6, dim, np.random.default_rng(0))
        exact = one(*batch_of(1, dim=dim), state)
        for dtype in (torch.float32, torch.float64):
            z, y = batch_of(1, dim=dim, dtype=dtype)
            each, after = one(z, y, state), one.update(z, y, state)
            rows = [tensor for tensor in (one.logits(z, y, state), one.scores(z, state)) if tensor is not None]
            true = {
                "state in float32": all(tensor.dtype == torch.float32 for tensor in state.values()),
                "one number a sample": (each.shape, each.dtype) == ((9,), dtype),
                "one score a class": all((row.shape, row.dtype) == ((9, 6), dtype) for row in rows),
                "shapes after update": {n: t.shape for n, t in after.items()} == {n: t.shape for n, t in state.items()},
            }
            where = f"{knob_list(knobs)}; dim={dim}; {dtype}"
            yield facts(Topic.of("shape", "contract"), true, where)
            yield from close(_PRECISE, each, exact, 2e-4, where)


def pure(loss: type[Loss], knobs: Knobs) -> Iterator[Finding]:
    """The inputs stay as they are, and ``update`` moves only the state that ``non_gradient_state`` names."""
    one = loss(**knobs)
    state, (z, y) = state_of(one, 1), batch_of(2)
    before = {name: tensor.clone() for name, tensor in state.items()}, z.clone(), y.clone()
    one(z, y, state)
    after = one.update(z, y, state)
    one.observe(z, y, state)
    one.scores(z, state)
    true = {f"{name} kept": torch.equal(state[name], tensor) for name, tensor in before[0].items()}
    true |= {"z kept": torch.equal(z, before[1]), "y kept": torch.equal(y, before[2])}
    changes = {name for name in state if not torch.equal(after[name], state[name])}
    yield facts(_PURE, true | {"moved by rule": changes <= loss.non_gradient_state}, knob_list(knobs))


def reaches(loss: type[Loss], knobs: Knobs) -> Iterator[Finding]:
    """The gradient reaches the embeddings and the state, but not the state that ``update`` moves."""
    one, (z, y) = loss(**knobs), batch_of(2)
    state = {name: tensor.requires_grad_() for name, tensor in state_of(one, 1).items()}
    z.requires_grad_()
    slopes = torch.autograd.grad(one(z, y, state).mean(), [*state.values(), z], allow_unused=True)
    true = {}
    for name, gradient in zip([*state, "z"], slopes, strict=True):
        true[name] = bool(gradient is not None and gradient.any()) is (name not in loss.non_gradient_state)
    after = one.update(z, y, state)
    yield facts(
        _REACHES, true | {f"{n} after": not after[n].requires_grad for n in loss.non_gradient_state}, knob_list(knobs)
    )


def order(loss: type[Loss], knobs: Knobs) -> Iterator[Finding]:
    """The order of the batch does not matter, except where the first two samples of a class are a pair."""
    if knobs.get("pairs") == "class":
        return
    one = loss(**knobs)
    state, (z, y) = state_of(one, 1), batch_of(2)
    order_ = torch.randperm(9, generator=generator(3))
    where = knob_list(knobs)
    yield from close(_ORDER, one(z[order_], y[order_], state), one(z, y, state)[order_], 1e-9, where)
    after = one.update(z, y, state)
    for name, tensor in one.update(z[order_], y[order_], state).items():
        yield from close(_ORDER, tensor, after[name], 1e-9, f"{where}; {name}")


def tensor_knobs(loss: type[Loss], panels: Sequence[Knobs]) -> Iterator[Finding]:
    """Knobs that are tensors give the same values as plain numbers, alone and under ``vmap``.

    ``panels`` are knobs that differ in their numbers alone.
    """
    numbers = [knob.name for knob in loss.knobs() if knob.kind == "number"]
    fixed = {name: word for name, word in panels[0].items() if name not in numbers}
    plain = [loss(**panel) for panel in panels]
    y, z = batch_of(1)[1], torch.stack([batch_of(seed)[0] for seed in range(len(panels))])
    states = [state_of(each, seed) for seed, each in enumerate(plain)]
    stacked = {name: torch.stack([state[name] for state in states]) for name in states[0]}
    tensors = {name: torch.tensor([panel[name] for panel in panels], dtype=torch.float64) for name in numbers}

    def one(state: dict[str, Tensor], z: Tensor, knobs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return _everything(loss(**fixed, **knobs), z, y, state)

    together: dict[str, Tensor] = torch.vmap(one)(stacked, z, tensors)
    for k, each in enumerate(plain):
        expected = _everything(each, z[k], y, states[k])
        alone = one(states[k], z[k], {name: values[k] for name, values in tensors.items()})
        for name, tensor in expected.items():
            where = f"{knob_list(panels[k])}; {name}"
            yield from close(_ALONE, alone[name], tensor, 1e-9, where)
            yield from close(_STACKED, together[name][k], tensor, 1e-9, where)


def _everything(loss: Loss, z: Tensor, y: Tensor, state: dict[str, Tensor]) -> dict[str, Tensor]:
    (by_state, by_z), mean = gradients(loss, z, y, state)
    slopes = {f"gradient of {name}": tensor for name, tensor in by_state.items()}
    after = {f"{name} after": tensor for name, tensor in loss.update(z, y, state).items()}
    return {"mean": mean, "gradient of z": by_z, **slopes, **after}


def observes(loss: type[Loss], knobs: Knobs) -> Iterator[Finding]:
    """``observe`` returns finite numbers for every branch."""
    one = loss(**knobs)
    state, (z, y) = state_of(one, 1), batch_of(2)
    scalars = one.observe(z, y, state)
    true = {"branches": set(scalars) == set(loss.branches)}
    true |= {name: tensor.ndim == 1 and bool(torch.isfinite(tensor).all()) for name, tensor in scalars.items()}
    yield facts(_OBSERVES, true, knob_list(knobs))
