"""The command line: what it writes, and the one sentence that it answers wrong input with."""

import ast
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import app
from app.cli.commands import losses, train
from app.cli.main import main, parser
from engine import Experiment, record
from engine.nets import NETS
from engine.recording.reader import Recording
from engine.sweeping.chunks import RECORD_MODES
from engine.sweeping.sweep import MIB
from losses import LOSSES
from toy_data import DATA_SETS


@pytest.mark.parametrize("command", ["train", "sweep"])
def test_what_is_made_ready_beside_training_takes_short_turns(command, tmp_path):
    usual = sys.getswitchinterval()
    try:
        sys.setswitchinterval(0.005)
        out = tmp_path / ("run.lossgeo" if command == "train" else "folder")
        assert main([command, "--loss", "nsl", "--data", "blobs", "--steps", "2", "--out", str(out)]) == 0
        assert sys.getswitchinterval() < 0.001
    finally:
        sys.setswitchinterval(usual)


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
    output = capsys.readouterr()
    assert "arcface" in output.out
    assert "6 steps" in output.out
    assert not output.err


def test_reading_a_command_imports_nothing_that_takes_long():
    look = (
        "import sys; from app.cli.main import parser; parser(); "
        "print(sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    imported = ast.literal_eval(
        subprocess.run([sys.executable, "-c", look], capture_output=True, check=True, timeout=60).stdout.decode()
    )
    assert not {"torch", "numpy", "pandas", "sklearn", "streamlit", "pydantic"} & set(imported)


def test_the_defaults_are_those_of_an_experiment_and_of_a_sweep():
    fields = {name: field.default for name, field in Experiment.model_fields.items()}
    options = vars(parser().parse_args(["sweep", "--loss", "softmax"]))
    shared = set(fields) & set(options) - {"panels"}
    assert len(shared) > 8
    assert {name: options[name] for name in shared} == {name: fields[name] for name in shared}
    assert (options["memory"], options["seeds"], options["record"]) == (MIB, 1, RECORD_MODES[0])


def test_the_settings_of_streamlit_are_the_same_from_every_working_folder():
    beside_the_server = Path(app.__file__).parent / "server" / ".streamlit" / "config.toml"
    assert beside_the_server.read_bytes() == Path(".streamlit/config.toml").read_bytes()


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
        ("--loss softmax --data cifar", "'cifar' is neither a file or folder here nor a data set; data sets are"),
        ("--loss softmax --data=", "'' is neither a file or folder here nor a data set"),
        ("--loss softmax --net resnet", "net is 'resnet', but must be one of: mlp"),
        ("--loss softmax --net-set width=1", "width is 1.0, but must lie between 2 and 1024"),
        ("--loss softmax --net cnn --net-set depth=2", "cnn has no knob 'depth'; it has: channels, width"),
        ("--loss softmax --dial classes=99", "classes is 99.0, but must lie between 2 and 10"),
        ("--loss softmax --dim 4", "dim is 4"),
        ("--loss softmax --steps 0", "steps is 0, but must lie between 1 and 1000000."),
        ("--loss softmax --steps abc", "steps is 'abc', but must be a number between 1 and 1000000."),
        ("--loss softmax --steps 1.5", "steps is 1.5, but must be a whole number between 1 and 1000000."),
        ("--loss softmax --batch 99999999999999999999", "batch is 99999999999999999999, but must lie between"),
        ("--loss softmax --learning-rate inf", "learning_rate is inf"),
        ("--loss softmax --learning-rate fast", "learning_rate is 'fast'"),
        ("--loss arcface --set margin=0.1 --set scale=8 --set margin=0.2", "margin is set twice; set it once."),
        ("--loss softmax --dial classes=4 --dial classes=5", "classes is set twice"),
        ("--loss softmax --net-set depth=1 --net-set depth=2", "depth is set twice"),
        ("--set margin=1 --loss arcface", "--set margin=1 stands before any --loss; name the loss first"),
        ("--loss arcface --set", "--set needs a value"),
        ("--loss arcface --depth 3", "`loss-geometry train` does not take '--depth'"),
        ("--loss arcface more", "`loss-geometry train` does not take 'more'"),
        ("", "`loss-geometry train` needs --loss; `loss-geometry train --help` shows examples."),
    ],
)
def test_wrong_input_gets_one_sentence(line, part, tmp_path, capsys):
    assert main(["train", *line.split(), "--out", str(tmp_path / "run.lossgeo")]) == 2
    output = capsys.readouterr().err.strip()
    assert part in output
    assert "\n" not in output
    assert not list(tmp_path.iterdir())


def test_an_existing_file_is_not_overwritten(tmp_path, capsys):
    out = tmp_path / "run.lossgeo"
    out.write_text("precious")
    assert main(["train", "--loss", "softmax", "--steps", "1", "--out", str(out)]) == 2
    assert "run.lossgeo" in capsys.readouterr().err
    assert out.read_text() == "precious"


@pytest.mark.parametrize(
    ("out", "sentence"),
    [
        ("", "--out is empty, but must name a file, for example run.lossgeo."),
        (".", ". is a folder, but a recording is a file; name one, for example run.lossgeo."),
        ("here/", "here is a folder, but a recording is a file; name one, for example run.lossgeo."),
    ],
)
def test_a_recording_is_a_file(out, sentence, tmp_path, monkeypatch, capsys):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path)
    assert main(["train", "--loss", "softmax", "--out", out]) == 2
    assert capsys.readouterr().err == sentence + "\n"


def test_a_recording_may_have_any_name(tmp_path):
    line = ["train", "--loss", "softmax", "--data", "blobs", "--steps", "2", "--out", str(tmp_path / "run.txt")]
    assert main(line) == 0
    with Recording(tmp_path / "run.txt") as recording:
        assert recording.last_step == 2


def test_all_is_said_in_chinese_as_well(tmp_path, capsys):
    line = ["train", "--loss", "softmax", "--points", "20", "--language", "zh", "--out", str(tmp_path / "run.lossgeo")]
    assert main([*line, "--steps", "abc"]) == 2
    assert capsys.readouterr().err == "steps 为 'abc'，但必须是 1 到 1000000 之间的数。\n"
    assert main([*line, "--steps", "2"]) == 0
    panel, written = capsys.readouterr().out.splitlines()
    assert panel.startswith("softmax           损失 ")
    assert written.startswith("2 步，用时")
    assert main(["losses", "--language", "zh"]) == 0
    output = capsys.readouterr().out
    assert "contrastive       对比损失 (Contrastive loss): " in output
    assert "    balanced        false（true, false）\n                    同类对与异类对分别取平均" in output
    assert main(["nets", "--language", "zh"]) == 0
    assert "mlp               全连接网络: " in capsys.readouterr().out
    assert main(["verify", "softmax", "--language", "zh"]) == 0
    table = capsys.readouterr().out
    assert "检查（比较的数值个数）" in table
    assert "项检查均成立" in table


def test_an_interrupted_training_says_where_it_is(tmp_path, capsys, monkeypatch):
    def interrupted(*arguments_of_record, **options):
        frames = record(*arguments_of_record, **options)
        yield next(frames)
        frames.close()
        raise KeyboardInterrupt

    out = tmp_path / "run.lossgeo"
    with monkeypatch.context() as patched:
        patched.setattr(train, "record", interrupted)
        assert main(["train", "--loss", "softmax", "--out", str(out)]) == 130
    assert capsys.readouterr().err == f"Stopped; what was trained so far is in {out}.\n"
    with Recording(out) as recording:
        assert (recording.meta["status"], recording.frames) == ("stopped", 1)


def test_a_terminal_is_shown_how_far_training_is(tmp_path, monkeypatch):
    termios = pytest.importorskip("termios", reason="there are no terminals of this kind")
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    os.set_blocking(ours, False)
    with os.fdopen(theirs, "w") as terminal, os.fdopen(ours, "rb", buffering=0) as screen:
        monkeypatch.setattr(sys, "stderr", terminal)
        line = ["train", "--loss", "softmax", "--steps", "30", "--points", "20"]
        assert main([*line, "--out", str(tmp_path / "run.lossgeo")]) == 0
        terminal.flush()
        progress = screen.read(100_000).decode()
    assert "/30 [" in progress
    assert "step/s" in progress


def test_a_reader_that_has_seen_enough_is_no_error():
    code = (
        "import sys; from app.cli.main import main; from app.cli.commands import losses; "
        "losses.run = lambda options: [print('line', number) for number in range(100_000)] and 0; "
        "sys.exit(main(['losses']))"
    )
    command = f"{shlex.join([sys.executable, '-c', code])} | head -1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "line 0\n", "")


def test_a_terminal_without_the_letters_gets_the_rest():
    line = [sys.executable, "-m", "app.cli.main", "--language", "zh", "train", "--help"]
    done = subprocess.run(
        line, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"}, check=True, timeout=60
    )
    assert b"loss-geometry train --loss softmax" in done.stdout
    assert b"--steps STEPS         ??????" in done.stdout


def test_lists_name_everything(capsys):
    assert main(["losses"]) == 0
    output = capsys.readouterr().out
    assert all(f"\n{slug} " in f"\n{output}" for slug in LOSSES)
    assert (
        "    margin          0.3 rad  (0 to 3.14159)\n                    By which angle the label must win." in output
    )
    assert main(["nets"]) == 0
    output = capsys.readouterr().out
    assert all(f"\n{slug} " in f"\n{output}" for slug in NETS)
    assert "    depth           2  (1 to 8)\n                    How many hidden layers there are" in output
    assert main(["data"]) == 0
    output = capsys.readouterr().out
    assert all(f"\n{slug} " in f"\n{output}" for slug in DATA_SETS)


def test_a_command_that_is_interrupted_ends_without_a_traceback(monkeypatch, capsys):
    def interrupted(options):
        raise KeyboardInterrupt

    monkeypatch.setattr(losses, "run", interrupted)
    assert main(["losses"]) == 130
    assert not capsys.readouterr().err
