"""The input of sweeps: values as they are written, and one sentence for each wrong input."""

import numpy as np
import pytest
from engine_parts import experiment

from engine import Experiment, Panel
from engine.sweeping.grid import parse_values
from engine.sweeping.sweep import Sweep
from spec import Knob, Refusal

NUMBER = Knob(name="scale", kind="number", default=1.0, low=0.0, high=100.0)
WHOLE = Knob(name="bins", kind="whole", default=1, low=1, high=50)


@pytest.mark.parametrize(
    ("knob", "given", "values"),
    [
        (NUMBER, "4,8, 16", (4.0, 8.0, 16.0)),
        (NUMBER, "0:0.6:13", tuple(round(0.05 * place, 2) for place in range(13))),
        (NUMBER, "1:64:7:log", (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)),
        (NUMBER, "9:3:3", (9.0, 6.0, 3.0)),
        (NUMBER, "0,1:3:3,10", (0.0, 1.0, 2.0, 3.0, 10.0)),
        (NUMBER, "7:7:1", (7.0,)),
        (NUMBER, np.linspace(0, 1, 3), (0.0, 0.5, 1.0)),
        (NUMBER, (value for value in (1, 2)), (1.0, 2.0)),
        (WHOLE, "10:50:5", (10, 20, 30, 40, 50)),
        (WHOLE, np.array([3, 5]), (3, 5)),
        (Knob(name="way", kind="choice", default="a", choices=("a", "b")), "b,a", ("b", "a")),
        (Knob(name="way", kind="switch", default=False), "true,false", (True, False)),
        (Knob(name="file", kind="text", default=""), "", ("",)),
    ],
)
def test_values_are_read_as_they_are_written(knob, given, values):
    parsed = parse_values(knob, given)
    assert parsed == values
    assert list(map(type, parsed)) == list(map(type, values))


ARC = {"panels": (Panel(loss="arcface"), Panel(loss="ghm_c"))}


@pytest.mark.parametrize(
    ("grid", "seeds", "sentence"),
    [
        ({"margin": ""}, 1, "margin has no values; give some, for example margin=0.1,0.2 or margin=0:0.6:13."),
        ({"margin": []}, 1, "margin has no values"),
        ({"margin": 0.5}, 1, "margin is 0.5, but a grid has a list of values"),
        ({"margin": "0:0.6:0"}, 1, "margin is '0:0.6:0', but a range has 1 to 100000 values."),
        ({"margin": "0:0.6:999999999"}, 1, "margin is '0:0.6:999999999', but a range has 1 to 100000 values."),
        ({"margin": "0:0.6"}, 1, "margin is '0:0.6', but a range is written FIRST:LAST:COUNT"),
        ({"margin": "0:0.6:2.5"}, 1, "margin is '0:0.6:2.5', but a range is written"),
        ({"margin": "0:0.6:13:lin"}, 1, "margin is '0:0.6:13:lin', but a range is written"),
        ({"margin": "0:0.6:13:log"}, 1, "but both ends of a range with log must be above 0."),
        ({"margin": "0:0.6:1"}, 1, "but a range of one value begins and ends with it."),
        ({"margin": "0:nan:3"}, 1, "margin is nan, but must lie between 0 and 3.14159."),
        ({"margin": "0:9:3"}, 1, "margin is 9.0, but must lie between 0 and 3.14159."),
        ({"margin": "wide"}, 1, "margin is 'wide', but must be a number between 0 and 3.14159."),
        ({"margin": "0.1,,0.2"}, 1, "margin is '', but must be a number"),
        ({"margin": "0.1,0.2,0.1"}, 1, "margin has the value 0.1 twice; each value may stand there once."),
        ({"margin": [True]}, 1, "margin is True, but must be a number"),
        ({"bins": "10:13:3"}, 1, "bins is 11.5, but must be a whole number between 1 and 1000."),
        ({"beyond": "easy,mars"}, 1, "beyond is 'mars', but must be one of: monotonic, raw, cosface, easy."),
        ({"bias": "true,maybe"}, 1, "bias is 'maybe', but must be true or false."),
        ({"gamma": "1,2"}, 1, "No loss of this sweep has a knob 'gamma'; a grid may have: margin, scale, beyond, bins"),
        ({"data.colour": "1"}, 1, "No loss of this sweep has a knob 'data.colour'"),
        ({"data.classes": "3,11"}, 1, "classes is 11.0, but must lie between 2 and 10."),
        ({"learning_rate": "0,0.1"}, 1, "learning_rate is 0.0, but must lie between 1e-06 and 1."),
        ({"margin": "0:1:500", "scale": "1:2:500"}, 1, "The sweep has 250001 trainings, but may have 100000"),
        ({}, 0, "seeds is 0, but must lie between 1 and 100000."),
        ({}, 1.5, "seeds is 1.5, but must be a whole number"),
        ({}, "two", "seeds is 'two', but must be a number"),
    ],
)
def test_wrong_input_gets_one_sentence(grid, seeds, sentence):
    with pytest.raises(Refusal) as refused:
        Sweep(Experiment(**ARC), grid, seeds)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)
    assert refused.value.message.render("zh")


def test_settings_that_are_the_same_and_seeds_beyond_the_last_are_refused():
    twice = (Panel(loss="arcface"), Panel(loss="arcface", knobs={"margin": 0.5}))
    assert len(Sweep(experiment(*twice), {"scale": "4,8"}).settings) == 4
    with pytest.raises(Refusal, match="Two settings of this sweep are the same: arcface"):
        Sweep(experiment(*twice), {"margin": "0.1,0.2"})
    with pytest.raises(Refusal, match="The last seed would be 2147483648, but seeds go up to 2147483647"):
        Sweep(experiment("arcface", seed=2**31 - 2), seeds=3)


@pytest.mark.parametrize(
    ("settings", "options", "sentence"),
    [
        ({}, {"memory": 0}, "memory is 0, but must lie between 1 and"),
        ({}, {"record": "some"}, "record is 'some', but must be one of: last, all, adapted, none."),
        ({}, {"device": "abacus"}, "abacus"),
        ({}, {"language": "fr"}, "language is 'fr', but must be one of: en, zh."),
        ({"dials": {"classes": 3, "held_out": 2}}, {}, "held_out"),
        ({"data": "moons", "dials": {}, "net": "cnn"}, {}, "cnn"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_one_sentence(tmp_path, settings, options, sentence):
    with pytest.raises(Refusal, match=sentence):
        Sweep(experiment("arcface", **settings)).run(tmp_path / "new", progress=False, **options)
    assert not (tmp_path / "new").exists()
    with pytest.raises(Refusal, match=sentence):  # nor is anything passed over where there is no folder
        Sweep(experiment("arcface", **settings)).run(progress=False, **options)
