import json
import os
import random
import shutil
import signal
import sqlite3
import struct
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from engine_parts import META
from worker_talk import Talk, small

from engine import train
from engine.frames.codec import encode
from engine.recording.file_format import Event, message_from_json, message_to_json
from engine.recording.library import Library
from engine.recording.reader import Recording
from engine.recording.writer import Recorder
from engine.running.record_to_file import record
from engine.state.points import Points
from spec import Message, Refusal


def blank(path, frames=3):
    """A recording whose frames are just bytes."""
    recorder = Recorder.create(path, META, b"points")
    for index in range(frames):
        recorder.write_frame(4 * index, b"frame %d" % index * 1000)
    return recorder


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "finished.lossgeo"
    experiment = small("softmax", "arcface")
    return path, experiment, list(record(experiment, path))


def test_a_finished_run_is_one_portable_file_in_the_documented_form(finished):
    path, experiment, frames = finished
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    rows = sqlite3.connect(path)
    assert rows.execute("PRAGMA application_id").fetchone() == (int.from_bytes(b"LGEO", "big"),)
    assert rows.execute("PRAGMA user_version").fetchone() == (1,)
    assert rows.execute("PRAGMA page_size").fetchone() == (16384,)
    assert rows.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert rows.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    stored = rows.execute("SELECT id, step, crc, body FROM frames ORDER BY id").fetchall()
    assert [row[0] for row in stored] == list(range(len(frames)))
    assert [row[1] for row in stored] == [frame.step for frame in frames] == list(range(0, 41, 2))
    assert all(zlib.crc32(body) == crc for _, _, crc, body in stored)
    assert rows.execute("SELECT value FROM meta WHERE key = 'experiment'").fetchone() == (experiment.canonical,)
    rows.close()


def test_what_is_read_is_what_was_trained(finished):
    path, experiment, _ = finished
    with Recording(path) as recording:
        assert recording.meta["key"] == experiment.key
        assert recording.meta["status"] == "done"
        again = list(train(experiment))
        assert [each.body for each in recording.stored_frames(0, 10**6)] == [encode(frame) for frame in again]
        last = recording.frame(20)
        quantum = np.ptp(again[-1].panels[1].embeddings, axis=0).max() / 65534
        assert np.abs(last.panels[1].embeddings - again[-1].panels[1].embeddings).max() <= 0.51 * quantum + 1e-6
        assert last.panels[1].test_accuracy == again[-1].panels[1].test_accuracy
        assert isinstance(recording.points, Points)
        assert len(recording.points.labels) == 30
        assert len(recording.meta["twins"]["initial"]) == 64


def test_a_frame_is_sent_as_documented(finished):
    path, _, _ = finished
    with Recording(path) as recording:
        stored = next(recording.stored_frames(3, 1))
        packed = stored.pack()
    assert struct.unpack("<IIII", packed[:16]) == (3, 6, len(stored.body), zlib.crc32(stored.body))
    assert packed[16 : 16 + len(stored.body)] == stored.body
    assert len(packed) % 8 == 0
    assert set(packed[16 + len(stored.body) :]) <= {0}


@pytest.mark.parametrize(
    ("first", "count", "places"), [(0, 2, [0, 1]), (2, 5, [2]), (3, 1, []), (0, 0, []), (9, 9, [])]
)
def test_ranges_of_frames(tmp_path, first, count, places):
    blank(tmp_path / "a.lossgeo").finish("done")
    with Recording(tmp_path / "a.lossgeo") as recording:
        assert [each.id for each in recording.stored_frames(first, count)] == places


def test_readers_see_each_frame_as_soon_as_it_is_written(tmp_path):
    recorder = blank(tmp_path / "a.lossgeo", 0)
    with Recording(tmp_path / "a.lossgeo") as recording:
        for index in range(3):
            assert recording.frames == index
            assert recorder.write_frame(index, b"body") == index
    recorder.finish("done")


def test_a_reader_in_the_way_does_not_spoil_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr("engine.recording.writer.PATIENCE", 0.1)
    recorder = blank(tmp_path / "a.lossgeo")
    with Recording(tmp_path / "a.lossgeo") as recording:
        rows = recording.stored_frames(0, 3)
        next(rows)
        recorder.finish("done")
        assert len(list(rows)) == 2
    with Recording(tmp_path / "a.lossgeo") as recording:
        assert recording.meta["status"] == "done"
        assert recording.frames == 3


def test_a_run_that_had_ended_goes_on(tmp_path):
    blank(tmp_path / "a.lossgeo").finish("done")
    recorder = Recorder(tmp_path / "a.lossgeo")
    recorder.write_meta(status="open")
    assert recorder.write_frame(12, b"more") == 3
    recorder.finish("stopped", Message.of("server.disk_full"))
    with Recording(tmp_path / "a.lossgeo") as recording:
        assert recording.frames == 4
        assert message_from_json(recording.meta["reason"]) == Message.of("server.disk_full")


def test_checkpoints_are_found_at_or_before_a_step(tmp_path):
    recorder = blank(tmp_path / "a.lossgeo")
    for step in (0, 100, 200):
        recorder.write_checkpoint(step, b"%d" % step)
    recorder.finish("done")
    with Recording(tmp_path / "a.lossgeo") as recording:
        assert [recording.checkpoint(step) for step in (0, 99, 100, 1000)] == [b"0", b"0", b"100", b"200"]
        assert recording.checkpoint(-1) is None


def test_a_fork_has_the_frames_up_to_its_place_and_the_edits_that_led_there(tmp_path):
    recorder = blank(tmp_path / "a.lossgeo", 5)
    for step, kind in ((0, "edit"), (4, "pause"), (8, "edit"), (12, "edit")):
        recorder.write_event(Event(step, step // 4, kind, {"panel": None, "knob": "margin", "value": step}))
    with Recording(tmp_path / "a.lossgeo") as source:
        Recorder.fork(tmp_path / "b.lossgeo", source, 2, "cpu").finish("stopped")
        bodies = [each.body for each in source.stored_frames(0, 3)]
    recorder.finish("done")
    with Recording(tmp_path / "b.lossgeo") as fork:
        assert [each.body for each in fork.stored_frames(0, 99)] == bodies
        assert fork.meta["parent"] == {"run": "a", "frame": 2}
        assert fork.meta["experiment"] == META["experiment"]
        assert fork.points_blob == b"points"
        assert [edit.step for edit in fork.edits] == [0]  # the one at step 8 was made after frame 2 was seen


def test_sentences_survive_json():
    inner = Message.of("server.unknown_run", run="x")
    outer = Message.of("server.run_failed", kind=inner, number=3, odd=(1, 2))
    back = message_from_json(json.loads(json.dumps(message_to_json(outer))))
    assert back == Message.of("server.run_failed", kind=inner, number=3, odd="(1, 2)")
    assert message_from_json(message_to_json(None)) is None


def _flip(path):
    """Change one byte in the middle of frame 1's body."""
    place = path.read_bytes().index(b"frame 1" * 3)
    with path.open("r+b") as file:
        file.seek(place + 5)
        file.write(b"X")


def _sql(*statements):
    def damage(path):
        rows = sqlite3.connect(path, isolation_level=None)
        for statement in statements:
            rows.execute(statement)
        rows.close()

    return damage


DAMAGES = {
    "empty": (lambda path: path.write_bytes(b""), "not a recording"),
    "text": (lambda path: path.write_bytes(b"hello " * 5000), "damaged or is not"),
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:20000]), "damaged or is not"),
    "head": (lambda path: path.write_bytes(bytes(100) + path.read_bytes()[100:]), "damaged or is not"),
    "gone": (lambda path: path.unlink(), "There is no recording"),
    "folder": (lambda path: (path.unlink(), path.mkdir()), "There is no recording"),
    "foreign": (_sql("PRAGMA application_id = 5"), "not a recording of Loss Geometry"),
    "future": (_sql("PRAGMA user_version = 9"), "version 9.*version 1"),
    "no table": (_sql("DROP TABLE meta"), "damaged or is not"),
    "bad json": (_sql("UPDATE meta SET value = '{' WHERE key = 'status'"), "damaged or is not"),
    "no status": (_sql("DELETE FROM meta WHERE key = 'status'"), "damaged or is not"),
    "no points": (_sql("DELETE FROM points"), "damaged or is not"),
    "text frame": (_sql("UPDATE frames SET body = 'x' WHERE id = 0"), "damaged"),
    "flipped": (_flip, "Frame 1 of a.lossgeo is damaged"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_file_is_refused_with_one_sentence(tmp_path, name):
    damage, sentence = DAMAGES[name]
    path = tmp_path / "a.lossgeo"
    blank(path).finish("done")
    damage(path)

    def read():
        with Recording(path) as recording:
            assert recording.events == ()
            assert len(recording.points_blob) > 0
            list(recording.stored_frames(0, 3))

    with pytest.raises(Refusal, match=sentence):
        read()
    Library([tmp_path]).entries()  # and the listing goes on


def test_a_new_recording_does_not_replace_an_old_one(tmp_path):
    blank(tmp_path / "a.lossgeo").finish("done")
    with pytest.raises(Refusal, match="already there"):
        blank(tmp_path / "a.lossgeo")


def test_a_full_disk_leaves_the_frames_so_far(tmp_path, monkeypatch):
    path, connections, connect = tmp_path / "a.lossgeo", [], sqlite3.connect
    with monkeypatch.context() as patched:

        def watched(*given, **named):
            connections.append(connect(*given, **named))
            return connections[-1]

        patched.setattr(sqlite3, "connect", watched)
        recorder = blank(path)
    pages = connections[0].execute("PRAGMA page_count").fetchone()[0]
    connections[0].execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        recorder.write_frame(12, bytes(16384 * 10))
    recorder.abandon()
    with Recording(path) as recording:
        assert [each.id for each in recording.stored_frames(0, 9)] == [0, 1, 2]


@pytest.mark.parametrize("with_index", [True, False])
def test_the_log_of_a_writer_that_is_gone_is_read_with_its_file(tmp_path, with_index):
    recorder = blank(tmp_path / "a.lossgeo", 20)
    (tmp_path / "copy").mkdir()
    for name in ("a.lossgeo", "a.lossgeo-wal", *(["a.lossgeo-shm"] if with_index else [])):
        shutil.copy(tmp_path / name, tmp_path / "copy" / name)
    recorder.finish("done")
    with Recording(tmp_path / "copy" / "a.lossgeo") as recording:
        assert recording.frames == 20
        assert recording.meta["status"] == "open"
        recording.export(tmp_path / "whole.lossgeo")
    assert Library([tmp_path / "copy"]).entries()[0].status == "interrupted"
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(tmp_path / "whole.lossgeo", alone)
    with Recording(alone / "whole.lossgeo") as recording:
        assert len(list(recording.stored_frames(0, 99))) == 20
    assert [each.name for each in alone.iterdir()] == ["whole.lossgeo"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills processes that are made by fork")
def test_a_worker_killed_at_any_moment_loses_no_frame_that_it_announced(tmp_path):
    kills, moments = 20, random.Random(0)
    talk = Talk([sys.executable, str(Path(__file__).parents[1] / "worker_zygote.py"), str(tmp_path), str(kills)])
    experiment = small("softmax", steps=100_000, steps_per_frame=1).model_dump(mode="json")
    for kill in range(kills):
        run = f"run-{kill}"
        worker = talk.until("pid")["pid"]
        talk.send("start", run, experiment=experiment)
        talk.send("pace", run, frames_per_second=240, steps_per_frame=1)
        talk.until("frame", run, frame=moments.randrange(16))
        time.sleep(moments.uniform(0, 0.05))  # a few frames more, of a machine with nothing else to do
        os.kill(worker, signal.SIGKILL)
        talk.until("ended")
    assert talk.close() == 0
    library, total = Library([tmp_path]), 0
    assert {entry.status for entry in library.entries()} == {"interrupted"}
    assert len(library.entries()) == kills
    for kill in range(kills):
        announced = len(talk.of(f"run-{kill}", "frame"))
        with library.open(f"run-{kill}") as recording:
            stored = list(recording.stored_frames(0, 10**6))  # verifies every CRC
        assert announced <= len(stored) <= announced + 1  # the last one was written, and not announced any more
        assert [each.id for each in stored] == list(range(len(stored)))
        total += len(stored)
    assert total > 5 * kills
