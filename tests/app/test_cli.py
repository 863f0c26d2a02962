"""The command line: what it writes, and the one sentence that it answers wrong input with."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import app
from app import commands
from app.cli import main
from engine.nets import NETS
from engine.recording import Recording
from losses import LOSSES
from toy_data import DATA_SETS


def test_train_writes_a_recording_that_others_read(tmp_path, capsys):
    out = tmp_path / "run.lossgeo"
    arguments = "--loss arcface --set margin=0.5 --loss softmax --steps 6 --steps-per-frame 3 --points 50 --out"
    assert main(["train", *arguments.split(), str(out)]) == 0
    with Recording(out) as recording:
        assert recording.meta["status"] == "done"
        assert [panel["loss"] for panel in recording.meta["experiment"]["panels"]] == ["arcface", "softmax"]
        assert recording.meta["experiment"]["panels"][0]["knobs"]["margin"] == 0.5
        assert [recording.step_of(frame) for frame in range(recording.frames)] == [0, 3, 6]
        assert recording.frame(2).panels[0].embeddings.shape == (50, 2)
        assert recording.checkpoint(6)
    said = capsys.readouterr().out
    assert "arcface" in said
    assert "6 steps" in said


def test_reading_a_command_imports_nothing_that_takes_long():
    look = "import sys, app.cli; app.cli.parser(); print(sorted({name.partition('.')[0] for name in sys.modules}))"
    imported = ast.literal_eval(
        subprocess.run([sys.executable, "-c", look], capture_output=True, check=True).stdout.decode()
    )
    assert not {"torch", "numpy", "pandas", "sklearn", "streamlit", "pydantic"} & set(imported)


def test_the_settings_of_streamlit_are_the_same_from_every_working_folder():
    beside_the_app = Path(app.__file__).parent / ".streamlit" / "config.toml"
    assert beside_the_app.read_bytes() == Path(".streamlit/config.toml").read_bytes()


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("--loss arcface --set margin=9", "margin is 9.0, but must lie between"),
        ("--loss arcface --set margin=nan", "margin is nan, but must lie between"),
        ("--loss arcface --set margin=wide", "margin is 'wide', but must be a number"),
        ("--loss arcface --set margin", "'margin' is not of the form knob=value"),
        ("--loss arcface --set width=1", "arcface has no knob 'width'; it has: margin"),
        ("--loss arcface --set beyond=mars", "beyond is 'mars', but must be one of: monotonic"),
        ("--loss arkface", "loss is 'arkface', but must be one of: softmax"),
        ("--loss softmax --data cifar", "data is 'cifar', but must be one of: digits"),
        ("--loss softmax --net resnet", "net is 'resnet', but must be one of: mlp"),
        ("--loss softmax --net-set width=1", "width is 1.0, but must lie between 2 and 1024"),
        ("--loss softmax --net cnn --net-set depth=2", "cnn has no knob 'depth'; it has: channels, width"),
        ("--loss softmax --dial classes=99", "classes is 99.0, but must lie between 2 and 10"),
        ("--loss softmax --dim 4", "dim is 4"),
        ("--loss softmax --steps 0", "steps is 0"),
        ("--loss softmax --learning-rate inf", "learning_rate is inf"),
    ],
)
def test_wrong_input_gets_one_sentence(line, part, tmp_path, capsys):
    assert main(["train", *line.split(), "--out", str(tmp_path / "run.lossgeo")]) == 2
    said = capsys.readouterr().err.strip()
    assert part in said
    assert "\n" not in said
    assert not list(tmp_path.iterdir())


def test_an_existing_file_is_not_overwritten(tmp_path, capsys):
    out = tmp_path / "run.lossgeo"
    out.write_text("precious")
    assert main(["train", "--loss", "softmax", "--steps", "1", "--out", str(out)]) == 2
    assert "run.lossgeo" in capsys.readouterr().err
    assert out.read_text() == "precious"


def test_set_before_loss_is_explained(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["train", "--set", "margin=1", "--loss", "arcface", "--out", str(tmp_path / "run.lossgeo")])
    assert stop.value.code == 2
    assert "name the loss first" in capsys.readouterr().err


def test_lists_name_everything(capsys):
    assert main(["losses"]) == 0
    said = capsys.readouterr().out
    assert all(f"\n{slug} " in f"\n{said}" for slug in LOSSES)
    assert main(["nets"]) == 0
    said = capsys.readouterr().out
    assert all(f"\n{slug} " in f"\n{said}" for slug in NETS)
    assert main(["data"]) == 0
    said = capsys.readouterr().out
    assert all(f"\n{slug} " in f"\n{said}" for slug in DATA_SETS)


def test_doctor_trains_for_a_moment(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("LOSS_GEOMETRY_RUNS", str(tmp_path))
    main(["doctor"])
    said = capsys.readouterr().out
    assert "two panels" in said
    assert ", well" in said


def test_a_command_that_is_interrupted_ends_without_a_traceback(monkeypatch, capsys):
    def interrupted(options):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "losses", interrupted)
    assert main(["losses"]) == 130
    assert not capsys.readouterr().err
