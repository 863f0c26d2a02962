"""One factory makes every control from a knob: its positions, its label, its help."""

import math
from collections.abc import Callable
from typing import Any

import streamlit as st

from app.page.experiment_knobs import Value
from app.page.url_state import shown
from engine.nets import NETS, net_title
from losses import LOSSES, Loss, loss_title
from spec import Knob, Refusal, has_text, text

#: A linear slider has about so many positions: one for each pixel or two of a narrow sidebar.
_POSITIONS = 120

#: A logarithmic slider has so many positions a factor of ten, rounded to two digits.
_PER_DECADE = 20

#: How far below its end a logarithmic slider that starts at 0 goes before it reaches 0.
_DECADES = 3


#: Where the catalogue has the words of knobs that choose from one of our lists.
_WORDS = {"data": "data.set", "setting": "losses.settings"}


def positions(knob: Knob, value: Value) -> tuple[float, ...]:
    """Return where the slider of a numeric knob can stand: its range, its default, and the value as it is.

    A value from a link that lies outside the slider's range, but inside what is allowed, is kept.
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


def written(knob: Knob, value: Value) -> str:
    """Write a value with its unit; an angle in degrees as well."""
    if knob.unit == "rad":
        return f"{shown(value)} rad = {math.degrees(float(value)):.1f}°"
    return shown(value)


def name_of(knob: Knob, language: str) -> str:
    """Return the name of a knob in a language, or the knob's own where the catalogue has none."""
    key = f"ui.knob.{knob.name}"
    return text(key, language) if has_text(key) else knob.name.replace("_", " ")


def label_of(knob: Knob, language: str) -> str:
    """Return the label of a knob: the paper's symbol and the name."""
    symbol = f"${knob.symbol}$ " if knob.symbol and knob.symbol != knob.name else ""
    return symbol + name_of(knob, language)


def help_of(knob: Knob, owner: str, language: str) -> str | None:
    """Return the help of a knob: of the loss (or net, or data set) itself, else what several share, else its own."""
    own = (f"losses.{owner}.knobs.{knob.name}", f"nets.{owner}.knobs.{knob.name}")
    keys = (*own, f"losses.knobs.{knob.name}", f"data.dial.{knob.name}", f"ui.help.{knob.name}")
    found = (text(key, language) for key in keys if has_text(key))
    return next(found, knob.about or None)


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
    owner: str,
    language: str,
    key: str,
    note: Callable[[str], str] = lambda word: "",
) -> None:
    """Show a knob of an owner (a loss, a net, or "") as a slider, a list or a switch that stands at ``value``.

    ``note`` may set something before a word of a list. The value lives with the caller, not in the widget: what
    the widget says goes to ``change``, and the next run of the script brings it back.
    """
    if st.session_state.get(key) != value:  # set only then: a widget that is set snaps back under the hand
        st.session_state[key] = value
    label, hint = label_of(knob, language), help_of(knob, owner, language)

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
            format_func=lambda place: written(knob, place),
        )


def limit_of(knob: Knob, loss: Loss, classes: int, dim: int) -> float | None:
    """Return the limit that geometry sets a knob at the loss's other knobs, or ``None``: asked at the slider's ends."""
    if knob.kind not in {"number", "whole"}:
        return None
    ends = (loss.replace(**{knob.name: end}).advice(classes, dim) for end in knob.slider)
    return next((advice.limit for given in ends for advice in given if advice.knob == knob.name), None)
