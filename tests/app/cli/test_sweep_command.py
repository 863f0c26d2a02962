"""The command ``sweep``: what it trains, lists and prints, and the one sentence for wrong input."""

import json
import os
import signal
import time

import pandas as pd
import pytest
import torch

from app.cli.main import main
from engine.recording.reader import Recording
from engine.sweeping.chunks import train_chunk

SMALL = "--dial classes=4 --dial per_class=40 --batch 32 --steps 8 --points 40"


def sweep(line, *more):
    return main(["sweep", *line.split(), *SMALL.split(), *map(str, more)])


def test_a_sweep_is_trained_into_a_folder_and_its_best_settings_are_printed(tmp_path, capsys):
    line = "--loss arcface --set beyond=easy --loss softmax --grid margin=0:0.6:3 --grid scale=4,8,16,32 --seeds 2"
    assert sweep(line, "--first-seed", 7, "--out", tmp_path / "out") == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0].split() == ["median", "lowest", "highest", "n", "stopped", "loss", "margin", "scale"]
    assert len(lines) == 12
    assert len({len(line.split()) for line in lines[:-1]}) == 1
    medians = [float(line.split()[0]) for line in lines[1:-1]]
    assert medians == sorted(medians, reverse=True)
    assert lines[-1] == f"26 rows in {tmp_path / 'out'}: sweep.csv, sweep.parquet, recordings/"
    assert "100%" in said.err

    table = pd.read_csv(tmp_path / "out" / "sweep.csv")
    assert table["test_accuracy"].groupby(table["setting"]).median().max() == pytest.approx(medians[0], abs=1e-6)
    assert sorted(set(table["seed"])) == [7, 8]
    assert set(table["beyond"].dropna()) == {"easy"}
    with Recording(tmp_path / "out" / table["recording"][0]) as recording:
        assert recording.meta["experiment"]["steps"] == 8


def test_how_far_it_is_is_shown_in_the_language_of_the_command(tmp_path, capsys):
    assert sweep("--loss arcface --grid scale=4,8 --language zh", "--out", tmp_path) == 0
    bar = capsys.readouterr().err.splitlines()[-1]
    assert bar.strip().split("\r")[-1].startswith("扫描: 100%")
    assert "步/s" in bar


def test_the_same_command_goes_on_and_has_nothing_left_to_do(tmp_path, capsys, no_compiler):
    line = "--loss arcface --grid scale=4,8 --mode fast --record none"
    assert sweep(line, "--out", tmp_path) == 0
    first, table = capsys.readouterr().out, (tmp_path / "sweep.parquet").read_bytes()
    assert sweep(line, "--out", tmp_path) == 0
    assert capsys.readouterr().out == first
    assert (tmp_path / "sweep.parquet").read_bytes() == table


def test_a_plan_is_listed_without_training(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert sweep("--loss arcface --grid margin=0:0.6:13 --grid scale=4,8,16,32,64 --seeds 5 --list") == 0
    said = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert said["settings"] == "65"
    assert said["trainings"] == "325  (seeds: 5)"
    assert said["chunks"] == "25  (panels: 16 at most; at once: 1; memory: 1024 MiB)"
    first = json.loads(said["first"])
    assert [panel["knobs"]["margin"] for panel in first["panels"][:6]] == [0.0] * 5 + [0.05]
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("two_threads")
def test_an_interrupted_sweep_says_how_to_go_on(tmp_path, capsys, monkeypatch):
    line = "--loss arcface --grid scale=4,8 --seeds 2"
    with monkeypatch.context() as patched:

        def held(experiment, *given, tick, **options):
            def until_interrupted(steps):
                deadline = time.monotonic() + 20
                while not (tmp_path / "sweep.csv").exists():
                    assert time.monotonic() < deadline, "the other chunk was not done within 20 seconds"
                    time.sleep(0.01)
                os.kill(os.getpid(), signal.SIGINT)  # as Ctrl-C does
                while time.monotonic() < deadline:
                    tick(0)  # which ends this one
                    time.sleep(0.01)
                raise AssertionError("Ctrl-C did not end the sweep within 20 seconds")

            own = tick if experiment.seed == 0 else until_interrupted
            return train_chunk(experiment, *given, tick=own, **options)

        patched.setattr("engine.sweeping.sweep.train_chunk", held)
        assert sweep(line, "--out", tmp_path) == 130
    assert capsys.readouterr().err.splitlines()[-1] == "Stopped; the same command goes on from here."
    assert pd.read_csv(tmp_path / "sweep.csv")["seed"].tolist() == [0, 0]
    assert sweep(line, "--out", tmp_path) == 0
    assert pd.read_csv(tmp_path / "sweep.csv")["seed"].tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("--loss arcface --grid margin", "'margin' is not of the form knob=values, for example margin=0:0.6:13"),
        ("--loss arcface --grid margin=", "margin has no values"),
        ("--loss arcface --grid margin=0:9:3", "margin is 9.0, but must lie between 0 and 3.14159"),
        ("--loss arcface --grid margin=0:0.6", "margin is '0:0.6', but a range is written"),
        ("--loss arcface --grid scale=4,4", "scale has the value 4.0 twice"),
        ("--loss arcface --grid scale=4 --grid scale=8", "scale is named twice in the grid"),
        ("--loss arcface --set scale=4 --grid scale=4,8", "scale is both set and in the grid"),
        ("--loss arcface --grid data.classes=3,4", "data.classes is both set and in the grid"),
        ("--loss arcface --net-set depth=2 --grid net.depth=1,3", "net.depth is both set and in the grid"),
        ("--loss arcface --grid width=1,2", "No loss of this sweep has a knob 'width'"),
        ("--loss arkface --grid width=1,2", "loss is 'arkface', but must be one of"),
        ("--loss arcface --seeds 0", "seeds is 0, but must lie between"),
        ("--loss arcface --seeds many", "seeds is 'many', but must be a number between 1 and 100000"),
        ("--loss arcface --first-seed x", "seed is 'x', but must be a number between 0 and 2147483647"),
        ("--loss arcface --memory 0", "memory is 0, but must lie between 1 and 16777216."),
        ("--loss arcface --memory much", "memory is 'much', but must be a number between 1 and 16777216."),
        ("--loss arcface --record some", "record is 'some', but must be one of: last, all, adapted, none."),
        ("--loss arcface --mode slow", "mode is 'slow'"),
        ("--loss arcface --grid scale=1:100:60 --grid margin=0:1:60 --seeds 30", "The sweep has 108000 trainings"),
    ],
)
def test_wrong_input_gets_one_sentence(line, part, tmp_path, capsys):
    assert sweep(line, "--out", tmp_path / "out") == 2
    said = capsys.readouterr().err.strip()
    assert part in said
    assert "\n" not in said
    assert not list(tmp_path.iterdir())


def test_a_folder_is_named_for_the_results(capsys):
    assert sweep("--loss arcface") == 2
    assert "--out FOLDER" in capsys.readouterr().err


def test_options_are_written_out(capsys):
    assert sweep("--loss arcface --seed 3") == 2
    assert capsys.readouterr().err == (
        "`loss-geometry sweep` does not take '--seed'; `loss-geometry sweep --help` lists what it takes.\n"
    )


def test_an_empty_name_is_no_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["sweep", "--loss", "arcface", "--out", ""]) == 2
    assert "--out FOLDER" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_plan_and_the_end_are_said_in_chinese_as_well(tmp_path, capsys):
    assert sweep("--loss arcface --grid scale=4,8 --language zh --list") == 0
    said = capsys.readouterr().out
    assert "训练        2（种子：1）" in said
    assert sweep("--loss arcface --grid scale=4,8 --record none --language zh", "--out", tmp_path / "out") == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("2 行，位于")


@pytest.mark.parametrize("line", ["--device cuda", "--device abacus"])
@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is here, so that cuda is no mistake")
def test_a_device_that_is_not_here_is_refused(line, tmp_path, capsys):
    assert sweep(f"--loss arcface {line}", "--out", tmp_path / "out") == 2
    assert "must be one of those that are here: auto, cpu" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
