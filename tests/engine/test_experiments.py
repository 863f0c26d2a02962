"""Experiments: round trips, keys, and one sentence for everything that is none."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from engine import Experiment, Panel
from losses import LOSSES
from spec import Refusal

SOFTMAX = {"panels": [{"loss": "softmax"}]}


def test_what_is_left_out_has_its_default_and_is_written_out():
    experiment = Experiment(panels=(Panel(loss="arcface", knobs={"margin": 0.5}),))
    written = json.loads(experiment.canonical)
    assert written["panels"][0]["knobs"] == {"beyond": "monotonic", "margin": 0.5, "scale": 16.0}
    assert written["dials"]["classes"] == 10
    assert (written["data"], written["net"], written["dim"], written["batch"]) == ("digits", "mlp", 2, 128)


def test_round_trips_keep_value_key_and_hash():
    experiment = Experiment(panels=(Panel(loss="arcface"), Panel(loss="softmax", knobs={"bias": False})), seed=3, dim=3)
    for copy in (
        Experiment.model_validate_json(experiment.canonical),
        Experiment.parse(experiment.model_dump_json()),
        Experiment.parse(experiment.canonical.encode()),
        Experiment.parse(experiment.model_dump(mode="json")),
    ):
        assert copy == experiment
        assert hash(copy) == hash(experiment)
        assert copy.key == experiment.key


def test_equal_meaning_is_the_same_key_and_another_meaning_is_not():
    base = Experiment.parse(SOFTMAX)
    same = Experiment(panels=(Panel(loss="softmax", knobs={"temperature": 1}),), dials={"classes": 10.0}, steps=660)
    assert same.key == base.key
    keys = {base.key}
    for change in (
        {"seed": 1},
        {"dim": 3},
        {"net": "cnn"},
        {"dials": {"classes": 9}},
        {"panels": [{"loss": "softmax", "knobs": {"bias": False}}]},
        {"panels": [{"loss": "softmax"}] * 2},
        {"steps_per_frame": 5},
    ):
        keys.add(Experiment.parse(SOFTMAX | change).key)
    assert len(keys) == 8


BAD = [
    ({"panels": []}, "panels is"),
    ({"panels": [{"loss": "softmax"}] * 65}, "panels is"),
    ({"panels": [{"loss": "sofmax"}]}, "loss is 'sofmax', but must be one of: softmax"),
    ({"panels": [{"loss": "../../etc/passwd"}]}, "must be one of"),
    ({"panels": [{"loss": "softmax", "knobs": {"margin": 1}}]}, "softmax has no knob 'margin'; it has: temperature"),
    ({"panels": [{"loss": "arcface", "knobs": {"margin": 99}}]}, "margin is 99"),
    ({"panels": [{"loss": "arcface", "knobs": {"margin": True}}]}, "must be a number"),
    ({"panels": [{"loss": "arcface", "knobs": {"margin": "0.5"}}]}, "must be a number"),
    ({"panels": [{"loss": "arcface", "knobs": {"beyond": "x" * 500}}]}, "must be one of"),
    ({"panels": [{"loss": "softmax", "knobs": {"bias": 0}}]}, "must be true or false"),
    ({"panels": [{"loss": "softmax", "colour": "red"}]}, "panels.0.colour"),
    ({"colour": "red"}, "colour"),
    ({"data": "cifar"}, "data is 'cifar', but must be one of: digits"),
    ({"dials": {"colour": 1}}, "digits has no knob 'colour'"),
    ({"dials": {"classes": 1}}, "classes is 1"),
    ({"net": "resnet"}, "net is 'resnet', but must be one of: mlp, cnn"),
    ({"dim": 4}, "dim is 4"),
    ({"dim": True}, "dim is True"),
    ({"batch": 1}, "batch is 1"),
    ({"batch": True}, "batch is True"),
    ({"batch": "128"}, "batch is '128'"),
    ({"batch": 64.5}, "batch is 64.5"),
    ({"steps": 0}, "steps is 0"),
    ({"steps": 10**9}, "steps is 1000000000"),
    ({"steps_per_frame": 0}, "steps_per_frame is 0"),
    ({"points": 0}, "points is 0"),
    ({"seed": -1}, "seed is -1"),
    ({"seed": 2**31}, "seed is"),
    ({"learning_rate": 0}, "learning_rate is 0"),
    ({"learning_rate": float("nan")}, "learning_rate is nan"),
    ({"learning_rate": True}, "learning_rate is True"),
    ({"optimizer": "sgd"}, "optimizer is 'sgd'"),
]


@pytest.mark.parametrize(("change", "sentence"), BAD)
def test_what_is_no_experiment_is_refused_with_one_sentence(change, sentence):
    with pytest.raises(Refusal) as caught:
        Experiment.parse(SOFTMAX | change)
    assert sentence in str(caught.value)
    assert len(str(caught.value)) < 600
    assert "\n" not in str(caught.value)
    with pytest.raises(ValidationError):
        Experiment.model_validate(SOFTMAX | change)


@pytest.mark.parametrize(
    "document",
    [
        "",
        "{",
        "null",
        "[]",
        "7",
        '"softmax"',
        b"\xff\xfe",
        "{}",
        '{"panels": "softmax"}',
        '{"panels": [null]}',
        '{"panels": [{"loss": ["softmax"]}]}',
        '{"panels": [{"loss": "arcface", "knobs": {"margin": NaN}}]}',
        '{"panels": [{"loss": "arcface", "knobs": {"margin": 1e999}}]}',
        '{"panels": [{"loss": "arcface", "knobs": {"margin": [0.5]}}]}',
        '{"panels": [{"loss": "arcface", "knobs": {"margin": null}}]}',
        '{"panels": [{"loss": "arcface", "knobs": {"margin": ' + "9" * 5000 + "}}]}",
        "[" * 100_000,
        '{"panels": [{"loss": "softmax"}], "data": "' + "x" * 2_000_000 + '"}',
    ],
    ids=lambda document: repr(document[:40]),
)
def test_whatever_text_comes_in_the_answer_is_one_short_sentence(document):
    with pytest.raises(Refusal) as caught:
        Experiment.parse(document)
    assert len(str(caught.value)) < 600


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_loss_with_any_allowed_knobs_round_trips(data):
    slug = data.draw(st.sampled_from(sorted(LOSSES)))
    knobs = {}
    for knob in LOSSES[slug].knobs():
        if knob.kind == "choice":
            value = st.sampled_from(knob.choices)
        elif knob.kind == "switch":
            value = st.booleans()
        elif knob.kind == "whole":
            value = st.integers(int(knob.low), int(knob.high))
        else:
            value = st.floats(knob.low, knob.high, allow_nan=False)
        if data.draw(st.booleans()):
            knobs[knob.name] = data.draw(value)
    experiment = Experiment(panels=(Panel(loss=slug, knobs=knobs),))
    copy = Experiment.parse(experiment.canonical)
    assert copy == experiment
    assert copy.key == experiment.key
    for name, value in knobs.items():
        assert getattr(copy.panels[0].make(), name) == value
