"""Experiments: round trips, keys, and one sentence for everything that is none."""

import json
from decimal import Decimal

import numpy as np
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
    with pytest.raises(ValidationError) as found:
        Experiment.model_validate(SOFTMAX | change)
    with pytest.raises(Refusal) as made:
        Experiment(**(SOFTMAX | change))
    assert made.value.message == caught.value.message
    said = caught.value.message.render("zh")  # in which nothing stands that pydantic says
    assert not [each["msg"] for each in found.value.errors() if each["msg"].removeprefix("Value error, ") in said]


@pytest.mark.parametrize(
    ("change", "english", "chinese"),
    [
        (
            {"steps": 99_999_999},
            "steps is 99999999, but must lie between 1 and 1000000.",
            "steps 为 99999999，但必须在 1 到 1000000 之间。",
        ),
        (
            {"panels": [{"loss": "softmax"}] * 65},
            "panels is a list of 65, which is not allowed: it may have at most 64.",
            "panels 为 含 65 项的列表，这是不允许的：最多 64 项。",
        ),
        (
            {"mode": "slow"},
            "mode is 'slow', which is not allowed: it must be one of: 'exact', 'fast'.",
            "mode 为 'slow'，这是不允许的：必须是下列之一：'exact', 'fast'。",
        ),
        (
            {"learning_rate": 2},
            "learning_rate is 2, which is not allowed: it must be at most 1.",
            "learning_rate 为 2，这是不允许的：必须不大于 1。",
        ),
        (
            {"learning_rate": "0.1"},
            "learning_rate is '0.1', which is not allowed: it must be a number.",
            "learning_rate 为 '0.1'，这是不允许的：必须是一个数。",
        ),
        (
            {"panels": ["softmax"]},
            "panels.0 is 'softmax', which is not allowed: it must be of the kind Panel, or have its names and values.",
            "panels.0 为 'softmax'，这是不允许的：必须是 Panel 类型，或由其名称和取值组成。",
        ),
        (
            {"panels": [{"loss": "softmax", "colour": "red"}]},
            "panels.0.colour is 'red', which is not allowed: "
            "there is no setting of that name; there are: loss, knobs, learning_rate.",
            "panels.0.colour 为 'red'，这是不允许的：没有这个名称的设置；可用的有：loss, knobs, learning_rate。",
        ),
        (
            {"panels": [{}]},
            "panels.0.loss is missing, which is not allowed: it must be given.",
            "panels.0.loss 为 空缺，这是不允许的：必须给出。",
        ),
        (
            {"data": "x" * 500},
            f"data is '{'x' * 39}, but must be one of: ",
            f"data 为 '{'x' * 39}，但必须是下列之一：",
        ),
        (
            {"dials": "many" * 100},
            f"dials is '{'many' * 14}..., which is not allowed: it must have names and values.",
            f"dials 为 '{'many' * 14}...，这是不允许的：必须由名称和取值组成。",
        ),
    ],
)
def test_what_is_allowed_is_said_in_both_languages(change, english, chinese):
    with pytest.raises(Refusal) as caught:
        Experiment.parse(SOFTMAX | change)
    said = {language: caught.value.message.render(language) for language in ("en", "zh")}
    if "data" in change:  # the list of all of them
        said = {"en": said["en"][: len(english)], "zh": said["zh"][: len(chinese)]}
    assert said == {"en": english, "zh": chinese}


def test_a_panel_by_itself_is_refused_with_one_sentence():
    for wrong, sentence in (
        ({"loss": "arcface", "knobs": {"margin": 9}}, "margin is 9, but must lie between 0 and 3.14159."),
        ({"loss": "arcface", "knobs": {"margin": Decimal("0.5")}}, "margin is 0.5, but must be a number"),
        ({"loss": "arcface", "knobs": {"margin": 10**5000}}, "margin is int, but must lie between 0 and 3.14159."),
        ({"loss": 3}, "loss is 3, which is not allowed: it must be a text."),
        ({"loss": "arcface", "float": 1}, "float is 1, which is not allowed: there is no setting of that name"),
    ):
        with pytest.raises(Refusal) as caught:
            Panel(**wrong)
        assert str(caught.value).startswith(sentence)


def test_numbers_of_numpy_are_numbers():
    made = Experiment(
        panels=(Panel(loss="arcface", knobs={"margin": np.float32(0.5)}, learning_rate=np.float64(0.5)),),
        dim=np.int8(3),
        steps=np.int64(5),
        seed=np.uint32(7),
        learning_rate=np.float32(0.25),
        dials={"classes": np.int64(4)},
        net_knobs={"depth": np.int64(1)},
    )
    plain = Experiment(
        panels=(Panel(loss="arcface", knobs={"margin": 0.5}, learning_rate=0.5),),
        dim=3,
        steps=5,
        seed=7,
        learning_rate=0.25,
        dials={"classes": 4},
        net_knobs={"depth": 1},
    )
    assert made == plain
    assert made.canonical == plain.canonical
    assert type(made.steps) is type(made.net_knobs["depth"]) is int
    assert Panel(loss="softmax", knobs={"bias": np.bool_(False)}).knobs["bias"] is False
    with pytest.raises(Refusal, match=r"steps is 5\.5, but must be a whole number"):
        Experiment(panels=plain.panels, steps=np.float64(5.5))


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
