"""Links: both ways exact, short, and never a reason to fall over."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.page.experiment_knobs import DEFAULT, SETTINGS, with_settings
from app.page.url_state import MAX_LENGTH, MAX_PANELS, MAX_REFERENCES, Link, read, write
from app.presets import PRESETS
from engine import Experiment, Panel
from engine.config.edits import LEARNING_RATE
from losses import LOSSES
from spec import LANGUAGES, Refusal, knobs_of
from toy_data import DATA_SETS

SIX = ("softmax", "arcface", "triplet", "circle", "huber", "l_gm")


def values_of(knob):
    if knob.kind == "choice":
        return st.sampled_from(knob.choices)
    if knob.kind == "switch":
        return st.booleans()
    if knob.kind == "text":
        return st.sampled_from(["", "mine.npz", "my data (2)", "数据.csv", "0.5", "true"])
    if knob.kind == "whole":
        return st.integers(int(knob.low), int(knob.high))
    return st.floats(knob.low, knob.high, allow_nan=False) | st.just(knob.default)


def knobs_for(knobs):
    return st.fixed_dictionaries({}, optional={knob.name: values_of(knob) for knob in knobs})


rates = st.none() | values_of(LEARNING_RATE)
panels = st.sampled_from(sorted(LOSSES)).flatmap(
    lambda slug: st.builds(Panel, loss=st.just(slug), knobs=knobs_for(knobs_of(LOSSES[slug])), learning_rate=rates)
)


@st.composite
def experiments(draw):
    data = draw(st.sampled_from(sorted(DATA_SETS)))
    fields = draw(knobs_for(SETTINGS))
    if "dim" in fields:
        fields["dim"] = int(fields["dim"])
    return Experiment(
        **fields,
        data=data,
        dials=draw(knobs_for(knobs_of(DATA_SETS[data]))),
        panels=tuple(draw(st.lists(panels, min_size=1, max_size=MAX_PANELS))),
    )


@st.composite
def links(draw):
    curve, compare, against = draw(st.none() | panels), "", ()
    if curve and draw(st.booleans()):
        knobs = {knob.name: knob for knob in knobs_of(LOSSES[curve.loss])}
        compare = draw(st.sampled_from(["default", *knobs]))
        if compare in knobs:
            against = tuple(draw(st.lists(values_of(knobs[compare]), max_size=MAX_REFERENCES)))
    return Link(
        language=draw(st.sampled_from(LANGUAGES)),
        experiment=draw(experiments() | st.just(DEFAULT)),
        run=draw(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", fullmatch=True) | st.just("")),
        frame=draw(st.none() | st.integers(0, 2**31 - 1)),
        curve=curve,
        compare=compare,
        against=against,
    )


def opened(query):
    return read({name: [value] for name, value in query.items()})


@settings(max_examples=150, deadline=None)
@given(links())
def test_every_state_is_a_link_that_restores_it(link):
    restored, wrong = opened(write(link))
    assert wrong == ()
    assert restored == link


@settings(max_examples=50, deadline=None)
@given(links())
def test_what_is_written_is_read_back_and_written_the_same(link):
    query = write(link)
    assert write(opened(query)[0]) == query
    assert all(isinstance(value, str) and len(value) <= MAX_LENGTH for value in query.values())


def test_an_empty_link_is_the_first_example_and_the_other_way_round():
    assert opened({}) == (Link(experiment=PRESETS[0].experiment), ())
    assert write(Link()) == {}


@pytest.mark.parametrize(
    ("link", "query"),
    [
        (Link(language="zh"), {"lang": "zh"}),
        (
            Link(experiment=DEFAULT.model_copy(update={"panels": (Panel(loss="arcface", knobs={"margin": 0.5}),)})),
            {"p1": "arcface", "p1.margin": "0.5"},
        ),
        (
            Link(experiment=DEFAULT.model_copy(update={"seed": 7, "learning_rate": 0.002})),
            {"seed": "7", "learning_rate": "0.002"},
        ),
        (
            Link(experiment=with_settings(DEFAULT, net="cnn", net_knobs={"width": 64})),
            {"net": "cnn", "net.width": "64"},
        ),
        (
            Link(experiment=with_settings(DEFAULT, panels=tuple(Panel(loss=slug) for slug in SIX))),
            {f"p{number}": slug for number, slug in enumerate(SIX, 1)},
        ),
        (Link(run="petals", frame=12), {"p1": "softmax", "p2": "arcface", "run": "petals", "frame": "12"}),
        (
            Link(curve=Panel(loss="focal"), compare="gamma", against=(0.0, 0.5, 5.0)),
            {"curve": "focal", "compare": "gamma", "against": "0,0.5,5"},
        ),
    ],
)
def test_only_what_is_not_the_default_is_written(link, query):
    assert write(link) == query


def test_another_net_begins_with_its_own_knobs():
    wide = with_settings(DEFAULT, net_knobs={"width": 64})
    assert dict(with_settings(wide, net="cnn").net_knobs) == {"channels": 8, "width": 128}
    assert dict(with_settings(wide, net="mlp", seed=1).net_knobs) == {"width": 64, "depth": 2}


def test_a_comparison_belongs_to_the_loss_it_was_chosen_for():
    link, wrong = opened({"p1": "focal", "compare": "gamma"})
    assert (link.curve, wrong) == (Panel(loss="focal"), ())


def test_the_browser_decides_the_language_where_the_link_does_not():
    assert read({}, "zh")[0].language == "zh"
    assert read({"lang": ["en"]}, "zh")[0].language == "en"


WRONG = [
    ({"p1": ["cosine_face"]}, "loss"),
    ({"p1": ["arcface"], "p1.margin": ["4"]}, "margin is 4.0"),
    ({"p1": ["arcface"], "p1.margin": ["nan"]}, "margin is nan"),
    ({"p1": ["arcface"], "p1.margin": ["wide"]}, "margin is 'wide'"),
    ({"p1": ["arcface"], "p1.gamma": ["2"]}, "'p1.gamma'"),
    ({"p1": ["arcface"], "p1.beyond": ["above"]}, "monotonic, raw, cosface, easy"),
    ({"p1": ["softmax"], "p1.bias": ["perhaps"]}, "true or false"),
    ({"p1": ["softmax", "arcface"]}, "p1 stands 2 times"),
    ({"p7": ["softmax"]}, "'p7'"),
    ({"steps": ["1e999"]}, "steps is inf"),
    ({"steps": ["[1, 2]"]}, "steps is '[1, 2]'"),
    ({"steps": ["0"]}, "steps is 0"),
    ({"seed": ["1.5"]}, "whole number"),
    ({"seed": ["9" * 10_000]}, "seed has 10000 characters"),
    ({"learning_rate": ["-1"]}, "learning_rate is -1.0"),
    ({"dim": ["4"]}, "dim is '4'"),
    ({"net": ["transformer"]}, "net is 'transformer'"),
    ({"data": ["imagenet"]}, "data is 'imagenet'"),
    ({"data": ["digits"], "data.classes": ["11"]}, "classes is 11"),
    ({"data.spread": ["0.2"]}, "'data.spread'"),
    ({"net.width": ["1"]}, "width is 1.0"),
    ({"net": ["cnn"], "net.depth": ["2"]}, "'net.depth'"),
    ({"lang": ["fr"]}, "lang is 'fr'"),
    ({"run": ["../../etc/passwd"]}, "id of a run"),
    ({"run": [""]}, "id of a run"),
    ({"frame": ["-1"]}, "frame is -1"),
    ({"curve": ["nothing"]}, "loss"),
    ({"compare": ["beta"]}, "compare is 'beta'"),
    ({"curve": ["focal"], "compare": ["gamma"], "against": ["1,2,3,4"]}, "against must hold"),
    ({"against": ["1"]}, "against must hold"),
    ({"wibble": ["1"]}, "'wibble'"),
    ({"x" * 10_000: ["1"]}, "xxx"),
]


@pytest.mark.parametrize(("query", "words"), WRONG, ids=[words for _, words in WRONG])
def test_a_wrong_part_gets_one_sentence_and_its_default(query, words):
    link, wrong = read(query)
    assert len(wrong) == 1
    assert words in wrong[0].render("en")
    assert len(wrong[0].render("en")) < 400
    assert wrong[0].render("zh") != wrong[0].render("en")
    assert opened(write(link)) == (link, ())


def test_the_other_parts_of_a_wrong_link_are_kept():
    link, wrong = read({"p1": ["arcface"], "p1.margin": ["9"], "p1.scale": ["8"], "seed": ["3"], "lang": ["zh"]})
    assert len(wrong) == 1
    assert link.experiment.panels == (Panel(loss="arcface", knobs={"scale": 8.0}),)
    assert (link.experiment.seed, link.language) == (3, "zh")


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            ["p1", "p1.margin", "p2", "data", "data.classes", "steps", "run", "curve", "compare", "against"]
        )
        | st.text(max_size=20),
        st.lists(
            st.sampled_from(["arcface", "focal", "margin", "1", "1e999", "nan", "blobs", ""]) | st.text(), max_size=3
        ),
    )
)
def test_no_link_at_all_raises(query):
    link, _ = read(query)
    assert opened(write(link)) == (link, ())


@pytest.mark.parametrize("knob", SETTINGS, ids=lambda knob: knob.name)
def test_the_settings_are_those_of_an_experiment(knob):
    default = getattr(DEFAULT, knob.name)
    assert knob.default == (str(default) if knob.kind == "choice" else default)
    fields = {name: getattr(DEFAULT, name) for name in Experiment.model_fields}
    if knob.kind == "choice":
        for word in knob.choices:
            kind = type(default)
            assert getattr(with_settings(DEFAULT, **{knob.name: kind(word)}), knob.name) == kind(word)
        return
    for edge in (knob.low, knob.high):
        assert getattr(Experiment.parse(fields | {knob.name: knob.check(edge)}), knob.name) == edge
    with pytest.raises(Refusal):
        Experiment.parse(fields | {knob.name: knob.high + 1})
