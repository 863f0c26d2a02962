"""The lines about a knob in the lists of losses, nets and data sets."""

from app.cli.terminal import pad, wrap
from spec import Knob, Message, help_of

#: Columns of the name that a list entry begins with.
NAME_COLUMNS = 18

#: Columns of the margin, of a knob's name, and of the whole line.
_MARGIN, _KNOB_COLUMNS, _LINE_COLUMNS = 4, 16, 78


def print_knob(knob: Knob, owner: str, language: str) -> None:
    """Print the name of a knob, its default, what it allows, and what it does. ``owner`` is as in ``help_of``."""
    print(f"{' ' * _MARGIN}{pad(knob.name, _KNOB_COLUMNS)}{describe_range(knob).render(language)}")
    indent = _MARGIN + _KNOB_COLUMNS
    about = help_of(knob, owner, language)
    for line in wrap(about, _LINE_COLUMNS - indent) if about else ():
        print(" " * indent + line)


def describe_range(knob: Knob) -> Message:
    """Say the default of a knob and what it allows."""
    match knob.kind:
        case "choice":
            return Message.of("cli.knob.words", default=knob.default, allowed=", ".join(knob.choices))
        case "switch":
            return Message.of("cli.knob.words", default=str(knob.default).lower(), allowed="true, false")
        case "text":
            return Message.of("cli.knob.name", default=knob.default or "-")
    default, low, high = (_write_number(float(number)) for number in (knob.default, knob.low, knob.high))
    unit = f" {knob.unit}" if knob.unit else ""
    return Message.of("cli.knob.between", default=default + unit, low=low, high=high)


def _write_number(number: float) -> str:
    """Write a number; a whole one with all its digits."""
    return f"{number:.10g}" if number.is_integer() else f"{number:g}"
