"""The values that a grid gives a knob: listed, or written as ``4,8,16``, ``0:0.6:13`` or ``1:64:7:log``."""

import math
from collections.abc import Iterable
from itertools import islice
from typing import Any

from engine.config.validation import plain
from spec import Knob, Refusal
from spec.knobs import Value

#: What stands before the name of a dial of the data, or of a knob of the net, in a grid and in the columns of a table.
DIAL, NET = "data.", "net."

#: Numbers of an experiment that a grid may have.
NUMBERS = ("dim", "batch", "steps")

#: Trainings of a sweep at most, and values of a knob: at 10 ms each they are done within the hour.
MOST = 100_000

#: Significant digits of a value inside a range: 0.15 and not 0.15000000000000002, so that it is what one would write.
_DIGITS = 12


def values_of(knob: Knob, given: str | Iterable[Any]) -> tuple[Value, ...]:
    """Return the values of a knob, each once; raise ``Refusal`` where one is wrong or there is none.

    Text is a list with commas, of values or of ranges: ``first:last:count`` evenly spaced with both ends,
    ``first:last:count:log`` with the same ratio from each to the next.
    """
    if isinstance(given, str):
        values = _read(knob, given)
    elif isinstance(given, Iterable):
        listed = islice(given, MOST + 1)
        values = [knob.check(plain(value)) for value in listed]
    else:
        raise Refusal("sweep.not_values", name=knob.name, value=repr(given)[:40])
    if not values:
        raise Refusal("sweep.empty", name=knob.name)
    seen = set()
    for value in values:
        if value in seen:
            raise Refusal("sweep.twice", name=knob.name, value=value)
        seen.add(value)
    return tuple(values)


def _read(knob: Knob, written: str) -> list[Value]:
    if not written.strip() and knob.kind != "text":
        return []
    values: list[Value] = []
    for item in (part.strip() for part in written.split(",")):
        if ":" in item and knob.kind in {"number", "whole"}:
            values += _range(knob, item)
        else:
            values.append(knob.parse(item))
    return values


def _range(knob: Knob, written: str) -> list[Value]:
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
    if not 1 <= count <= MOST:
        raise Refusal("sweep.range_count", name=knob.name, value=shown, most=MOST)
    if log and (first <= 0 or last <= 0):
        raise Refusal("sweep.range_log", name=knob.name, value=shown)
    if count == 1:
        if first != last:
            raise Refusal("sweep.range_one", name=knob.name, value=shown)
        return [knob.check(first)]
    places = (place / (count - 1) for place in range(1, count - 1))
    if log:
        inside = [first * math.exp(place * math.log(last / first)) for place in places]
    else:
        inside = [first + (last - first) * place for place in places]
    return [knob.check(value) for value in (first, *(float(f"{value:.{_DIGITS}g}") for value in inside), last)]
