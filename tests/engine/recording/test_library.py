"""The folders of recordings: what is listed and found in them, and where they are."""

import sys

import pytest
from engine_parts import META

from engine.recording.file_format import Event
from engine.recording.library import Library, runs_folder
from engine.recording.writer import Recorder
from spec import Refusal


def test_the_library_lists_the_newest_first_and_finds_what_is_finished_and_unedited(tmp_path):
    first, second = tmp_path / "runs", tmp_path / "presets"
    for folder, name, status, created, parent in (
        (first, "old", "done", 1.0, None),
        (first, "fork", "done", 3.0, {"run": "old", "frame": 0}),
        (first, "broken-off", "stopped", 4.0, None),
        (second, "preset", "done", 2.0, None),
    ):
        recorder = Recorder.create(folder / f"{name}.lossgeo", META | {"created": created, "parent": parent}, b"")
        if name == "old":
            recorder.write_event(Event(0, 0, "edit", {"panel": None, "knob": "margin", "value": 1}))
        recorder.finish(status)
    (first / "note.txt").write_text("hello")
    (first / "bad id!.lossgeo").write_text("hello")
    library = Library([first, second])
    assert [entry.id for entry in library.entries()] == ["broken-off", "fork", "preset", "old"]
    assert library.find_complete("k").id == "preset"
    assert library.find_complete("other") is None
    (first / "fork.lossgeo").unlink()
    assert [entry.id for entry in library.entries()] == ["broken-off", "preset", "old"]


@pytest.mark.parametrize("run", ["", "../x", "a/b", "a.b", "x" * 65, "-a", "a\n", "ä"])
def test_ids_that_are_no_file_names_are_refused(tmp_path, run):
    with pytest.raises(Refusal, match="not the id of a run"):
        Library([tmp_path]).find(run)


def test_the_folder_of_the_runs_can_be_named(monkeypatch, tmp_path):
    monkeypatch.setenv("LOSS_GEOMETRY_RUNS", str(tmp_path))
    assert runs_folder() == tmp_path
    monkeypatch.delenv("LOSS_GEOMETRY_RUNS")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    assert runs_folder() == tmp_path / "loss-geometry" / "runs"
