"""What every loss owes the engine: it is described, a value, strict with input, pure, and works with moving knobs."""

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
from verification.comparison import Finding, Topic, close, facts, knobs_shown

_DESCRIBED = Topic.of("described", "contract")
_VALUE = Topic.of("value", "contract")
_REFUSES = Topic.of("refuses", "contract")
_PRECISE = Topic.of("precise", "float64")
_PURE = Topic.of("pure", "contract")
_REACHES = Topic.of("reaches", "autograd")
_ORDER = Topic.of("order", "contract")
_ALONE = Topic.of("tensor_knobs", "plain_knobs")
_STACKED = Topic.of("vmap", "plain_knobs")
_OBSERVES = Topic.of("observes", "contract")


def described(loss: type[Loss], knobs: Knobs) -> Iterator[Finding]:
    """Title, family, formula, source, and of every knob symbol, words and a sensible range."""
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
    yield facts(_DESCRIBED, true)


def _sensible(knob: Knob) -> dict[str, bool]:
    return {
        "symbol": bool(knob.symbol),
        "finite range": math.isfinite(knob.low) and math.isfinite(knob.high),
        "slider in range": knob.low <= knob.slider[0] <= float(knob.default) <= knob.slider[1] <= knob.high,
        "logarithm above 0": not (knob.log and knob.slider[0] <= 0),
    }


def value(loss: type[Loss], knobs: Knobs) -> Iterator[Finding]:
    """Equal knobs make equal losses, other knobs others."""
    same = loss(**knobs)
    true = {"equal": loss(**knobs) == same, "hash": hash(loss(**knobs)) == hash(same)}
    if knobs:
        true |= {"differs": same != loss(), "replace": loss().replace(**knobs) == same}
    yield facts(_VALUE, true, knobs_shown(knobs))


def refuses(loss: type[Loss], knobs: Knobs) -> Iterator[Finding]:
    """Bad knobs and bad batches get one sentence."""
    true = {}
    for knob in loss.knobs():
        bad = [math.nan, "3", None, [1.0], knob.high + 1, knob.low - 1] + [math.inf] * (knob.high < math.inf)
        for wrong in bad:
            true[f"{knob.name}={wrong}"] = _refused(partial(loss, **{knob.name: wrong}), knob.name)
        true[f"{knob.name} with dimensions"] = _refused(partial(loss, **{knob.name: torch.ones(2)}), knob.name)
    some, (z, y) = loss(), batch_of(1, dtype=torch.float32)
    state = some.init(6, 2, generator(0))
    batches: list[tuple[str, str, Any, Any, Any]] = [
        *((f"z: {name}", "", wrong, y, state) for name, wrong in _bad_embeddings(z).items()),
        *((f"y: {name}", "", z, wrong, state) for name, wrong in _bad_labels(y).items()),
    ]
    for name, tensor in state.items():
        batches.append((f"{name}: NaN", name, z, y, {**state, name: tensor * math.nan}))
        batches.append((f"{name}: missing", name, z, y, {key: kept for key, kept in state.items() if key != name}))
        if tensor.ndim == 2:
            batches.append((f"{name}: dimensions", "dimensions", torch.ones(9, 5), y, state))
            batches.append((f"{name}: labels beyond", "between 0 and 5", z, y + 6, state))
    for name, word, *batch in batches:
        true[name] = _refused(partial(some, *batch), word)
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


def _refused(act: Callable[[], object], word: str = "") -> bool:
    try:
        act()
    except Refusal as refusal:
        return word in str(refusal) and "\n" not in str(refusal)
    except Exception:
        return False
    return False


def precise(loss: type[Loss], knobs: Knobs) -> Iterator[Finding]:
    """Shape and precision are those of the input; float32 follows float64."""
    some = loss(**knobs)
    for dim in (2, 3, 5):
        state = some.init(6, dim, np.random.default_rng(0))
        exact = some(*batch_of(1, dim=dim), state)
        for dtype in (torch.float32, torch.float64):
            z, y = batch_of(1, dim=dim, dtype=dtype)
            each, after = some(z, y, state), some.update(z, y, state)
            rows = [tensor for tensor in (some.logits(z, y, state), some.scores(z, state)) if tensor is not None]
            true = {
                "state in float32": all(tensor.dtype == torch.float32 for tensor in state.values()),
                "one number a sample": (each.shape, each.dtype) == ((9,), dtype),
                "one score a class": all((row.shape, row.dtype) == ((9, 6), dtype) for row in rows),
                "shapes after update": {n: t.shape for n, t in after.items()} == {n: t.shape for n, t in state.items()},
            }
            where = f"{knobs_shown(knobs)}; dim={dim}; {dtype}"
            yield facts(Topic.of("shape", "contract"), true, where)
            yield from close(_PRECISE, each, exact, 2e-4, where)


def pure(loss: type[Loss], knobs: Knobs) -> Iterator[Finding]:
    """Nothing given is changed, and only what is said to be moved by rule is moved by it."""
    some = loss(**knobs)
    state, (z, y) = state_of(some, 1), batch_of(2)
    before = {name: tensor.clone() for name, tensor in state.items()}, z.clone(), y.clone()
    some(z, y, state)
    after = some.update(z, y, state)
    some.observe(z, y, state)
    some.scores(z, state)
    true = {f"{name} kept": torch.equal(state[name], tensor) for name, tensor in before[0].items()}
    true |= {"z kept": torch.equal(z, before[1]), "y kept": torch.equal(y, before[2])}
    moved = {name for name in state if not torch.equal(after[name], state[name])}
    yield facts(_PURE, true | {"moved by rule": moved <= loss.non_gradient_state}, knobs_shown(knobs))


def reaches(loss: type[Loss], knobs: Knobs) -> Iterator[Finding]:
    """The gradient reaches embeddings and state, but not what is moved by rule."""
    some, (z, y) = loss(**knobs), batch_of(2)
    state = {name: tensor.requires_grad_() for name, tensor in state_of(some, 1).items()}
    z.requires_grad_()
    found = torch.autograd.grad(some(z, y, state).mean(), [*state.values(), z], allow_unused=True)
    true = {}
    for name, gradient in zip([*state, "z"], found, strict=True):
        true[name] = bool(gradient is not None and gradient.any()) is (name not in loss.non_gradient_state)
    after = some.update(z, y, state)
    yield facts(
        _REACHES, true | {f"{n} after": not after[n].requires_grad for n in loss.non_gradient_state}, knobs_shown(knobs)
    )


def order(loss: type[Loss], knobs: Knobs) -> Iterator[Finding]:
    """The order of the batch does not matter, unless its first samples have a part of their own."""
    if knobs.get("pairs") == "class":
        return
    some = loss(**knobs)
    state, (z, y) = state_of(some, 1), batch_of(2)
    turned = torch.randperm(9, generator=generator(3))
    where = knobs_shown(knobs)
    yield from close(_ORDER, some(z[turned], y[turned], state), some(z, y, state)[turned], 1e-9, where)
    after = some.update(z, y, state)
    for name, tensor in some.update(z[turned], y[turned], state).items():
        yield from close(_ORDER, tensor, after[name], 1e-9, f"{where}; {name}")


def moving_knobs(loss: type[Loss], panels: Sequence[Knobs]) -> Iterator[Finding]:
    """Knobs as tensors give what plain ones give, alone and side by side; panels differ in their numbers alone."""
    numbers = [knob.name for knob in loss.knobs() if knob.kind == "number"]
    fixed = {name: chosen for name, chosen in panels[0].items() if name not in numbers}
    plain = [loss(**panel) for panel in panels]
    y, z = batch_of(1)[1], torch.stack([batch_of(seed)[0] for seed in range(len(panels))])
    states = [state_of(some, seed) for seed, some in enumerate(plain)]
    stacked = {name: torch.stack([state[name] for state in states]) for name in states[0]}
    moved = {name: torch.tensor([panel[name] for panel in panels], dtype=torch.float64) for name in numbers}

    def one(state: dict[str, Tensor], z: Tensor, knobs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return _everything(loss(**fixed, **knobs), z, y, state)

    together: dict[str, Tensor] = torch.vmap(one)(stacked, z, moved)
    for k, some in enumerate(plain):
        expected = _everything(some, z[k], y, states[k])
        alone = one(states[k], z[k], {name: values[k] for name, values in moved.items()})
        for name, tensor in expected.items():
            where = f"{knobs_shown(panels[k])}; {name}"
            yield from close(_ALONE, alone[name], tensor, 1e-9, where)
            yield from close(_STACKED, together[name][k], tensor, 1e-9, where)


def _everything(loss: Loss, z: Tensor, y: Tensor, state: dict[str, Tensor]) -> dict[str, Tensor]:
    (by_state, by_z), mean = gradients(loss, z, y, state)
    slopes = {f"gradient of {name}": tensor for name, tensor in by_state.items()}
    after = {f"{name} after": tensor for name, tensor in loss.update(z, y, state).items()}
    return {"mean": mean, "gradient of z": by_z, **slopes, **after}


def observes(loss: type[Loss], knobs: Knobs) -> Iterator[Finding]:
    """What the histogram counts is there for every branch, and finite."""
    some = loss(**knobs)
    state, (z, y) = state_of(some, 1), batch_of(2)
    seen = some.observe(z, y, state)
    true = {"branches": set(seen) == set(loss.branches)}
    true |= {name: tensor.ndim == 1 and bool(torch.isfinite(tensor).all()) for name, tensor in seen.items()}
    yield facts(_OBSERVES, true, knobs_shown(knobs))
