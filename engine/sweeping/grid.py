"""The values of a knob in a grid: a list, or text such as ``4,8,16``, ``0:0.6:13`` or ``1:64:7:log``."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

import numpy as np

from engine.config.validation import plain
from spec import Knob, Refusal
from spec.knobs import Value

#: The prefixes of a dial of the data and of a knob of the net, in a grid and in the columns of a table.
DIAL, NET = "data.", "net."

#: Numbers of an experiment that a grid may have.
NUMBERS = ("dim", "batch", "steps")

#: Trainings of a sweep at most, and values of a knob: at 10 ms each, they take less than an hour.
MAX_TRAININGS = 100_000

#: Significant digits of a value inside a range, so that it is 0.15 and not 0.15000000000000002.
_DIGITS = 12


def parse_values(knob: Knob, given: str | Iterable[Any]) -> tuple[Value, ...]:
    """Return the values of a knob; raise ``Refusal`` where one is wrong or there twice, or there is none.

    Text is a list of values or ranges with commas between them: ``first:last:count`` is evenly spaced and includes both
    ends; in ``first:last:count:log`` each value has the same ratio to the one before.
    """
    if isinstance(given, str):
        values = _parse_list(knob, given)
    elif isinstance(given, Iterable):
        values = [knob.check(plain(value)) for value in islice(given, MAX_TRAININGS + 1)]
    else:
        raise Refusal("sweep.not_values", name=knob.name, value=repr(given)[:40])
    if not values:
        raise Refusal("sweep.empty", name=knob.name)
    distinct = set()
    for value in values:
        if value in distinct:
            raise Refusal("sweep.twice", name=knob.name, value=value)
        distinct.add(value)
    return tuple(values)


def _parse_list(knob: Knob, written: str) -> list[Value]:
    if not written.strip() and knob.kind != "text":
        return []
    values: list[Value] = []
    for item in (part.strip() for part in written.split(",")):
        if ":" in item and knob.kind in {"number", "whole"}:
            values += _parse_range(knob, item)
        else:
            values.append(knob.parse(item))
    return values


def _parse_range(knob: Knob, written: str) -> list[Value]:
    shown = repr(written[:40])
    parts = [part.strip() for part in written.split(":")]
    log = parts[3:] == ["log"]
    try:
        if len(parts) != (4 if log else 3):
            raise ValueError
        first, last, count = float(parts[0]), float(parts[1]), int(parts[2])
    except ValueError:
        raise Refusal("sweep.range", name=knob.name, value=shown) from None
    knob.check(first)
    knob.check(last)
    if not 1 <= count <= MAX_TRAININGS:
        raise Refusal("sweep.range_count", name=knob.name, value=shown, most=MAX_TRAININGS)
    if log and (first <= 0 or last <= 0):
        raise Refusal("sweep.range_log", name=knob.name, value=shown)
    if count == 1:
        if first != last:
            raise Refusal("sweep.range_one", name=knob.name, value=shown)
        return [knob.check(first)]
    space = np.geomspace if log else np.linspace
    inside = [float(f"{value:.{_DIGITS}g}") for value in space(first, last, count)[1:-1]]
    return [knob.check(value) for value in (first, *inside, last)]
