"""The folder of a sweep beside what other programs do: data that change, files that are removed or damaged."""

import json
import sqlite3

import numpy as np
import pandas as pd
import pytest
from engine_parts import experiment
from pandas.testing import assert_frame_equal

from engine import Experiment, Panel
from engine.recording.writer import Recorder
from engine.sweeping.sweep import Sweep, summary
from spec import Refusal
from toy_data import VARIABLE
from toy_data.user_data import Own, checksum

CHANGED = "The data set own no longer holds what this sweep began with; bring that back, or begin again in another"


def small(*panels, **settings):
    """An experiment of some milliseconds."""
    return experiment(*panels, **{"steps": 12, "steps_per_frame": 12, "points": 40, **settings})


def run(sweep, *place, **options):
    return sweep.run(*place, progress=False, **options)


def refused(sweep, *place, **options):
    with pytest.raises(Refusal) as caught:
        run(sweep, *place, **options)
    assert caught.value.message.render("zh")
    return str(caught.value)


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A file of the user's own; calling this writes another one in its place."""
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    labels = np.arange(60) % 3

    def write(shift, name="mine.npz"):
        x = np.random.default_rng(0).normal(size=(60, 4)) + shift * labels[:, None]
        np.savez(tmp_path / name, x=x, y=labels)

    write(1)
    return write


def own(**dials):
    return Experiment(
        panels=(Panel(loss="softmax"),), data="own", dials={"file": "mine.npz", **dials}, steps=6, points=20
    )


def test_a_sweep_does_not_go_on_with_other_data(tmp_path, mine):
    folder, sweep = tmp_path / "out", Sweep(own(), {}, seeds=2)
    table = run(sweep, folder)
    assert json.loads((folder / "sweep.json").read_text())["data"] == [checksum(Own(file="mine.npz").load())]
    rows = sorted((folder / "chunks").iterdir())
    rows[1].unlink()
    before = (folder / "sweep.csv").read_bytes()
    mine(9)
    assert refused(sweep, folder).startswith(CHANGED)
    assert (folder / "sweep.csv").read_bytes() == before
    assert not rows[1].exists()
    mine(1)
    assert_frame_equal(run(sweep, folder).drop(columns="seconds"), table.drop(columns="seconds"))
    mine(9)
    assert len(run(sweep, tmp_path / "other")) == 2


def test_each_setting_of_the_dials_has_its_own_checksum(tmp_path, mine):
    mine(2, "second.npz")
    folder, sweep = tmp_path / "out", Sweep(own(), {"data.file": ("mine.npz", "second.npz"), "temperature": (1, 2)})
    run(sweep, folder)
    sums = [checksum(Own(file=name).load()) for name in ("mine.npz", "second.npz")]
    assert json.loads((folder / "sweep.json").read_text())["data"] == sums
    mine(3, "second.npz")
    assert refused(sweep, folder).startswith(CHANGED)


def test_data_that_change_while_the_sweep_is_running_end_it(tmp_path, mine, monkeypatch):
    import engine.sweeping.sweep

    train = engine.sweeping.sweep.train_chunk

    def then_another(*given, **options):
        trained = train(*given, **options)
        mine(9)
        return trained

    folder, sweep = tmp_path / "out", Sweep(own(), {}, seeds=2)
    with monkeypatch.context() as patched:
        patched.setattr("engine.sweeping.sweep.train_chunk", then_another)
        assert refused(sweep, folder).startswith(CHANGED)
    assert pd.read_csv(folder / "sweep.csv")["seed"].tolist() == [0]
    mine(1)
    assert run(sweep, folder)["seed"].tolist() == [0, 1]


def test_a_recording_that_is_gone_is_not_named_any_more(tmp_path):
    sweep = Sweep(small("arcface"), {"scale": "4,8"}, seeds=2)
    table = run(sweep, tmp_path)
    first, second = dict.fromkeys(table["recording"])
    content = (tmp_path / first).read_bytes()
    (tmp_path / first).unlink()
    again = run(sweep, tmp_path)
    assert again["recording"].tolist() == ["", second] * 2
    assert_frame_equal(again.drop(columns="recording"), table.drop(columns="recording"))
    for file in (pd.read_csv(tmp_path / "sweep.csv"), pd.read_parquet(tmp_path / "sweep.parquet")):
        assert file["recording"].fillna("").tolist() == ["", second] * 2
    (tmp_path / first).write_bytes(content)  # put back, it is named again
    assert_frame_equal(run(sweep, tmp_path), table)

    (tmp_path / first).unlink()  # its rows removed as well, it is trained again
    (tmp_path / "chunks" / f"{first.split('/')[1].split('.')[0]}.parquet").unlink()
    assert_frame_equal(run(sweep, tmp_path).drop(columns="seconds"), table.drop(columns="seconds"))
    assert (tmp_path / first).is_file()


@pytest.mark.parametrize("written", [b"[", b"[1]", b"\xff\xfe", b"[" * 100_000, b""])
def test_a_plan_that_is_damaged_says_what_helps_and_that_helps(tmp_path, written):
    sweep = Sweep(small("arcface"), {"scale": "4,8"})
    table = run(sweep, tmp_path)
    (tmp_path / "sweep.json").write_bytes(written)
    said = refused(sweep, tmp_path)
    assert said.startswith(f"sweep.json in {tmp_path} cannot be read")
    assert said.endswith("choose another folder, or empty this one.")
    for file in [path for path in tmp_path.rglob("*") if path.is_file()]:
        file.unlink()
    for folder in [path for path in tmp_path.iterdir() if path.is_dir()]:
        folder.rmdir()
    assert_frame_equal(run(sweep, tmp_path).drop(columns="seconds"), table.drop(columns="seconds"))


@pytest.mark.parametrize("device", ["cuda", "tpu"])
def test_a_device_that_is_not_here_is_refused_first(tmp_path, monkeypatch, capsys, device):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    sweep = Sweep(small("arcface"))
    with pytest.raises(Refusal, match=f"The device is '{device}', but must be one that PyTorch has here: cpu"):
        sweep.run(tmp_path / "x", device=device)
    with pytest.raises(Refusal, match=f"The device is '{device}'"):
        sweep.plan(device=device)
    assert not list(tmp_path.iterdir())
    assert capsys.readouterr().err == ""  # no progress of what does not begin


def test_a_disk_that_takes_no_recording_is_one_sentence(tmp_path, monkeypatch):
    def frame(self, step, body):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Recorder, "write_frame", frame)
    sweep = Sweep(small("arcface"))
    assert refused(sweep, tmp_path) == f"The sweep cannot write to {tmp_path}: database or disk is full."


def test_a_table_is_summed_up_as_it_is_read_back(tmp_path):
    table = run(Sweep(small("arcface", "softmax"), {"scale": "4,8"}, seeds=2), tmp_path)
    expected = summary(table)
    read = summary(pd.read_csv(tmp_path / "sweep.csv"))
    assert read["stopped"].tolist() == [0] * 3
    columns = ["setting", "loss", "scale", "median", "lowest", "highest", "n", "stopped"]
    assert_frame_equal(read[columns], expected[columns], check_dtype=False)
    assert list(read) == list(expected)
    assert_frame_equal(summary(pd.read_parquet(tmp_path / "sweep.parquet")), expected)


def test_columns_that_are_not_there_are_refused_with_those_that_are():
    table = run(Sweep(small("softmax"), {"temperature": "1,2"}))
    assert (
        summary(table, "temperature")["temperature"].tolist()
        == summary(table, ["temperature"] * 2)["temperature"].tolist()
    )
    assert len(summary(table.assign(hot=table["temperature"] > 1), ["hot"])) == 2
    for given, options, sentence in (
        ((table, ["foo"]), {}, "The column 'foo' cannot be summed up here; these can: setting, loss, temperature"),
        ((table, ["stopped"]), {}, "The column 'stopped' cannot be summed up here"),
        ((table,), {"of": "foo"}, "The column 'foo' cannot be summed up here; these can: "),
        ((table,), {"of": "loss"}, "The column 'loss' cannot be summed up here"),
        ((table, ["temperature"]), {"of": "temperature"}, "The column 'temperature' cannot be summed up here"),
        ((pd.DataFrame(),), {}, "This is no table of a sweep: it must have the columns seed and stopped."),
    ):
        with pytest.raises(Refusal) as caught:
            summary(*given, **options)
        assert str(caught.value).startswith(sentence)
    with pytest.raises(Refusal) as caught:
        summary(table, of="foo")
    assert "metrics.spread" in str(caught.value)
    assert "loss," not in str(caught.value)
