import io
import os
import sqlite3
import threading

import pytest
import torch
from engine_parts import with_bomb
from worker_talk import Talk, small

from engine import Trainer
from engine.config.edits import Edit
from engine.frames import build
from engine.frames.codec import decode, encode
from engine.recording.file_format import message_from_json
from engine.recording.reader import Recording
from engine.running.failures import describe_failure
from engine.running.run import Run
from engine.running.worker import Worker
from engine.training.loop import train
from spec import Refusal

FAST = {"frames_per_second": 240, "steps_per_frame": 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def talk(folder):
    talk = Talk.worker(folder)
    assert talk.until("ready")["device"] == "cpu"
    yield talk
    assert talk.close() == 0


def start(talk, run, *losses, pace=None, **changes):
    talk.send("start", run, experiment=small(*losses, **changes).model_dump(mode="json"))
    if pace is not None:
        talk.send("pace", run, **pace)


def bodies(folder, run):
    """Return the frames' bodies by their steps; a machine that is busy leaves some out."""
    with Recording(folder / f"{run}.lossgeo") as recording:
        return {stored.step: stored.body for stored in recording.stored_frames(0, 10**6)}


def check_same(recorded, experiment, *edits, until=10**6):
    """Compare recorded bodies with those of the plain loop, byte for byte.

    A frame at the step of an edit was recorded before it, and shows the knob where it was. One has all metrics where
    its step asks for them, or where a busy machine left out too many of those that do.
    """
    recorded = {step: body for step, body in recorded.items() if step not in {edit.step for edit in edits}}
    last = max(step for step in recorded if step <= until)
    trainer, moved = Trainer(experiment), {edit.step: edit for edit in edits}
    while trainer.step <= last:
        if trainer.step in recorded:
            allowed = [encode(trainer.frame()), encode(build.take(trainer.frame_inputs(full=True)))]
            assert recorded[trainer.step] in allowed, f"step {trainer.step}"
        if trainer.step in moved:
            trainer.apply(moved[trainer.step])
        if trainer.finished:
            break
        trainer.advance()
    assert {0, last} <= set(recorded)
    assert trainer.step >= last


def test_a_run_is_announced_from_its_opening_to_its_end(talk, folder):
    start(talk, "plain", "softmax")
    assert talk.until("opened", "plain")["frames"] == 1
    talk.until("status", "plain", status="done")
    frames = talk.of("plain", "frame")
    recorded = bodies(folder, "plain")
    assert [each["frame"] for each in frames] == list(range(len(frames)))
    assert [each["step"] for each in frames] == list(recorded)
    assert set(recorded) <= set(range(0, 41, 2))
    check_same(recorded, small("softmax"))


def test_an_edit_is_in_the_next_frame_and_the_recording_replays_it(talk, folder):
    start(talk, "edited", "arcface", steps=10_000)
    talk.until("frame", "edited", frame=3)
    talk.send("edit", "edited", panel=0, knob="margin", value=0.55)
    event = talk.until("event", "edited", kind="edit")
    talk.until("frame", "edited", frame=event["frame"] + 2)
    talk.send("stop", "edited")
    talk.until("closed", "edited")
    with Recording(folder / "edited.lossgeo") as recording:
        (edit,) = recording.edits
        assert edit == Edit(event["step"], 0, "margin", 0.55)
        margins = [recording.frame(index).panels[0].knobs["margin"] for index in range(recording.frames)]
        assert recording.meta["status"] == "stopped"
    assert margins.index(0.55) == event["frame"] + 1
    check_same(bodies(folder, "edited"), small("arcface", steps=10_000), edit, until=100)


def test_pause_step_pace_and_resume(talk, folder):
    start(talk, "paced", steps=10_000)
    talk.send("pause", "paced")
    talk.until("event", "paced", kind="pause")
    count = len(talk.of("paced", "frame"))
    talk.send("pace", "paced", frames_per_second=100, steps_per_frame=7)
    talk.send("step", "paced")
    first = talk.until("frame", "paced")
    talk.send("step", "paced")
    second = talk.until("frame", "paced")
    assert (first["frame"], second["frame"]) == (count, count + 1)
    assert (second["step"] - first["step"]) % 7 == 0
    # a run that is paused stands still while another is trained
    start(talk, "beside")
    talk.until("status", "beside", status="done")
    assert len(talk.of("paced", "frame")) == count + 2
    talk.send("resume", "paced")
    talk.until("frame", "paced", frame=count + 4)
    talk.send("stop", "paced")
    talk.until("closed", "paced")
    with Recording(folder / "paced.lossgeo") as recording:
        assert [event.kind for event in recording.events] == ["pause", "pace", "resume", "stopped"]


def test_two_runs_share_the_time(talk):
    for run in ("one", "two"):
        start(talk, run, steps=10_000)
    talk.until("opened", "two")
    before = len(talk.of("one", "frame"))
    talk.until("frame", "two", frame=30)
    assert 10 < len(talk.of("one", "frame")) - before < 90
    for run in ("one", "two"):
        talk.send("stop", run)
        talk.until("closed", run)


def test_a_run_that_is_done_goes_on_after_an_edit(talk, folder):
    start(talk, "again", "arcface")
    done = talk.until("status", "again", status="done")
    assert done["reason"] is None
    talk.send("edit", "again", panel=None, knob="margin", value=0.1)
    talk.until("status", "again", status="open")
    frame = talk.until("frame", "again")
    place = len(talk.of("again", "frame")) - 1
    assert (frame["frame"], frame["step"] > 40) == (place, True)
    talk.until("status", "again", status="done")
    with Recording(folder / "again.lossgeo") as recording:
        assert recording.meta["status"] == "done"
        assert recording.last_step > 42
        assert recording.frame(place).panels[0].knobs["margin"] == 0.1


def test_a_fork_goes_on_as_if_the_edit_had_been_made_in_the_run(talk, folder):
    start(talk, "source", "arcface", steps=160, pace=FAST)
    talk.until("status", "source", status="done")
    with Recording(folder / "source.lossgeo") as recording:
        # a place after the checkpoint at step 100 and before the end
        place, step = next((each.id, each.step) for each in recording.stored_frames(0, 99) if each.step > 110)
    edit = {"panel": None, "knob": "margin", "value": 0.6}
    talk.send("fork", "fork", source=str(folder / "source.lossgeo"), frame=place, edit=edit)
    talk.send("pace", "fork", **FAST)
    assert talk.until("opened", "fork")["frames"] == place + 1
    talk.until("status", "fork", status="done")
    edited = Edit(step, None, "margin", 0.6)
    check_same(bodies(folder, "fork"), small("arcface", steps=160), edited)
    # and forks of the fork, before and after that edit
    for run, frame, edits in (("early", place - 3, []), ("late", place + 3, [edited])):
        talk.send("fork", run, source=str(folder / "fork.lossgeo"), frame=frame, edit=None)
        talk.send("pace", run, **FAST)
        talk.until("status", run, status="done")
        check_same(bodies(folder, run), small("arcface", steps=160), *edits)


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ({"do": "fork", "source": "nothing.lossgeo", "frame": 0, "edit": None}, "There is no recording"),
        ({"do": "start", "experiment": {"panels": [{"loss": "nonsense"}]}}, "nonsense"),
    ],
)
def test_what_cannot_begin_fails_with_a_sentence(talk, command, sentence):
    talk.send(command.pop("do"), "never", **command)
    failure = talk.until("status", "never", status="failed")
    assert sentence in message_from_json(failure["reason"]).render()
    talk.until("closed", "never")


def test_bad_edits_are_refused_and_the_run_goes_on(talk):
    start(talk, "steady", steps=10_000)
    talk.until("opened", "steady")
    talk.send("edit", "steady", panel=0, knob="nonsense", value=1)
    assert "nonsense" in message_from_json(talk.until("error", "steady")["error"]).render()
    talk.send("edit", "nowhere", panel=0, knob="margin", value=1)
    assert "let this run go" in message_from_json(talk.until("error", "nowhere")["error"]).render()
    talk.until("frame", "steady")
    talk.send("stop", "steady")
    talk.until("closed", "steady")


def test_only_the_last_runs_that_are_done_are_kept(talk):
    for index in range(9):
        start(talk, f"done-{index}", steps=1)
        talk.until("status", f"done-{index}", status="done")
    talk.until("closed", "done-0")
    talk.send("edit", "done-8", panel=None, knob="learning_rate", value=0.02)
    talk.until("status", "done-8", status="open")
    talk.until("status", "done-8", status="done")


def inside(folder):
    """A worker in a thread of this process, to whom errors can be given."""
    ours, its = os.pipe()
    output = io.StringIO()
    commands = os.fdopen(ours, encoding="utf-8")
    thread = threading.Thread(target=Worker(folder, "cpu", commands, output).serve)
    return os.fdopen(its, "w", encoding="utf-8"), commands, output, thread


def end_when(output, words, pipe):
    """End the commands once the worker has announced something."""
    pause = threading.Event()

    def wait():
        while words not in output.getvalue():
            pause.wait(0.01)
        pipe.close()

    threading.Thread(target=wait, daemon=True).start()


def test_the_end_of_its_input_ends_the_worker_and_its_runs(tmp_path):
    pipe, commands, output, thread = inside(tmp_path)
    print(Talk.line("start", "open", experiment=small(steps=10_000).model_dump(mode="json")), file=pipe, flush=True)
    end_when(output, '"say": "frame", "run": "open"', pipe)
    thread.start()
    thread.join(60)
    commands.close()
    assert not thread.is_alive()
    with Recording(tmp_path / "open.lossgeo") as recording:
        assert recording.meta["status"] == "stopped"
        assert "server was shut down" in message_from_json(recording.meta["reason"]).render()
    assert [path.name for path in tmp_path.iterdir()] == ["open.lossgeo"]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (MemoryError(), "not enough memory"),
        (torch.OutOfMemoryError("CUDA out of memory"), "not enough memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "not enough memory"),
        (sqlite3.OperationalError("database or disk is full"), "disk is full"),
        (OSError(28, "No space left on device"), "disk is full"),
        (ZeroDivisionError("oops"), "error inside the trainer (ZeroDivisionError)"),
        (Refusal("server.no_checkpoint"), "no checkpoint"),
    ],
)
def test_an_error_ends_its_own_run_and_no_other(tmp_path, monkeypatch, capsys, error, sentence):
    assert sentence in describe_failure(error).render()
    work = Run.work

    def faulty(run):
        if run.path.stem == "bad" and run.path.exists():
            raise error
        return work(run)

    monkeypatch.setattr(Run, "work", faulty)
    pipe, commands, output, thread = inside(tmp_path)
    for run in ("good", "bad"):
        experiment = small(seed=1).model_dump(mode="json")
        print(Talk.line("start", run, experiment=experiment), file=pipe, flush=True)
    end_when(output, '"run": "good", "status": "done"', pipe)
    thread.start()
    thread.join(60)
    commands.close()
    assert not thread.is_alive()
    with Recording(tmp_path / "good.lossgeo") as good, Recording(tmp_path / "bad.lossgeo") as bad:
        assert good.meta["status"] == "done"
        assert bad.meta["status"] == "failed"
        assert sentence in message_from_json(bad.meta["reason"]).render()
    assert "Traceback" not in output.getvalue()
    capsys.readouterr()


def test_a_panel_that_diverges_is_an_event_and_the_others_go_on(tmp_path, monkeypatch):
    with_bomb(monkeypatch)
    panels = [{"loss": "softmax"}, {"loss": "bomb", "knobs": {"fuse": 7}}]
    pipe, commands, output, thread = inside(tmp_path)
    print(Talk.line("start", "bombed", experiment=small(panels=panels).model_dump(mode="json")), file=pipe, flush=True)
    end_when(output, '"run": "bombed", "status": "done"', pipe)
    thread.start()
    thread.join(60)
    commands.close()
    assert not thread.is_alive()
    with Recording(tmp_path / "bombed.lossgeo") as recording:
        (event,) = [event for event in recording.events if event.kind == "diverged"]
        assert event.body["panel"] == 1
        assert "step 8" in message_from_json(event.body["reason"]).render()
        assert recording.last_step == 40
        first, second = recording.frame(recording.frames - 1).panels
    assert first.stopped is None
    assert second.stopped is not None
    for frame in train(small()):
        if frame.step in (recorded := bodies(tmp_path, "bombed")):
            assert decode(recorded[frame.step]).panels[0].loss == frame.panels[0].loss
