"""Knobs take what they allow, in their own type, and refuse the rest with one sentence."""

import dataclasses
import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec import Knob, Refusal, choice, knobs_of, param, switch, word


@dataclass(frozen=True, kw_only=True)
class Owner:
    plain: int = 3
    margin: float = param(0.3, symbol="m", low=0.0, high=2.0, slider=(0.1, 1.0), unit="rad", about="the lead")
    bins: int = param(30, symbol="M", low=1, high=100, whole=True, log=True)
    mode: str = choice("soft", "hard", about="how")
    bias: bool = switch(True)


MARGIN, BINS, MODE, BIAS = knobs_of(Owner)


def test_knobs_are_read_from_the_class_and_from_a_value():
    assert [knob.name for knob in knobs_of(Owner)] == ["margin", "bins", "mode", "bias"]
    assert knobs_of(Owner()) == knobs_of(Owner)
    assert (MARGIN.symbol, MARGIN.default, MARGIN.slider, MARGIN.unit) == ("m", 0.3, (0.1, 1.0), "rad")
    assert (BINS.kind, BINS.slider, BINS.log) == ("whole", (1, 100), True)
    assert MODE.choices == ("soft", "hard")
    assert (MARGIN.about, MODE.about) == ("the lead", "how")
    assert dataclasses.replace(Owner(), margin=1.0).margin == 1.0


@pytest.mark.parametrize(
    ("knob", "given", "kept"),
    [
        (MARGIN, 1, 1.0), (MARGIN, 0, 0.0), (MARGIN, 2.0, 2.0), (BINS, 7, 7), (BINS, 7.0, 7),
        (MODE, "hard", "hard"), (BIAS, False, False),
    ],
)  # fmt: skip
def test_what_is_allowed_is_kept_in_the_knobs_own_type(knob, given, kept):
    assert knob.check(given) == kept
    assert type(knob.check(given)) is type(kept)


@pytest.mark.parametrize(
    ("knob", "given", "sentence"),
    [
        (MARGIN, 2.5, "margin is 2.5, but must lie between 0 and 2."),
        (MARGIN, -1, "margin is -1, but must lie between 0 and 2."),
        (MARGIN, math.nan, "margin is nan, but must lie between 0 and 2."),
        (MARGIN, "wide", "margin is 'wide', but must be a number between 0 and 2."),
        (MARGIN, True, "margin is True, but must be a number between 0 and 2."),
        (MARGIN, None, "margin is None, but must be a number between 0 and 2."),
        (BINS, 2.5, "bins is 2.5, but must be a whole number between 1 and 100."),
        (BINS, math.inf, "bins is inf, but must lie between 1 and 100."),
        (MODE, "loud", "mode is 'loud', but must be one of: soft, hard."),
        (MODE, 3, "mode is 3, but must be one of: soft, hard."),
        (BIAS, 1, "bias is 1, but must be true or false."),
        (MODE, "x" * 200, "mode is '" + "x" * 36 + "..., but must be one of: soft, hard."),
    ],
)
def test_the_rest_is_refused_with_one_sentence(knob, given, sentence):
    with pytest.raises(Refusal) as refusal:
        knob.check(given)
    assert str(refusal.value) == sentence


@given(st.floats(0, 2))
def test_numbers_survive_a_link(value):
    assert MARGIN.parse(repr(value)) == value


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(written):
    for knob in knobs_of(Owner):
        try:
            value = knob.parse(written)
        except Refusal as refusal:
            sentence = str(refusal)
        else:
            sentence = f"{knob.name} is {knob.check(value)}"
        assert sentence.startswith(f"{knob.name} is ")


@pytest.mark.parametrize(
    ("knob", "written", "value"),
    [(BINS, "12", 12), (MODE, "hard", "hard"), (BIAS, "True", True), (BIAS, "0", False), (MARGIN, "1e-1", 0.1)],
)
def test_links_and_command_lines_are_read(knob, written, value):
    assert knob.parse(written) == value


def test_a_knob_without_limits_takes_any_finite_or_infinite_number_but_no_nan():
    free = Knob(name="free", kind="number", default=0.0)
    assert free.check(-1e300) == -1e300
    with pytest.raises(Refusal):
        free.check(math.nan)


@dataclass(frozen=True, kw_only=True)
class Named:
    file: str = word(about="which")


def test_a_text_is_a_plain_name_or_nothing():
    (file,) = knobs_of(Named)
    assert (file.kind, file.default, file.about) == ("text", "", "which")
    for name in ("", "a", "mine.npz", "my data (2).csv", "数据.npz", "0123abcd", "a" * 64):
        assert file.check(name) == name == file.parse(name)


@pytest.mark.parametrize(
    "name",
    [
        "..",
        ".hidden",
        "../a",
        "a/b",
        "a\\b",
        "/etc/passwd",
        "C:a",
        "a\n",
        "a\0",
        " a",
        "a ",
        "a.",
        "a" * 65,
        "~",
        "$a",
        3,
        None,
    ],
)
def test_a_text_that_leads_out_of_a_folder_or_is_none_is_refused(name):
    (file,) = knobs_of(Named)
    with pytest.raises(Refusal, match=r"^file is .*must be a plain name"):
        file.check(name)
