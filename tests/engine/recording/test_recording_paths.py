"""Recordings that cannot be written where they are asked for, and ones that were closed: one sentence each."""

import errno
import sqlite3
from pathlib import Path

import pytest
from engine_parts import experiment

from engine import Trainer, train
from engine.frames.codec import encode
from engine.recording.reader import Recording
from engine.recording.writer import Recorder, initial_meta
from engine.running.record_to_file import record
from spec import Refusal

OWN = experiment("softmax", steps=6, steps_per_frame=2, points=40)


@pytest.fixture
def untrained(monkeypatch):
    """Any step is an error."""

    def advance(self, most=1):
        raise AssertionError("a step was taken")

    monkeypatch.setattr(Trainer, "advance", advance)


@pytest.mark.usefixtures("untrained")
@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("plain/x.lossgeo", "The recording plain/x.lossgeo cannot be written: Not a directory."),
        ("plain/deep/x.lossgeo", "The recording plain/deep/x.lossgeo cannot be written: Not a directory."),
        ("x" * 300 + ".lossgeo", f"The recording {'x' * 300}.lossgeo cannot be written: File name too long."),
        ("plain", "The recording plain is already there; choose another name or remove it first."),
        (".", ". is a folder, but a recording is a file; name one, for example run.lossgeo."),
        ("", ". is a folder, but a recording is a file; name one, for example run.lossgeo."),
        ("folder", "folder is a folder, but a recording is a file; name one, for example run.lossgeo."),
    ],
)
def test_a_place_that_cannot_be_written_is_refused_before_any_step(tmp_path, monkeypatch, path, sentence):
    monkeypatch.chdir(tmp_path)
    Path("plain").write_text("precious")
    Path("folder").mkdir()
    with pytest.raises(Refusal) as caught:
        next(record(OWN, path))
    assert str(caught.value) == sentence
    assert path in caught.value.message.render("zh")
    assert sorted(each.name for each in tmp_path.rglob("*")) == ["folder", "plain"]
    assert Path("plain").read_text() == "precious"


@pytest.mark.usefixtures("untrained")
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="this system has no folder that never takes a file")
@pytest.mark.parametrize("path", ["/proc/x.lossgeo", "/proc/new/x.lossgeo"])
def test_a_folder_that_takes_no_file_is_refused_before_any_step(path):
    with pytest.raises(Refusal, match=f"The recording {path} cannot be written: "):
        next(record(OWN, path))


def test_a_disk_that_takes_no_more_is_one_sentence_and_the_frames_so_far_stay(tmp_path, monkeypatch):
    whole = Recorder.write_frame

    def frame(self, step, body):
        if step == 4:
            raise sqlite3.OperationalError("database or disk is full")
        return whole(self, step, body)

    monkeypatch.setattr(Recorder, "write_frame", frame)
    path = tmp_path / "x.lossgeo"
    frames = record(OWN, path)
    assert [next(frames).step, next(frames).step] == [0, 2]
    with pytest.raises(Refusal, match=r"x\.lossgeo cannot be written: database or disk is full\."):
        next(frames)
    with Recording(path) as recording:
        assert recording.meta["status"] == "stopped"
        assert [each.body for each in recording.stored_frames(0, 9)] == [
            encode(frame) for frame in list(train(OWN))[:2]
        ]


def test_a_recording_that_cannot_be_created_leaves_no_file(tmp_path):
    path = tmp_path / "x.lossgeo"
    with pytest.raises(ValueError, match="not JSON compliant"):
        Recorder.create(path, {**initial_meta("cpu"), "experiment": float("nan")}, b"")
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="Not a directory") as caught:  # the worker tells why by the number
        Recorder.create(tmp_path / "file" / "x.lossgeo", initial_meta("cpu"), b"")
    assert caught.value.errno == errno.ENOTDIR


def test_a_recording_that_cannot_be_looked_for_is_one_sentence(tmp_path, monkeypatch):
    def locked(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    path = tmp_path / "x.lossgeo"
    with pytest.raises(Refusal, match=r"^The recording x{300} cannot be read: File name too long\.$"):
        Recording("x" * 300)
    with monkeypatch.context() as patched:  # root may enter every folder
        patched.setattr(Path, "is_file", locked)
        with pytest.raises(Refusal) as caught:
            Recording(path)
    assert str(caught.value) == f"The recording {path} cannot be read: Permission denied."
    assert str(path) in caught.value.message.render("zh")


def test_a_recording_that_may_not_be_read_is_not_called_damaged(tmp_path, monkeypatch):
    path = tmp_path / "x.lossgeo"
    list(record(OWN, path))
    path.chmod(0)
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root may read every file
    with pytest.raises(Refusal, match=r"x\.lossgeo cannot be read: Permission denied\.$"):
        Recording(path)


def test_a_recording_that_was_closed_says_so_and_not_that_it_is_damaged(tmp_path):
    path = tmp_path / "x.lossgeo"
    list(record(OWN, path))
    with Recording(path) as recording:
        stored = recording.stored_frames(0, 9)
        next(stored)
    said = "The recording x.lossgeo was closed; open it again to read on."
    for read in (
        lambda: recording.frames,
        lambda: recording.frame(0),
        lambda: recording.points,
        lambda: recording.events,
        lambda: recording.checkpoint(4),
        lambda: next(stored),
        lambda: recording.export(tmp_path / "y.lossgeo"),
    ):
        with pytest.raises(Refusal) as caught:
            read()
        assert str(caught.value) == said
    assert said in recording._repr_html_()
    path.write_bytes(b"no recording" * 1000)
    with pytest.raises(Refusal, match="damaged"):
        Recording(path)
