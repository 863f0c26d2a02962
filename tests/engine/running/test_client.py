import asyncio
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from worker_talk import small

from engine.running import client as client_module
from engine.running.client import Client
from engine.running.record_to_file import record
from spec import Refusal
from toy_data import VARIABLE


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    folder = tmp_path_factory.mktemp("client")
    client = Client([folder / "runs", folder / "presets"], "cpu")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(folder / "nothing"))  # the worker finds no pictures
        client.open()
        assert client.worker.ready.wait(60)
    yield client
    client.worker.close()
    assert client.worker.process.returncode == 0


@pytest.fixture(scope="module")
def plain(client):
    """The id of a recording that no worker has."""
    for _ in record(small("arcface", seed=6), client.library.folder / "plain.lossgeo"):
        pass
    yield "plain"
    (client.library.folder / "plain.lossgeo").unlink()


def wait(condition, timeout=60):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def test_a_run_that_is_being_trained_is_joined_and_one_that_is_done_replayed(client):
    first = client.start(small(steps=60, seed=1))
    joined = client.start(small(steps=60, seed=1))
    assert first.owner is not None
    assert joined.id == first.id
    assert joined.owner is None
    assert first.id.startswith(small(steps=60, seed=1).key[:8] + "-")
    wait(lambda: client.state(first.id).status == "done")
    assert client.start(small(steps=60, seed=1)).id == first.id
    other = client.start(small(steps=300, seed=2))
    assert other.id != first.id


def test_a_recording_that_was_there_before_is_replayed(client):
    experiment = small(seed=3)
    path = client.library.folder.parent / "presets" / "shipped.lossgeo"
    for _ in record(experiment, path):
        pass
    started = client.start(experiment)
    assert (started.id, started.owner) == ("shipped", None)


def test_an_edited_run_is_not_given_to_anybody_who_asks_for_the_experiment(client):
    experiment = small("arcface", steps=10_000, seed=4)
    mine = client.start(experiment)
    client.wait_opened(mine.id, 60)
    assert client.edit(mine.id, mine.owner, "margin", 0.2) is None
    theirs = client.start(experiment)
    assert theirs.id != mine.id
    assert theirs.owner is not None
    client.wait_opened(theirs.id, 60)
    for run in (mine, theirs):
        client.steer(run.id, run.owner, "stop")
        wait(lambda run=run: not client.state(run.id).live)
    # both were broken off: neither is the whole run
    again = client.start(experiment)
    assert again.id not in {mine.id, theirs.id}
    client.steer(again.id, again.owner, "stop")


def test_a_stranger_gets_a_fork_and_may_not_steer(client):
    mine = client.start(small("arcface", steps=10_000, seed=5))
    client.wait_opened(mine.id, 60)
    wait(lambda: client.state(mine.id).frames > 4)
    theirs = client.edit(mine.id, "guess", "margin", 0.2, panel=0, frame=3)
    client.wait_opened(theirs.id, 60)
    with client.library.open(theirs.id) as recording:
        assert recording.meta["parent"] == {"run": mine.id, "frame": 3}
    for token in (None, "", "guess", theirs.owner):
        with pytest.raises(Refusal, match="Only the one who started"):
            client.steer(mine.id, token, "pause")
    for run in (mine, theirs):
        client.steer(run.id, run.owner, "stop")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"knob": "nonsense"}, "no knob 'nonsense'"),
        ({"value": 99}, "margin is 99"),
        ({"panel": 5}, "panel is 5"),
        ({"frame": 10**6}, "Frame 1000000 does not exist"),
        ({"run": "nothing"}, "There is no run nothing"),
        ({"run": "../x"}, "not the id of a run"),
    ],
)
def test_edits_that_make_no_sense_are_refused_before_anything_is_forked(client, plain, change, sentence):
    runs = len(client.library.entries())
    edit = {"run": plain, "owner": None, "knob": "margin", "value": 0.2, **change}
    with pytest.raises(Refusal, match=sentence):
        client.edit(**edit)
    assert len(client.library.entries()) == runs


def test_so_many_runs_and_no_more(client, monkeypatch):
    monkeypatch.setattr(client_module, "MAX_OPEN", client.training)
    with pytest.raises(Refusal, match="as many as may be"):
        client.start(small(seed=7))


def test_a_run_that_cannot_begin_says_why(client):
    started = client.start(small(data="mnist", dials={}, seed=8))
    with pytest.raises(Refusal, match="not on this computer"):
        client.wait_opened(started.id, 60)
    assert client.state(started.id).status == "failed"


def test_viewers_hear_of_frames_edits_and_the_end(client):
    async def watch():
        started = client.start(small("arcface", steps=120, seed=9))
        feed = client.subscriptions.add(started.id)
        await asyncio.to_thread(client.wait_opened, started.id, 60)
        client.edit(started.id, started.owner, "margin", 0.2)
        messages = []
        while not any(message["type"] == "status" for message in messages):
            await asyncio.wait_for(feed.wait(), 60)
            while feed.messages:
                messages.append(feed.messages.popleft())
        records = await asyncio.gather(*(client.read_frame(started.id, 2) for _ in range(5)))
        client.subscriptions.remove(started.id, feed)
        assert len(client.subscriptions) == 0
        return messages, records

    with ThreadPoolExecutor(1) as aside:  # a browser test of the same process may have a loop running in this thread
        messages, records = aside.submit(asyncio.run, watch()).result()
    assert [message["kind"] for message in messages if message["type"] == "event"] == ["edit", "done"]
    assert messages[-1]["status"] == "done"
    assert len(set(records)) == 1
    assert records[0][:4] == (2).to_bytes(4, "little")


def test_a_killed_worker_is_replaced_and_its_runs_are_interrupted(client):
    started = client.start(small(steps=100_000, seed=10))
    client.wait_opened(started.id, 60)
    before = client.worker.process.pid
    os.kill(before, signal.SIGKILL)
    wait(lambda: client.state(started.id).status == "interrupted")
    assert "ended unexpectedly" in client.state(started.id).reason.render()
    with pytest.raises(Refusal, match="let this run go"):
        client.steer(started.id, started.owner, "pause")
    wait(lambda: client.worker.ready.is_set() and client.worker.process.pid != before)
    again = client.edit(started.id, started.owner, "learning_rate", 0.02)
    client.wait_opened(again.id, 60)
    assert client.state(again.id).status == "open"
    client.steer(again.id, again.owner, "stop")
    wait(lambda: client.state(again.id).status == "stopped")
