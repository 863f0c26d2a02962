"""Knobs: the named, bounded, documented numbers and choices that losses and data sets have."""

import dataclasses
import math
import re
from dataclasses import dataclass
from typing import Any, Literal

from spec.messages import Refusal, has_text, text

Value = float | int | str | bool

# no separator of folders and no dot in front: whatever it names lies in the folder where it is looked for
_WORD = re.compile(r"(?:\w[\w .()-]{0,63}(?<! )(?<!\.))?")


@dataclass(frozen=True, kw_only=True)
class Knob:
    """One knob: its default, what it allows (``low`` to ``high``) and what its slider shows.

    ``kind`` is ``number``, ``whole``, ``choice``, ``switch`` or ``text``; ``unit`` is ``rad`` for angles.
    ``text`` is a plain name, as of a file in a known folder, or nothing; the dials of data sets have it.
    ``slider`` is the range worth exploring, inside the range that is allowed.
    ``about`` is the help of a knob that comes from another package; ours have their help in the catalogue.
    """

    name: str
    kind: Literal["number", "whole", "choice", "switch", "text"]
    default: Value
    symbol: str = ""
    low: float = -math.inf
    high: float = math.inf
    slider: tuple[float, float] = (0.0, 1.0)
    unit: str = ""
    log: bool = False
    choices: tuple[str, ...] = ()
    about: str = ""

    def check(self, value: object) -> Value:
        """Return the value in the knob's own type, or raise ``Refusal`` naming the knob and what it allows."""
        if self.kind == "switch":
            if isinstance(value, bool):
                return value
            raise Refusal("errors.knob_switch", name=self.name, value=_shown(value))
        if self.kind == "choice":
            if isinstance(value, str) and value in self.choices:
                return value
            raise Refusal("errors.knob_choice", name=self.name, value=_shown(value), allowed=", ".join(self.choices))
        if self.kind == "text":
            if isinstance(value, str) and _WORD.fullmatch(value):
                return value
            raise Refusal("errors.knob_text", name=self.name, value=_shown(value))
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._outside("errors.knob_number", value)
        if not self.low <= value <= self.high:  # NaN compares false, so it is refused here as well
            raise self._outside("errors.knob_range", value)
        if self.kind == "whole":
            if value != int(value):
                raise self._outside("errors.knob_whole", value)
            return int(value)
        return float(value)

    def parse(self, written: str) -> Value:
        """Read the value from the text of a link or a command line; raise ``Refusal`` where it is none."""
        if self.kind in {"choice", "text"}:
            return self.check(written)
        if self.kind == "switch":
            return self.check({"true": True, "1": True, "false": False, "0": False}.get(written.lower(), written))
        try:
            number = float(written)
        except ValueError:
            return self.check(written)
        return self.check(number)

    def _outside(self, key: str, value: object) -> Refusal:
        """Return the refusal of something that is no number between the bounds."""
        return Refusal(key, name=self.name, value=_shown(value), low=_bound(self.low), high=_bound(self.high))


def _bound(number: float) -> str:
    """Write a bound: a whole one with all its digits, as 1000000 and not 1e+06."""
    return f"{number:.10g}" if float(number).is_integer() else f"{number:g}"


def _shown(value: object) -> str:
    """Shorten what a stranger sent, so that a sentence stays a sentence."""
    try:
        written = repr(value) if isinstance(value, str) else str(value)
    except ValueError:  # a whole number of more digits than Python puts into words
        written = type(value).__name__
    return written if len(written) <= 40 else written[:37] + "..."


def param(
    default: float,
    *,
    symbol: str,
    low: float,
    high: float,
    slider: tuple[float, float] | None = None,
    unit: str = "",
    log: bool = False,
    whole: bool = False,
    about: str = "",
) -> Any:
    """Declare a numeric knob as a dataclass field."""
    knob = {
        "kind": "whole" if whole else "number",
        "default": default,
        "symbol": symbol,
        "low": low,
        "high": high,
        "slider": slider or (low, high),
        "unit": unit,
        "log": log,
        "about": about,
    }
    return dataclasses.field(default=default, metadata={"knob": knob})


def choice(default: str, *others: str, about: str = "") -> Any:
    """Declare a knob that takes one of several words; the default stands first."""
    knob = {"kind": "choice", "default": default, "choices": (default, *others), "about": about}
    return dataclasses.field(default=default, metadata={"knob": knob})


def switch(default: bool, *, about: str = "") -> Any:
    """Declare a knob that is on or off."""
    return dataclasses.field(default=default, metadata={"knob": {"kind": "switch", "default": default, "about": about}})


def word(default: str = "", *, about: str = "") -> Any:
    """Declare a knob that takes a plain name: letters, digits, spaces and ``. _ - ( )``, or nothing."""
    return dataclasses.field(default=default, metadata={"knob": {"kind": "text", "default": default, "about": about}})


def knobs_of(owner: Any) -> tuple[Knob, ...]:
    """Return the knobs of a dataclass or of its value, in the order of their declaration."""
    return tuple(
        Knob(name=field.name, **field.metadata["knob"])
        for field in dataclasses.fields(owner)
        if "knob" in field.metadata
    )


def help_of(knob: Knob, owner: str, language: str = "en") -> str:
    """Return what a knob does, in words; "" where nobody says it.

    ``owner`` is the place of its owner in the catalogue of texts: ``losses.arcface``, ``nets.mlp``, ``data.digits`` or
    ``experiment``. Its own ``knobs.NAME`` comes first, then the one that all owners of its file share (for a loss,
    ``losses.knobs.NAME``), then the knob's ``about``.
    """
    for place in (owner, owner.partition(".")[0]):
        if has_text(key := f"{place}.knobs.{knob.name}"):
            return text(key, language)
    return knob.about
