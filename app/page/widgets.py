"""One function makes every control from a knob: its positions, its label, its help."""

import math
from collections.abc import Callable
from typing import Any

import streamlit as st

from app.page.experiment_knobs import Value
from app.page.url_state import write_value
from engine.nets import NETS, net_title
from losses import LOSSES, Loss, loss_title
from spec import Knob, Refusal, has_text, help_of, text

#: About how many positions a linear slider has: one for every pixel or two of a narrow sidebar.
_POSITIONS = 120

#: How many positions a logarithmic slider has for each factor of ten, rounded to two digits.
_PER_DECADE = 20

#: How many factors of ten lie between the end of a logarithmic slider that starts at 0 and its first step above 0.
_DECADES = 3

#: Where the catalogue has the words that these knobs choose from; those of other knobs stand under ``ui.word``.
_WORDS = {"data": "data.set", "setting": "losses.settings"}


def positions(knob: Knob, value: Value) -> tuple[float, ...]:
    """Return the positions of a numeric knob's slider: those of its range, its default, and the value itself.

    A value from a link may lie outside the range of the slider, as long as the knob allows it.
    """
    low, high = knob.slider
    places = _logarithmic(low, high) if knob.log else _linear(low, high, knob.kind == "whole")
    kind = int if knob.kind == "whole" else float
    inside = {kind(place) for place in places if low <= place <= high}
    return tuple(sorted(inside | {kind(knob.default), kind(value)}))


def _linear(low: float, high: float, whole: bool) -> list[float]:
    rough = (high - low) / _POSITIONS
    digit = 10 ** math.floor(math.log10(rough))
    step = next(size * digit for size in (1, 2, 5, 10) if size * digit >= rough * (1 - 1e-9))
    step = max(1, round(step)) if whole else step
    decimals = max(0, -math.floor(math.log10(step)))
    first = math.ceil(low / step - 1e-9)
    count = math.floor(high / step + 1e-9) - first
    return [low, *(round((first + place) * step, decimals) for place in range(count + 1)), high]


def _logarithmic(low: float, high: float) -> list[float]:
    start = low or high / 10**_DECADES
    count = round(_PER_DECADE * math.log10(high / start))
    ladder = [start * (high / start) ** (place / count) for place in range(count + 1)]
    return [low, *(float(f"{place:.2g}") for place in ladder), high]


def write_with_unit(knob: Knob, value: Value) -> str:
    """Write a value with its unit; an angle in degrees as well."""
    if knob.unit == "rad":
        return f"{write_value(value)} rad = {math.degrees(float(value)):.1f}°"
    return write_value(value)


def name_of(knob: Knob, language: str) -> str:
    """Return the name of a knob in a language, or the knob's own where the catalogue has none."""
    key = f"ui.knob.{knob.name}"
    return text(key, language) if has_text(key) else knob.name.replace("_", " ")


def label_of(knob: Knob, language: str) -> str:
    """Return the label of a knob: the paper's symbol and the name."""
    symbol = f"${knob.symbol}$ " if knob.symbol and knob.symbol != knob.name else ""
    return symbol + name_of(knob, language)


def word_of(knob: Knob, word: str, language: str) -> str:
    """Return a word that a knob can take, in a language where the catalogue has it."""
    if knob.name == "loss" and word in LOSSES:
        return loss_title(LOSSES[word], language)
    if knob.name == "net" and word in NETS:
        return net_title(NETS[word], language)
    key = _WORDS.get(knob.name, f"ui.word.{knob.name}") + f".{word}"
    return text(key, language) if has_text(key) else word


def control(
    knob: Knob,
    value: Value,
    change: Callable[[Any], None],
    *,
    language: str,
    key: str,
    owner: str = "experiment",
    note: Callable[[str], str] = lambda word: "",
) -> None:
    """Show a knob at ``value`` as a slider, a list, a text field or a switch.

    ``owner`` says whose knob it is, as in ``help_of``. ``note`` returns what stands before a word of a list. The value
    belongs to the caller, not to the widget: a new value goes to ``change``, and the next run of the script passes it
    in again.
    """
    if st.session_state.get(key) != value:  # only then: a slider that is set while one drags it jumps back
        st.session_state[key] = value
    label, hint = label_of(knob, language), help_of(knob, owner, language) or None

    def report() -> None:
        try:
            change(knob.check(st.session_state[key]))
        except Refusal as refusal:
            st.toast(refusal.message.render(language))

    if knob.kind == "switch":
        st.toggle(label, key=key, help=hint, on_change=report)
    elif knob.kind == "text":
        st.text_input(label, key=key, help=hint, on_change=report)
    elif knob.kind == "choice":
        st.selectbox(
            label,
            knob.choices,
            key=key,
            help=hint,
            on_change=report,
            format_func=lambda word: note(word) + word_of(knob, word, language),
        )
    else:
        st.select_slider(
            label,
            positions(knob, value),
            key=key,
            help=hint,
            on_change=report,
            format_func=lambda place: write_with_unit(knob, place),
        )


def limit_of(knob: Knob, loss: Loss, classes: int, dim: int) -> float | None:
    """Return the limit that geometry sets to a knob, or ``None``, with the other knobs of the loss as they are.

    The advice of the loss names the limit when the knob is beyond it, so the loss is tried at the ends of the slider.
    """
    if knob.kind not in {"number", "whole"}:
        return None
    ends = (loss.replace(**{knob.name: end}).advice(classes, dim) for end in knob.slider)
    return next((advice.limit for advices in ends for advice in advices if advice.knob == knob.name), None)
