"""Frames are made beside training: the same frames, in their order, and nothing waits that need not."""

import threading
import time
from itertools import pairwise

import numpy as np
import pytest
import torch
from engine_parts import advance, experiment, same_frames

from engine import Trainer, train
from engine.frames import build
from engine.frames.background import BackgroundFrames
from engine.frames.codec import decode
from engine.frames.retrieval_metrics import FULL_EVERY
from engine.recording.file_format import message_from_json
from engine.recording.reader import Recording
from engine.running.checkpoint_policy import checkpoint_size, steps_between
from engine.running.run import Run
from spec import Refusal


@pytest.fixture
def background_frames():
    woken = threading.Semaphore(0)
    background_frames = BackgroundFrames(wake=woken.release)
    background_frames.woken = woken
    yield background_frames
    background_frames.close()


@pytest.fixture
def told():
    return []


@pytest.fixture
def run(tmp_path, told, background_frames):
    def say(what, **values):
        told.append((what, values))

    return Run(tmp_path / "run.lossgeo", "cpu", say, background_frames)


def small(**settings):
    return experiment("softmax", "center", **{"steps_per_frame": 2, "points": 30, **settings})


def worked(run):
    while run.wanted:
        run.work()


def slowed(monkeypatch, seconds):
    take = build.take

    def slow(inputs):
        time.sleep(seconds)
        return take(inputs)

    monkeypatch.setattr("engine.frames.background.build.take", slow)


def test_a_glimpse_stays_what_it_was_while_training_goes_on():
    own = advance(Trainer(small()), 6)
    inputs, frame = own.frame_inputs(), own.frame()
    advance(own, 10)
    assert same_frames(build.take(inputs), frame)
    assert not same_frames(own.frame(), frame)


def test_the_thread_makes_the_frames_of_a_plain_loop(run, told, tmp_path):
    run.start(small())
    worked(run)
    plain = {frame.step: frame for frame in train(small())}
    steps = [values["step"] for what, values in told if what == "frame"]
    assert steps == sorted(steps)
    assert (steps[0], steps[-1]) == (0, 40)
    with Recording(tmp_path / "run.lossgeo") as recording:
        found = [decode(stored.body) for stored in recording.stored_frames(0, 10**6)]
    assert [frame.step for frame in found] == steps
    for frame in found:
        assert [panel.loss for panel in frame.panels] == [panel.loss for panel in plain[frame.step].panels]


def test_frames_that_take_too_long_are_left_out_and_the_others_are_on_the_same_steps(run, told, monkeypatch):
    slowed(monkeypatch, 0.1)  # a hundred steps
    run.start(small(steps=400))
    worked(run)
    steps = [values["step"] for what, values in told if what == "frame"]
    assert (steps[0], steps[-1]) == (0, 400)
    assert len(steps) < 100
    assert all(step % 2 == 0 for step in steps)


def test_training_goes_on_while_a_frame_is_made_and_a_finished_frame_wakes_who_sleeps(
    run, told, monkeypatch, background_frames
):
    run.start(small(steps=10_000))
    while not run.ready:
        run.work()
    assert background_frames.woken.acquire(timeout=10)  # the first frame
    slowed(monkeypatch, 0.3)
    while run.pending_frame is None:
        run.work()
    frame, taken = run.pending_frame, run.trainer.step
    while not frame.done():
        run.work()
    assert run.trainer.step > taken + 2
    assert background_frames.woken.acquire(timeout=10)
    run.deliver_frame()
    assert ("frame", taken) in [(what, values.get("step")) for what, values in told]
    run.end("stopped")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here: there are no streams")
@pytest.mark.parametrize("looks", [None, 100])
def test_on_a_gpu_a_frame_made_on_a_stream_of_its_own_is_the_frame_of_its_step(background_frames, looks):
    own = advance(Trainer(small(mode="fast", steps=10_000), device="cuda"), 20)
    frame, made = own.frame(looks), background_frames.make(own.frame_inputs(looks))
    advance(own, 200)
    beside = decode(made.result().body)
    assert beside.step == 20
    for one, other in zip(beside.panels, frame.panels, strict=True):
        assert one.loss == pytest.approx(other.loss, rel=1e-5)
        np.testing.assert_allclose(one.embeddings, other.embeddings, rtol=1e-3, atol=1e-3)


def test_what_happens_after_a_frame_was_taken_is_told_after_it(run, told, monkeypatch):
    run.start(small(steps=10_000))
    while not run.ready:
        run.work()
    slowed(monkeypatch, 0.2)
    while run.pending_frame is None:
        run.work()
    run.edit({"panel": None, "knob": "learning_rate", "value": 0.002})
    assert [what for what, _ in told[-2:]] == ["frame", "event"]
    assert told[-2][1]["frame"] == told[-1][1]["frame"]
    run.end("stopped")


def test_who_halts_a_run_and_asks_for_single_frames_gets_each(run, told, monkeypatch):
    run.start(small(steps=10_000))
    while not run.ready:
        run.work()
    slowed(monkeypatch, 0.05)
    run.pause(True)
    before = [values["step"] for what, values in told if what == "frame"]
    for _ in range(3):
        run.single()
        while run.wanted:
            run.work()
    after = [values["step"] for what, values in told if what == "frame"]
    assert len(after) == len(before) + 3
    run.end("stopped")


def test_a_frame_that_cannot_be_made_ends_the_run_where_it_is_awaited(run, monkeypatch):
    run.start(small(steps=10_000))
    while not run.ready:
        run.work()

    def broken(inputs):
        raise Refusal("server.out_of_memory")

    monkeypatch.setattr("engine.frames.background.build.take", broken)
    with pytest.raises(Refusal):
        worked(run)
    run.end("failed")
    assert run.status == "failed"


def test_a_recording_that_grows_too_large_ends_with_a_sentence(run, tmp_path, monkeypatch):
    monkeypatch.setattr("engine.running.run_log.MAX_MIB", 0.05)
    run.start(small(steps=10_000))
    worked(run)
    with Recording(tmp_path / "run.lossgeo") as recording:
        assert "reached 0.05 MiB" in message_from_json(recording.meta["reason"]).render()
        assert len(list(recording.stored_frames(0, 10**6))) == recording.frames > 5


def test_frames_have_all_metrics_now_and_then_whatever_the_pace_is(run, tmp_path):
    run.start(small(steps=1600, steps_per_frame=100))  # no step but the first and the last asks for them
    while not run.ready:
        run.work()
    run.pace(1000.0, 3)
    worked(run)
    with Recording(tmp_path / "run.lossgeo") as recording:
        frames = [decode(stored.body) for stored in recording.stored_frames(0, 10**6)]
    full = [place for place, frame in enumerate(frames) if "knn_accuracy" in frame.panels[0].metrics]
    assert max(later - before for before, later in pairwise(full)) <= FULL_EVERY + 1
    assert len(full) < len(frames) / 10


def test_checkpoints_of_large_nets_come_less_often(run, tmp_path, monkeypatch):
    monkeypatch.setattr("engine.running.checkpoint_policy.MAX_MIB", 8.0)
    run.start(small(steps=2000, steps_per_frame=20))
    while not run.ready:
        run.work()
    every = steps_between(run.trainer)
    assert every > 200
    run.pace(1000.0, 20)
    worked(run)
    with Recording(tmp_path / "run.lossgeo") as recording:
        kept = dict(reversed([*recording.checkpoints(10**6)]))
    assert (next(iter(kept)), [*kept][-1]) == (0, 2000)
    assert min(later - before for before, later in pairwise([*kept][:-1])) >= every
    assert sum(map(len, kept.values())) < 0.25 * 8 * 2**20 + 2 * len(kept[0])  # beside the first and the last one
    assert len(kept[0]) == pytest.approx(checkpoint_size(run.trainer), rel=0.05)


def test_what_is_too_large_for_a_checkpoint_plays_and_cannot_be_forked(
    run, tmp_path, told, background_frames, monkeypatch
):
    monkeypatch.setattr("engine.running.checkpoint_policy.MAX_CHECKPOINT", 1000)
    run.start(small(steps=10))
    worked(run)
    assert run.status == "done"
    fork = Run(tmp_path / "fork.lossgeo", "cpu", lambda what, **values: None, background_frames)
    fork.fork(tmp_path / "run.lossgeo", 1, None)  # a busy machine may make no frame but the first and the last
    with pytest.raises(Refusal, match="has no checkpoint"):
        worked(fork)
