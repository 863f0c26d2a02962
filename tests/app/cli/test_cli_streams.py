"""The command line where its streams are closed or full, and where it is told to end."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from app.cli.commands import losses, train
from app.cli.main import main
from engine.recording.reader import Recording
from spec import Refusal

TRAIN = "train --loss softmax --data blobs --steps 4 --points 20 --out run.lossgeo"


def shell(line, folder, **environment):
    """Run our command with what a shell makes of its streams; ``losses > /dev/full``."""
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m app.cli.main {line}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), "PYTHONUNBUFFERED": "", **environment},
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(("line", "unbuffered"), [("losses", ""), ("losses", "1"), ("--help", "")])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_list_that_cannot_be_written_is_one_sentence(line, unbuffered, tmp_path):
    said = "What is said cannot be written: No space left on device.\n"
    assert shell(f"{line} > /dev/full", tmp_path, PYTHONUNBUFFERED=unbuffered) == (2, "", said)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_wrong_input_has_its_status_where_nothing_can_be_said(tmp_path):
    assert shell("losses --depth 2> /dev/full", tmp_path) == (2, "", "")


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_keeps_no_command_from_its_work(closed, tmp_path):
    status, said, complained = shell(f"{TRAIN} {closed}", tmp_path)
    assert (status, complained) == (0, "")
    assert ("4 steps in" in said) == (closed == "2>&-")
    with Recording(tmp_path / "run.lossgeo") as recording:
        assert (recording.meta["status"], recording.last_step) == ("done", 4)


@pytest.mark.parametrize("line", ["losses", "--help", "presets --help"])
def test_a_list_for_nobody_is_no_error(line, tmp_path):
    assert shell(f"{line} >&-", tmp_path) == (0, "", "")


def test_a_training_that_is_told_to_end_leaves_one_whole_file(tmp_path):
    path = tmp_path / "run.lossgeo"
    line = "train --loss softmax --data blobs --steps 1000000 --points 20 --out"
    with subprocess.Popen(
        [sys.executable, "-m", "app.cli.main", *line.split(), path], stderr=subprocess.PIPE, text=True
    ) as process:
        deadline, frames = time.monotonic() + 120, 0
        while frames < 3:
            assert time.monotonic() < deadline
            assert process.poll() is None
            with suppress(Refusal), Recording(path) as recording:  # it may be about to begin
                frames = recording.frames
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        complained = process.communicate()[1]
    assert process.returncode == 143
    assert complained == f"Stopped; what was trained so far is in {path}.\n"
    assert [each.name for each in tmp_path.iterdir()] == ["run.lossgeo"]
    with Recording(path) as recording:
        assert recording.meta["status"] == "stopped"
        assert recording.events[-1].kind == "stopped"
        assert recording.frames >= frames
        assert recording.frame(recording.frames - 1).step == recording.last_step


LINES = {
    "train": ["train", "--loss", "softmax", "--out", "x.lossgeo"],
    "sweep": ["sweep", "--loss", "softmax", "--out", "x"],
    "render": ["render", "x.lossgeo", "x.png"],
}


@pytest.mark.parametrize("task", LINES)
@pytest.mark.parametrize("caught", [False, True])
def test_what_is_told_to_end_is_interrupted_once(task, caught, monkeypatch, capsys):
    closed = []

    def told(options):
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt:
            signal.raise_signal(signal.SIGTERM)  # as `timeout` does, to the command and to its group
            closed.append(options.task)
            if not caught:
                raise
        return 130

    monkeypatch.setattr(f"app.cli.commands.{task}.run", told)
    assert main(LINES[task]) == 143
    assert closed == [task]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert not capsys.readouterr().err


def test_other_commands_and_what_others_do_about_it_stay_as_they_are(monkeypatch):
    found = []

    def look(options):
        found.append(signal.getsignal(signal.SIGTERM))
        return 0

    monkeypatch.setattr(losses, "run", look)
    monkeypatch.setattr(train, "run", look)
    assert main(["losses"]) == 0
    thread = threading.Thread(target=main, args=(LINES["train"],))
    thread.start()
    thread.join()
    assert found == [signal.SIG_DFL] * 2
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        assert main(LINES["train"]) == 0
    finally:
        signal.signal(signal.SIGTERM, before)
    assert found[2] is signal.SIG_IGN
