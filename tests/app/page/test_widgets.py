"""The factory of controls: every knob of every loss and data set becomes a control that keeps its value."""

import math
from itertools import pairwise

import pytest
from streamlit.testing.v1 import AppTest

from app.page.experiment_knobs import SETTINGS
from app.page.url_state import write_value
from app.page.widgets import label_of, limit_of, name_of, positions, word_of, write_with_unit
from engine.nets import NETS
from losses import LOSSES
from spec import LANGUAGES, Knob, has_text, help_of, knobs_of, text
from toy_data import DATA_SETS

OWNERS = {
    f"{catalogue}.{slug}": knobs_of(owner)
    for catalogue, owners in (("losses", LOSSES), ("nets", NETS), ("data", DATA_SETS))
    for slug, owner in owners.items()
} | {"experiment": SETTINGS}
OWNED = [(owner, knob) for owner, knobs in OWNERS.items() for knob in knobs]
NUMERIC = [(owner, knob) for owner, knob in OWNED if knob.kind in {"number", "whole"}]


def name(case):
    return case if isinstance(case, str) else case.name


@pytest.mark.parametrize(("owner", "knob"), NUMERIC, ids=name)
def test_a_slider_covers_its_range_and_stands_on_its_default(owner, knob):
    places = positions(knob, knob.default)
    low, high = knob.slider
    assert places[0] == min(low, knob.default)
    assert places[-1] == max(high, knob.default)
    assert knob.default in places
    assert list(places) == sorted(set(places))
    assert all(knob.check(place) == place for place in places)
    assert 3 <= len(places) <= 250
    steps = [b / a if knob.log and a > 0 else b - a for a, b in pairwise(places)]
    widest = 2 if knob.log else max(1.0, (high - low) / 40)
    assert max(steps) <= widest, "no gap that the hand would notice"


@pytest.mark.parametrize(("owner", "knob"), NUMERIC, ids=name)
@pytest.mark.parametrize("end", ["low", "high"])
def test_a_value_outside_the_slider_is_kept(owner, knob, end):
    value = knob.check(getattr(knob, end))
    places = positions(knob, value)
    assert value in places
    assert len({write_with_unit(knob, place) for place in places}) == len(places), "each position has a text of its own"


def test_a_logarithmic_slider_that_starts_at_zero_has_zero_first():
    knob = Knob(name="weight", kind="number", default=0.1, low=0.0, high=10.0, slider=(0.0, 10.0), log=True)
    places = positions(knob, 0.1)
    assert places[:2] == (0.0, 0.01)
    assert places[-1] == 10.0


def test_whole_positions_are_whole():
    knob = Knob(name="classes", kind="whole", default=10, low=2, high=10, slider=(2, 10))
    assert positions(knob, 10) == (2, 3, 4, 5, 6, 7, 8, 9, 10)


def test_an_angle_is_written_in_radians_and_degrees():
    margin = Knob(name="margin", kind="number", default=0.3, unit="rad")
    assert write_with_unit(margin, math.pi / 6) == f"{write_value(math.pi / 6)} rad = 30.0°"
    assert write_with_unit(margin, 0.0) == "0 rad = 0.0°"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("owner", "knob"), OWNED, ids=name)
def test_every_knob_has_a_name_and_a_help_in_both_languages(owner, knob, language):
    assert has_text(f"ui.knob.{knob.name}"), "a name in the catalogue, not the field's own word"
    assert name_of(knob, language) in label_of(knob, language)
    assert help_of(knob, owner, language)
    words = [word_of(knob, word, language) for word in knob.choices]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_help_of_a_knob_is_its_owners_own_before_the_shared_one(language):
    gamma = Knob(name="gamma", kind="number", default=1.0, about="its own words")
    own, shared = text("losses.focal.knobs.gamma", language), text("losses.knobs.gamma", language)
    assert help_of(gamma, "losses.focal", language) == own != shared
    assert help_of(gamma, "losses.circle", language) == shared
    assert help_of(gamma, "nets.mlp", language) == "its own words"
    seed = Knob(name="seed", kind="whole", default=0)
    assert help_of(seed, "experiment", language) == text("experiment.knobs.seed", language)
    assert help_of(seed, "data.blobs", language) == text("data.knobs.seed", language)


def test_a_knob_from_outside_speaks_for_itself():
    knob = Knob(name="strange_thing", kind="number", default=0.5, symbol="q", about="what it does")
    assert label_of(knob, "en") == "$q$ strange thing"
    assert help_of(knob, "losses.outside", "en") == "what it does"


def test_the_limit_stands_where_advice_begins():
    (margin,) = (knob for knob in knobs_of(LOSSES["arcface"]) if knob.name == "margin")
    arcface = LOSSES["arcface"]
    limit = limit_of(margin, arcface(), 10, 2)
    assert limit == pytest.approx(2 * math.pi / 10), "ten class vectors round the circle"
    assert not [a for a in arcface(margin=limit * 0.99).advice(10, 2) if a.knob == "margin"]
    assert [a for a in arcface(margin=limit * 1.01).advice(10, 2) if a.knob == "margin"]
    assert limit_of(margin, arcface(), 3, 2) is None, "three classes leave room for the whole slider"


def sliders_and_lists(owner, place):
    """The script: all knobs of an owner, at their default or at an end of what is allowed."""
    import streamlit as st

    from app.page.experiment_knobs import SETTINGS
    from app.page.widgets import control
    from engine.nets import NETS
    from losses import LOSSES
    from spec import knobs_of
    from toy_data import DATA_SETS

    slug = owner.partition(".")[2]
    knobs = knobs_of({**LOSSES, **NETS, **DATA_SETS}[slug]) if slug else SETTINGS
    for knob in knobs:
        at = (
            knob.default
            if place == "default" or knob.kind in {"choice", "switch", "text"}
            else knob.check(getattr(knob, place))
        )

        def change(value, name=knob.name):
            st.session_state[f"new.{name}"] = value

        control(knob, st.session_state.get(f"new.{knob.name}", at), change, owner=owner, language="en", key=knob.name)


@pytest.mark.parametrize("place", ["default", "low", "high"])
@pytest.mark.parametrize("owner", OWNERS)
def test_every_knob_is_a_control_that_stands_at_its_value_and_tells_a_new_one(owner, place):
    page = AppTest.from_function(sliders_and_lists, args=(owner, place)).run()
    assert not page.exception
    for knob in OWNERS[owner]:
        kinds = {"switch": page.toggle, "choice": page.selectbox, "text": page.text_input}
        widget = kinds.get(knob.kind, page.select_slider)(key=knob.name)
        fixed = place == "default" or knob.kind in {"choice", "switch", "text"}
        value = knob.default if fixed else knob.check(getattr(knob, place))
        assert widget.value == value
        if knob.kind == "switch":
            new = not value
        elif knob.kind == "choice":
            new = knob.choices[-1]
        elif knob.kind == "text":
            new = "mine.npz"
        else:
            new = positions(knob, value)[1]
        widget.set_value(new).run()
        assert not page.exception
        if new != value:
            assert page.session_state[f"new.{knob.name}"] == new
            assert type(page.session_state[f"new.{knob.name}"]) is type(knob.default)
