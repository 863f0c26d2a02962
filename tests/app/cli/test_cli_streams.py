"""The command line where its streams are closed or full, and where SIGTERM ends it."""

import json
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
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), "PYTHONUNBUFFERED": "", **environment},
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    """What ``shell`` does, without the seconds that importing takes each time: a fork of one process."""
    script = Path(__file__).with_name("warm_command.py")
    outputs = [tmp_path_factory.mktemp("warm") / name for name in ("stdout", "stderr")]
    env = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    with subprocess.Popen(
        [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
    ) as process:

        def run(line, folder, *, closed=(), full=False, unbuffered=False):
            for path in outputs:
                path.write_text("")
            streams = {"closed": closed, "full": full, "unbuffered": unbuffered}
            files = {path.name: str(path) for path in outputs}
            wish = {"arguments": line.split(), "folder": str(folder), **streams, **files}
            print(json.dumps(wish), file=process.stdin, flush=True)
            return int(process.stdout.readline()), *(path.read_text() for path in outputs)

        yield run
        process.stdin.close()


FULL = "The output cannot be written: No space left on device.\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_list_that_cannot_be_written_is_one_sentence(warm, tmp_path):
    assert shell("--help > /dev/full", tmp_path) == (2, "", FULL)
    assert warm("losses", tmp_path, full=True) == (2, "", FULL)
    assert warm("losses", tmp_path, full=True, unbuffered=True) == (2, "", FULL)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_wrong_input_has_its_status_where_nothing_can_be_said(tmp_path):
    assert shell("losses --depth 2> /dev/full", tmp_path) == (2, "", "")


@pytest.mark.parametrize("closed", [[1], [2], [1, 2]], ids=str)
def test_a_closed_stream_keeps_no_command_from_its_work(warm, closed, tmp_path):
    status, output, complaint = warm(TRAIN, tmp_path, closed=closed)
    assert (status, complaint) == (0, "")
    assert ("4 steps in" in output) == (closed == [2])
    with Recording(tmp_path / "run.lossgeo") as recording:
        assert (recording.meta["status"], recording.last_step) == ("done", 4)


def test_output_that_nobody_reads_is_no_error(warm, tmp_path):
    assert warm("losses", tmp_path, closed=[1]) == (0, "", "")
    assert shell("--help >&-", tmp_path) == (0, "", "")
    assert shell("presets --help >&-", tmp_path) == (0, "", "")


def test_a_shell_that_closes_all_streams_gets_its_recording(tmp_path):
    assert shell(f"{TRAIN} <&- >&- 2>&-", tmp_path) == (0, "", "")
    with Recording(tmp_path / "run.lossgeo") as recording:
        assert (recording.meta["status"], recording.last_step) == ("done", 4)


def test_a_training_that_sigterm_ends_leaves_one_whole_file(tmp_path):
    path = tmp_path / "run.lossgeo"
    line = "train --loss softmax --data blobs --steps 1000000 --points 20 --out"
    with subprocess.Popen(
        [sys.executable, "-m", "app.cli.main", *line.split(), path], stderr=subprocess.PIPE, text=True
    ) as process:
        deadline, frames = time.monotonic() + 60, 0
        while frames < 3:
            assert time.monotonic() < deadline, "the training wrote no three frames within a minute"
            assert process.poll() is None
            with suppress(Refusal), Recording(path) as recording:  # it may be about to begin
                frames = recording.frames
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        complaint = process.communicate(timeout=30)[1]
    assert process.returncode == 143
    assert complaint == f"Stopped; what was trained so far is in {path}.\n"
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
def test_sigterm_interrupts_a_command_once(task, caught, monkeypatch, capsys):
    closed = []

    def interrupted(options):
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt:
            signal.raise_signal(signal.SIGTERM)  # as `timeout` does, to the command and to its group
            closed.append(options.task)
            if not caught:
                raise
        return 130

    monkeypatch.setattr(f"app.cli.commands.{task}.run", interrupted)
    assert main(LINES[task]) == 143
    assert closed == [task]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert not capsys.readouterr().err


def test_other_commands_and_other_handlers_of_sigterm_stay_as_they_are(monkeypatch):
    handlers = []

    def look(options):
        handlers.append(signal.getsignal(signal.SIGTERM))
        return 0

    monkeypatch.setattr(losses, "run", look)
    monkeypatch.setattr(train, "run", look)
    assert main(["losses"]) == 0
    thread = threading.Thread(target=main, args=(LINES["train"],))
    thread.start()
    thread.join()
    assert handlers == [signal.SIG_DFL] * 2
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        assert main(LINES["train"]) == 0
    finally:
        signal.signal(signal.SIGTERM, before)
    assert handlers[2] is signal.SIG_IGN
