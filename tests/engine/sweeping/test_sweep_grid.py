"""What a grid may have beside knobs of losses: the net's, the dimension, the batch, the steps."""

import numpy as np
import pandas as pd
import pytest
from engine_parts import experiment

from engine import Experiment, Panel, train
from engine.recording.reader import Recording
from engine.sweeping.memory import estimate_bytes
from engine.sweeping.sweep import Sweep, summary
from losses import LOSSES
from spec import Refusal


def small(*panels, **settings):
    """An experiment of some milliseconds."""
    return experiment(*panels, **{"steps": 12, "steps_per_frame": 12, "points": 40, **settings})


def test_the_net_and_the_numbers_are_part_of_a_setting():
    grid = {"net.depth": "1,2", "margin": (0.1, 0.2), "batch": "16,32", "dim": (2, 3), "steps": "4:12:2"}
    sweep = Sweep(small("arcface", "softmax", net_knobs={"width": 16}), grid)
    assert len(sweep.settings) == 2 * 2 * 2 * 2 * 2 + 2 * 2 * 2 * 2
    assert [setting.net_knobs["depth"] for setting in sweep.settings] == [1] * 16 + [2] * 16 + [1] * 8 + [2] * 8
    assert {setting.net_knobs["width"] for setting in sweep.settings} == {16}
    first, last = sweep.settings[0], sweep.settings[-1]
    assert (first.numbers, last.numbers) == (
        {"dim": 2, "batch": 16, "steps": 4},
        {"dim": 3, "batch": 32, "steps": 12},
    )


def test_settings_of_another_net_are_trained_in_other_chunks_and_each_as_alone(tmp_path):
    grid = {"net.depth": (1, 3), "scale": "8,16", "batch": "16,24", "dim": "2,3", "steps": (6, 12)}
    sweep = Sweep(small("arcface", seed=3), grid)
    table = sweep.run(tmp_path, progress=False)
    assert len(table) == 2**5
    shared = ["net.depth", "batch", "dim", "steps", "seed"]
    assert (table.groupby("recording")[shared].nunique() == 1).all(axis=None)
    assert table.groupby(shared)["recording"].nunique().eq(1).all()
    for row in table.to_dict("records")[::7]:
        panel = Panel(loss="arcface", knobs={knob.name: row[knob.name] for knob in LOSSES["arcface"].knobs()})
        numbers = {name: row[name] for name in ("dim", "batch", "steps", "seed")}
        own = small(panel, net_knobs={"depth": row["net.depth"], "width": row["net.width"]}, **numbers)
        *_, last = train(own)
        shown = last.panels[0]
        assert (row["test_accuracy"], row["loss_value"]) == (shown.test_accuracy, shown.loss)
        with Recording(tmp_path / row["recording"]) as recording:
            described = Experiment.parse(recording.meta["experiment"])
            assert described.key == row["key"]
            assert described.net_knobs == own.net_knobs
            assert (described.dim, described.batch, described.steps) == (own.dim, own.batch, own.steps)
            # the first frame and the last, however many steps there are
            assert [recording.step_of(frame) for frame in range(recording.frames)] == [0, row["steps"]]
            assert recording.frame(1).panels[row["panel"]].test_accuracy == shown.test_accuracy
    best = summary(table, ["net.depth", "dim"])
    assert best["n"].tolist() == [8] * 4
    assert sorted(zip(best["net.depth"], best["dim"], strict=True)) == [(1, 2), (1, 3), (3, 2), (3, 3)]
    assert {"net.width", "net.depth", "dim", "batch", "steps"} <= set(summary(table))
    assert {str(table[name].dtype) for name in ("net.width", "net.depth", *shared)} == {"int64"}


def test_a_sweep_over_nets_goes_on_where_it_stopped(tmp_path, capsys):
    grid = {"net.depth": (1, 2), "steps": (4, 10)}
    sweep = Sweep(small("softmax"), grid, seeds=2)
    whole = sweep.run(tmp_path, progress=False)
    done = sorted((tmp_path / "chunks").iterdir())
    assert len(done) == 8
    for rows in done[3:]:
        rows.unlink()
    capsys.readouterr()
    again = sweep.run(tmp_path)
    pd.testing.assert_frame_equal(again.drop(columns="seconds"), whole.drop(columns="seconds"))
    bar = capsys.readouterr().err
    steps = sum(pd.read_parquet(rows)["steps"].sum() for rows in done[:3])
    assert f"{steps:.1f}/56.0"[:4] in bar.split("\r")[1]  # it begins with what was done
    assert "56.0/56.0" in bar


def test_memory_is_that_of_the_most_expensive_net_dimension_and_batch():
    def panels(**grid):
        return Sweep(small("contrastive"), grid).plan(memory=8).panels

    alone = panels()
    assert alone > panels(**{"net.width": (128, 512)}) >= panels(**{"net.width": (128, 1024)})
    assert alone > panels(batch=(32, 160))
    assert panels(**{"net.width": (4, 1024)}) == panels(**{"net.width": (1024,)})
    own = small("softmax", net_knobs={"width": 64})
    samples = own.data_set().load()
    wide = small("softmax", net_knobs={"width": 128})
    assert estimate_bytes(own, own.panels[0], samples) < estimate_bytes(wide, wide.panels[0], samples)


@pytest.mark.parametrize(
    ("grid", "sentence"),
    [
        (
            {"depth": (1, 2)},
            "No loss of this sweep has a knob 'depth'; a grid may have: margin, scale, beyond, learning_rate, dim, "
            "batch, steps, net.width, net.depth, data.classes, data.per_class,",
        ),
        ({"net.colour": (1,)}, "No loss of this sweep has a knob 'net.colour'"),
        ({"seed": "0:3:4"}, "No loss of this sweep has a knob 'seed'"),
        ({"net.depth": "1,9"}, "net.depth is 9.0, but must lie between 1 and 8."),
        ({"net.depth": "1:2:3"}, "net.depth is 1.5, but must be a whole number between 1 and 8."),
        ({"data.classes": "1"}, "data.classes is 1.0, but must lie between 2 and 10."),
        ({"dim": (2, 4)}, "dim is 4, but must lie between 2 and 3."),
        ({"batch": "1"}, "batch is 1.0, but must lie between 2 and 4096."),
        ({"steps": (0,)}, "steps is 0, but must lie between 1 and 1000000."),
        ({"steps": "2000000"}, "steps is 2000000.0, but must lie between 1 and 1000000."),
    ],
)
def test_wrong_names_and_values_get_one_sentence(grid, sentence):
    with pytest.raises(Refusal) as refused:
        Sweep(small("arcface"), grid)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_net_that_has_no_knobs_and_one_that_cannot_take_the_data_are_told(tmp_path):
    for net, allowed in (
        ("cnn", "steps, net.channels, net.width, data.classes,"),
        ("lenet_pp", "steps, data.classes,"),
    ):
        assert allowed in str(refusal(Sweep, small("softmax", net=net), {"net.depth": (1,)}))
    wide = Sweep(small("softmax", data="moons", dials={}, net="cnn"), {"batch": (8, 16)})
    assert "cnn" in str(refusal(wide.run, tmp_path / "new"))
    assert not (tmp_path / "new").exists()


def refusal(call, *given):
    with pytest.raises(Refusal) as refused:
        call(*given)
    return refused.value


def test_whole_numbers_of_numpy_and_whole_floats_are_taken():
    one = Sweep(small("softmax"), {"batch": np.array([8, 16]), "net.depth": np.arange(1, 3)}, np.int64(2))
    two = Sweep(small("softmax"), {"batch": (8.0, 16.0), "net.depth": "1,2"}, 2.0)
    assert one == two
    assert type(one.seeds) is type(two.seeds) is int
    assert len(two.run(progress=False, memory=np.int64(64))) == 8


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ((None, {}), "The sweep is of None, but must be of an Experiment."),
        (("arcface", {"margin": [0.1]}), "The sweep is of 'arcface', but must be of an Experiment."),
        ((small("softmax"), None), "The grid is None, but must have the values of each knob under its name, as in"),
        ((small("softmax"), [("margin", [1])]), "The grid is [('margin', [1])], but must have the values"),
        ((small("softmax"), {5: [1]}), "No loss of this sweep has a knob 5; a grid may have: temperature"),
        ((small("softmax"), {}, np.float64(1.5)), "seeds is 1.5, but must be a whole number"),
    ],
)
def test_what_is_no_sweep_gets_one_sentence(given, sentence):
    assert str(refusal(Sweep, *given)).startswith(sentence)
