"""Sweeps: the grid, the table, chunks, and folders that go on where they stopped."""

import itertools
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from engine_parts import experiment, with_bomb
from pandas.testing import assert_frame_equal

from engine import Experiment, Panel, train
from engine.recording.reader import Recording
from engine.sweeping.memory import estimate_bytes
from engine.sweeping.sweep import Sweep, summary
from losses import LOSSES
from spec import Refusal

#: Columns that tell how a row came about and not what came out.
CHUNKED = ["seconds", "key", "recording", "panel"]


def small(*panels, **settings):
    """An experiment of some milliseconds."""
    return experiment(*panels, **{"steps": 12, "steps_per_frame": 12, "points": 40, **settings})


def run(sweep, *place, **options):
    return sweep.run(*place, progress=False, **options)


def test_the_settings_are_the_product_of_the_grid_for_each_loss_with_the_knobs_that_it_has():
    fixed = Panel(loss="arcface", knobs={"beyond": "easy"})
    grid = {"margin": "0.1,0.2", "scale": (4, 8, 16), "learning_rate": (0.01, 0.02), "data.classes": "3,4"}
    sweep = Sweep(small(fixed, "contrastive"), grid)
    expected = [
        ("arcface", *values) for values in itertools.product((0.1, 0.2), (4.0, 8.0, 16.0), (0.01, 0.02), (3, 4))
    ]
    expected += [("contrastive", *values) for values in itertools.product((0.1, 0.2), (None,), (0.01, 0.02), (3, 4))]
    found = [
        (one.loss, one.knobs["margin"], one.knobs.get("scale"), one.learning_rate, one.dials["classes"])
        for one in sweep.settings
    ]
    assert found == expected
    assert [one.number for one in sweep.settings] == list(range(len(expected)))
    assert {one.knobs["beyond"] for one in sweep.settings if one.loss == "arcface"} == {"easy"}
    assert Sweep(sweep.experiment, {name: list(sweep.values[name]) for name in grid}) == sweep


def test_a_row_is_the_same_setting_trained_alone():
    losses = (Panel(loss="arcface"), Panel(loss="center", learning_rate=0.02))
    grid = {"scale": "8,16", "data.classes": (3, 4), "rate": "0.3"}
    table = run(Sweep(small(*losses, seed=5), grid, seeds=2))
    assert len(table) == 2 * (2 * 2 + 2)
    assert table.groupby("setting")["seed"].agg(list).map(tuple).unique().tolist() == [(5, 6)]
    for row in table.to_dict("records"):
        knobs = {knob.name: row[knob.name] for knob in LOSSES[row["loss"]].knobs()}
        panel = Panel(loss=row["loss"], knobs=knobs, learning_rate=row["learning_rate"])
        dials = {"classes": row["data.classes"], "per_class": row["data.per_class"]}
        *_, last = train(small(panel, dials=dials, seed=row["seed"]))
        shown = last.panels[0]
        found = (row["test_accuracy"], row["train_accuracy"], row["loss_value"])
        assert found == (shown.test_accuracy, shown.train_accuracy, shown.loss)
        metrics = {name: row[f"metrics.{name}"] for name in shown.metrics}
        assert metrics == pytest.approx(shown.metrics, rel=0, abs=0, nan_ok=True)
        assert (row["stopped"], row["mode"]) == ("", "exact")
        assert row["learning_rate"] == (0.02 if row["loss"] == "center" else 0.01)


def test_memory_cuts_chunks_and_changes_no_row():
    sweep = Sweep(small("arcface", "triplet"), {"margin": "0.1:0.5:5"})
    side_by_side, one_by_one = run(sweep, memory=1024), run(sweep, memory=1)
    assert_frame_equal(side_by_side.drop(columns=CHUNKED), one_by_one.drop(columns=CHUNKED))
    assert side_by_side["panel"].max() == 9
    assert one_by_one["panel"].max() < 9


def test_chunks_hold_one_seed_and_the_same_dials_and_are_about_equally_large(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    sweep = Sweep(small("arcface"), {"margin": "0:1:65", "data.classes": "3,4"}, seeds=2)
    assert [len(chunk.trials) for chunk in sweep.chunks(sweep.plan(device="cuda").panels)] == [33, 32] * 4
    chunks = sweep.chunks(sweep.plan().panels)
    assert [len(chunk.trials) for chunk in chunks] == [13] * 5 * 4
    for chunk in chunks:
        assert len(chunk.experiment.panels) == len(chunk.trials)
        assert {trial.seed for trial in chunk.trials} == {chunk.experiment.seed}
        assert {trial.setting.dials["classes"] for trial in chunk.trials} == {chunk.experiment.dials["classes"]}
    assert sorted(trial.number for chunk in chunks for trial in chunk.trials) == list(range(260))
    assert [len(chunk.trials) for chunk in sweep.chunks(30)] == [22, 22, 21] * 4


def test_what_is_left_of_a_sweep_is_cut_at_the_same_places():
    sweep = Sweep(small("arcface"), {"margin": "0:1:47"}, seeds=2)
    for panels in (1, 5, 10, 64):
        chunks = [[trial.number for trial in chunk.trials] for chunk in sweep.chunks(panels)]
        for left in (*(chunks[done:] for done in range(len(chunks))), chunks[1::2], chunks[:1]):
            done = {number for chunk in chunks if chunk not in left for number in chunk}
            pairs = frozenset((number // 2, number % 2) for number in done)
            assert [[trial.number for trial in chunk.trials] for chunk in sweep.chunks(panels, done=pairs)] == left


def test_a_panel_is_estimated_to_need_more_for_a_larger_batch_and_for_pairs():
    def mib(loss, **settings):
        own = Experiment(panels=(Panel(loss=loss),), **settings)
        return estimate_bytes(own, own.panels[0], own.data_set().load()) / 2**20

    assert 0.5 < mib("softmax") < mib("softmax", batch=512) < mib("contrastive", batch=512)


def test_the_folder_holds_one_table_twice_and_recordings_that_others_read(tmp_path):
    sweep = Sweep(small("arcface", "softmax"), {"scale": "4,8", "temperature": "0.5,1"}, seeds=2)
    folder = tmp_path / "new" / "folder"
    table = run(sweep, folder, memory=1)
    assert sorted(path.name for path in folder.iterdir()) == [
        ".lock", "chunks", "recordings", "sweep.csv", "sweep.json", "sweep.parquet",
    ]  # fmt: skip
    assert_frame_equal(pd.read_parquet(folder / "sweep.parquet"), table)
    read = pd.read_csv(folder / "sweep.csv")
    assert list(read) == list(table)
    for name in table:
        plain = table[name].astype(object).where(table[name].notna() & (table[name] != ""), None)
        assert read[name].astype(object).where(read[name].notna(), None).tolist() == plain.tolist(), name
    assert json.loads((folder / "sweep.json").read_text())["seeds"] == 2

    assert len(set(table["recording"])) > 1
    for row in table.to_dict("records"):
        with Recording(folder / row["recording"]) as recording:
            assert recording.meta["status"] == "done"
            assert recording.meta["key"] == row["key"] == Experiment.parse(recording.meta["experiment"]).key
            assert [recording.step_of(frame) for frame in range(recording.frames)] == [0, 12]
            shown = recording.frame(1).panels[row["panel"]]
            assert recording.meta["experiment"]["panels"][row["panel"]]["loss"] == row["loss"]
            assert (shown.test_accuracy, shown.loss) == (row["test_accuracy"], row["loss_value"])


def test_all_frames_or_none_are_recorded_where_that_is_asked_for(tmp_path):
    sweep = Sweep(small("arcface", steps_per_frame=5), {"scale": "4,8"})
    every = run(sweep, tmp_path / "all", record="all")
    with Recording(tmp_path / "all" / every["recording"][0]) as recording:
        assert [recording.step_of(frame) for frame in range(recording.frames)] == [0, 5, 10, 12]
    none = run(sweep, tmp_path / "none", record="none")
    assert set(none["recording"]) == {""}
    assert not list((tmp_path / "none" / "recordings").iterdir())
    assert_frame_equal(every.drop(columns=CHUNKED), none.drop(columns=CHUNKED))


SCRIPT = """
import sys
import torch
torch.set_num_threads(2)
from engine import Experiment, Panel
from engine.sweeping.sweep import Sweep
own = Experiment.parse(sys.argv[1])
Sweep(own, {"margin": "0.1:0.3:3", "mining": "all,semi_hard"}, seeds=2).run(sys.argv[2], memory=1, progress=False)
"""


def test_a_killed_sweep_goes_on_where_it_stopped(tmp_path):
    own = small("triplet", batch=64, steps=40)
    sweep = Sweep(own, {"margin": "0.1:0.3:3", "mining": "all,semi_hard"}, seeds=2)
    killed = tmp_path / "killed"
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, own.canonical, str(killed)])
    deadline = time.monotonic() + 60
    while len(list(killed.glob("chunks/*.parquet"))) < 2:
        assert time.monotonic() < deadline, "two chunks were not done within a minute"
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    done = {path: path.stat().st_mtime_ns for path in killed.glob("chunks/*.parquet")}
    assert 2 <= len(done) < 12
    assert set(pd.read_parquet(killed / "sweep.parquet")["setting"]) <= set(range(6))

    table, whole = run(sweep, killed, memory=1), run(sweep, tmp_path / "whole", memory=1)
    assert_frame_equal(table.drop(columns="seconds"), whole.drop(columns="seconds"))
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert sorted(path.name for path in killed.rglob("*")) == (
        sorted(path.name for path in (tmp_path / "whole").rglob("*"))
    )
    changed = {path: path.stat().st_mtime_ns for path in killed.glob("*/*")}
    assert_frame_equal(run(sweep, killed), table)
    assert {path: path.stat().st_mtime_ns for path in killed.glob("*/*")} == changed


def test_another_sweep_and_foreign_files_are_left_alone(tmp_path):
    folder = tmp_path / "sweep"
    run(Sweep(small("arcface"), {"scale": "4,8"}), folder)
    before = {path: path.read_bytes() for path in folder.glob("*.*")}
    for other, options, what in (
        (Sweep(small("arcface"), {"scale": "4,9"}), {}, "grid"),
        (Sweep(small("arcface"), {"scale": "4,8"}, seeds=2), {}, "seeds"),
        (Sweep(small("arcface", steps=13), {"scale": "4,8"}), {}, "experiment"),
        (Sweep(small("arcface"), {"scale": "4,8"}), {"record": "none"}, "record"),
    ):
        with pytest.raises(Refusal, match=rf"holds another sweep, which differs in: {what}; choose"):
            run(other, folder, **options)
    assert {path: path.read_bytes() for path in folder.glob("*.*")} == before

    (tmp_path / "letter.txt").write_text("precious")
    with pytest.raises(Refusal, match="holds files but no sweep"):
        run(Sweep(small("arcface")), tmp_path)
    with pytest.raises(Refusal, match=r"cannot write to .*letter\.txt"):
        run(Sweep(small("arcface")), tmp_path / "letter.txt")
    assert (tmp_path / "letter.txt").read_text() == "precious"


def test_a_folder_in_use_and_damaged_files_are_refused(tmp_path):
    sweep = Sweep(small("arcface"), {"scale": "4,8"})
    run(sweep, tmp_path)
    lock = sqlite3.connect(tmp_path / ".lock", isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    with pytest.raises(Refusal, match="Another process is at work"):
        run(sweep, tmp_path)
    lock.close()
    rows = next((tmp_path / "chunks").iterdir())
    rows.write_bytes(b"no parquet")
    with pytest.raises(Refusal, match=rf"chunks/{rows.name} of the sweep in .* cannot be read"):
        run(sweep, tmp_path)
    rows.unlink()
    assert len(run(sweep, tmp_path)) == 2
    (tmp_path / "sweep.json").write_text("[")
    with pytest.raises(Refusal, match=r"sweep\.json in .* cannot be read"):
        run(sweep, tmp_path)


def test_a_chunk_that_does_not_fit_is_one_sentence_and_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*args, **options):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes")

    monkeypatch.setattr("engine.sweeping.sweep.train_chunk", full)
    with pytest.raises(Refusal, match="A chunk of 1 panels did not fit into memory; go on with less than 9 MiB"):
        run(Sweep(small("arcface")), tmp_path, memory=9)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "chunks", "recordings", "sweep.json"]


def test_a_panel_that_stops_says_so_and_the_others_go_on(monkeypatch):
    with_bomb(monkeypatch)
    table = run(Sweep(small("bomb", "softmax"), {"fuse": (3, 100)}))
    assert table["stopped"].str.contains("step 4").tolist() == [True, False, False]
    assert np.isfinite(table["loss_value"]).all()
    assert table["fuse"].tolist() == [3, 100, pd.NA]
    assert table["fuse"].dtype == "Int64"
    best = summary(table)
    assert best.set_index("setting")["stopped"].sort_index().tolist() == [1, 0, 0]
    alone = run(Sweep(small("bomb"), {"fuse": (2, 3)}))
    assert alone["stopped"].str.contains("loss").all()


def test_the_fast_mode_is_taken(no_compiler):
    table = run(Sweep(small("arcface", mode="fast"), {"scale": "4,8"}))
    assert set(table["mode"]) == {"fast"}
    assert table["test_accuracy"].between(0, 1).all()


def test_the_summary_has_the_best_median_over_seeds_first():
    accuracies = {0: (0.5, 0.9, 0.1), 1: (0.7, 0.7, 0.6), 2: (0.7, 0.8, 0.65)}
    rows = [
        {"setting": setting, "loss": "arcface", "margin": float(setting > 0), "seed": seed, "test_accuracy": accuracy}
        for setting, own in accuracies.items()
        for seed, accuracy in enumerate(own)
    ]
    table = pd.DataFrame(rows).assign(stopped="")
    best = summary(table)
    assert best["setting"].tolist() == [2, 1, 0]
    assert best[["median", "lowest", "highest"]].to_numpy().tolist() == [
        [0.7, 0.65, 0.8],
        [0.7, 0.6, 0.7],
        [0.5, 0.1, 0.9],
    ]
    assert best[["n", "stopped"]].to_numpy().tolist() == [[3, 0]] * 3
    by = summary(table, ["margin"])
    assert by[["margin", "median", "n"]].to_numpy().tolist() == [[1.0, 0.7, 6], [0.0, 0.5, 3]]
