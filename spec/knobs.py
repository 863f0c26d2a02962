"""Knobs: the named, bounded, documented numbers and choices of losses, nets and data sets."""

import dataclasses
import math
import re
from dataclasses import dataclass
from typing import Any, Literal

from spec.messages import Refusal, has_text, text

Value = float | int | str | bool

# no folder separator and no dot in front, so that a name cannot lead out of its folder
_WORD = re.compile(r"(?:\w[\w .()-]{0,63}(?<! )(?<!\.))?")


@dataclass(frozen=True, kw_only=True)
class Knob:
    """One knob: its default, its range from ``low`` to ``high``, and the range of its slider.

    ``kind`` is ``number``, ``whole``, ``choice``, ``switch`` or ``text``. ``unit`` is ``rad`` for angles.
    A ``text`` is a plain name or empty, for instance the name of a file in a known folder.
    ``slider`` is the range worth exploring; it lies inside the allowed range. ``log`` makes the slider logarithmic.
    ``about`` is the help text of losses and nets of other packages; ours have theirs in the catalogue.
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
            raise Refusal("errors.knob_switch", name=self.name, value=_shorten(value))
        if self.kind == "choice":
            if isinstance(value, str) and value in self.choices:
                return value
            raise Refusal("errors.knob_choice", name=self.name, value=_shorten(value), allowed=", ".join(self.choices))
        if self.kind == "text":
            if isinstance(value, str) and _WORD.fullmatch(value):
                return value
            raise Refusal("errors.knob_text", name=self.name, value=_shorten(value))
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._outside("errors.knob_number", value)
        if not self.low <= value <= self.high:  # NaN compares false, so it is refused here as well
            raise self._outside("errors.knob_range", value)
        if self.kind == "whole":
            if value != int(value):
                raise self._outside("errors.knob_whole", value)
            return int(value)
        return float(value)

    def parse(self, source: str) -> Value:
        """Read the value from the text of a link or a command line; raise ``Refusal`` where it is not allowed."""
        if self.kind in {"choice", "text"}:
            return self.check(source)
        if self.kind == "switch":
            return self.check({"true": True, "1": True, "false": False, "0": False}.get(source.lower(), source))
        try:
            number = float(source)
        except ValueError:
            return self.check(source)
        return self.check(number)

    def _outside(self, key: str, value: object) -> Refusal:
        """Return the refusal of a value that is not a number between the bounds."""
        return Refusal(key, name=self.name, value=_shorten(value), low=_bound(self.low), high=_bound(self.high))


def _bound(number: float) -> str:
    """Format a bound; a whole one with all its digits, 1000000 and not 1e+06."""
    return f"{number:.10g}" if float(number).is_integer() else f"{number:g}"


def _shorten(value: object) -> str:
    """Return a value from outside as text of at most 40 characters."""
    try:
        shown = repr(value) if isinstance(value, str) else str(value)
    except ValueError:  # a whole number with more digits than Python converts to text
        shown = type(value).__name__
    return shown if len(shown) <= 40 else shown[:37] + "..."


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
    """Declare a knob that takes one of several words; the default is the first."""
    knob = {"kind": "choice", "default": default, "choices": (default, *others), "about": about}
    return dataclasses.field(default=default, metadata={"knob": knob})


def switch(default: bool, *, about: str = "") -> Any:
    """Declare a knob that is on or off."""
    return dataclasses.field(default=default, metadata={"knob": {"kind": "switch", "default": default, "about": about}})


def word(default: str = "", *, about: str = "") -> Any:
    """Declare a knob that takes a plain name: letters, digits, spaces and ``. _ - ( )``, or nothing."""
    return dataclasses.field(default=default, metadata={"knob": {"kind": "text", "default": default, "about": about}})


def knobs_of(owner: Any) -> tuple[Knob, ...]:
    """Return the knobs of a dataclass or of an instance, in the order of declaration."""
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
