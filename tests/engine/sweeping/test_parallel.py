"""Chunks of a sweep that are trained at once: how many, that each is what it is alone, and what ends them."""

import math
import threading
import time

import pandas as pd
import pytest
import torch
from engine_parts import experiment
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

import engine.sweeping.sweep
from engine import Panel
from engine.recording.reader import Recording
from engine.sweeping.chunks import train_chunk
from engine.sweeping.parallel import ParallelPlan
from engine.sweeping.sweep import Sweep
from spec import Refusal

CPU, GPU = torch.device("cpu"), torch.device("cuda")

#: Seconds after which a thread that is waited for will not come any more.
LONG = 30

#: Columns that tell how a row came about and not what came out.
CHUNKED = ["seconds", "key", "recording", "panel"]


def small(*panels, **settings):
    return experiment(*panels, **{"steps": 12, "steps_per_frame": 12, "points": 40, **settings})


@pytest.fixture
def cores(monkeypatch):
    """Say how many cores there are, all of which PyTorch may use."""

    def of(count):
        monkeypatch.setattr("engine.sweeping.parallel.cores", lambda: count)
        monkeypatch.setattr("torch.get_num_threads", lambda: count)

    return of


@pytest.mark.parametrize(
    ("count", "trials", "fitting", "shared"),
    [
        (1, 64, 100, (16, 1)),
        (2, 64, 100, (16, 2)),  # two rounds of two chunks
        (2, 40, 100, (10, 2)),  # not 16, 16, 8
        (2, 16, 100, (8, 2)),
        (2, 1, 100, (16, 1)),
        (2, 64, 9, (4, 2)),  # eight of nine that fit
        (2, 64, 1, (1, 1)),
        (2, 64, 0, (1, 1)),
        (4, 6, 100, (2, 4)),
        (64, 10_000, 1000, (16, 8)),
    ],
)
def test_cores_share_the_trials(cores, count, trials, fitting, shared):
    cores(count)
    assert ParallelPlan.of(trials, fitting, CPU) == ParallelPlan(*shared)


def test_a_gpu_takes_one_chunk_of_many_panels(cores):
    cores(16)
    assert ParallelPlan.of(1000, 50, GPU) == ParallelPlan(50, 1)
    assert ParallelPlan.of(1000, 500, GPU) == ParallelPlan(64, 1)


@given(trials=st.integers(1, 5000), fitting=st.integers(0, 300), count=st.integers(1, 64))
def test_what_is_trained_at_once_fits_and_no_core_waits_for_long(trials, fitting, count):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("engine.sweeping.parallel.cores", lambda: count)
        patched.setattr("torch.get_num_threads", lambda: 64)
        plan = ParallelPlan.of(trials, fitting, CPU)
    assert 1 <= plan.chunks_at_once <= min(trials, max(fitting, 1), count)
    assert 1 <= plan.panels <= 16
    assert plan.panels * plan.chunks_at_once <= max(fitting, 1)
    rounds = math.ceil(trials / plan.panels / plan.chunks_at_once)
    most = min(16, fitting // plan.chunks_at_once)
    if plan.chunks_at_once > 1:  # as few rounds as memory allows, and none of them longer than it takes
        assert (rounds - 1) * plan.chunks_at_once * most < trials
        assert rounds * plan.chunks_at_once * (plan.panels - 1) < trials


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize(
    "own",
    [
        small("arcface", "triplet", steps=45, steps_per_frame=45),  # past the step from which records are played
        small(Panel(loss="contrastive"), Panel(loss="n_pair", learning_rate=0.02), dim=3, batch=37),
        small("softmax", net="cnn", data="digits"),
    ],
    ids=["records", "space", "pictures"],
)
def test_a_row_does_not_depend_on_what_is_trained_beside_it(own):
    sweep = Sweep(own, {"learning_rate": (0.01, 0.02)})
    assert sweep.plan().chunks_at_once == 2
    beside = sweep.run(progress=False)
    torch.set_num_threads(1)
    assert sweep.plan().chunks_at_once == 1
    assert_frame_equal(beside.drop(columns=CHUNKED), sweep.run(progress=False).drop(columns=CHUNKED))


@pytest.mark.usefixtures("two_threads")
def test_as_many_chunks_as_there_are_cores_train_at_the_same_time_on_a_thread_each(monkeypatch):
    barrier, threads = threading.Barrier(2, timeout=LONG), []

    def train_beside(*given, **options):
        barrier.wait()  # would break if one waited for the other to end
        threads.append((threading.current_thread(), torch.get_num_threads()))
        return train_chunk(*given, **options)

    monkeypatch.setattr(engine.sweeping.sweep, "train_chunk", train_beside)
    Sweep(small("arcface"), {"scale": "4,8"}, seeds=2).run(progress=False)
    assert len({thread for thread, _ in threads}) == 2
    assert [count for _, count in threads] == [1, 1]
    assert torch.get_num_threads() == 2
    later = []
    thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert later == [2]


def test_more_threads_than_chunks_are_shared_and_one_chunk_leaves_a_core(monkeypatch):
    counts = []

    def counted(*given, **options):
        counts.append(torch.get_num_threads())
        return train_chunk(*given, **options)

    monkeypatch.setattr(engine.sweeping.sweep, "train_chunk", counted)
    for module in ("sweeping.parallel", "machine.threads"):
        monkeypatch.setattr(f"engine.{module}.cores", lambda: 6)
    torch.set_num_threads(6)
    try:
        for seeds in (1, 2, 3):
            Sweep(small("softmax"), {}, seeds=seeds).run(progress=False)
    finally:
        torch.set_num_threads(1)
    assert counts == [5, 3, 3, 2, 2, 2]


@pytest.mark.usefixtures("two_threads")
def test_one_that_fails_ends_the_others_at_their_next_step_and_the_sweep_goes_on_from_what_was_kept(
    tmp_path, monkeypatch
):
    sweep = Sweep(small("arcface"), {"scale": "4,8"}, seeds=3)
    assert [len(chunk.trials) for chunk in sweep.chunks(sweep.plan().panels)] == [2, 2, 2]
    slow, ended = threading.Event(), []

    def one_fails(own, path, *, tick, **options):
        def held(steps):
            slow.set()
            time.sleep(0.05)
            tick(steps)

        if own.seed == 2:
            assert slow.wait(LONG)
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes")
        try:
            return train_chunk(own, path, tick=tick if own.seed == 0 else held, **options)
        except BaseException:
            with Recording(path) as recording:
                ended.append((recording.meta["status"], recording.frames))
            raise

    with monkeypatch.context() as patched:
        patched.setattr(engine.sweeping.sweep, "train_chunk", one_fails)
        with pytest.raises(Refusal, match="A chunk of 2 panels did not fit into memory; go on with less than 1024 MiB"):
            sweep.run(tmp_path, progress=False)
    assert ended == [("stopped", 1)]
    assert pd.read_csv(tmp_path / "sweep.csv")["seed"].tolist() == [0, 0]
    assert len(list((tmp_path / "recordings").iterdir())) == 1
    table = sweep.run(tmp_path, progress=False)
    assert_frame_equal(table.drop(columns=CHUNKED), sweep.run(progress=False).drop(columns=CHUNKED))
