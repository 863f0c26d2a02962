import contextlib
import itertools
import json
import os
import signal
import struct
from pathlib import Path

import pytest
from app_server import FINISHED, place_after, record_of, until, wait_ready
from bad_requests import MESSAGES, SOCKETS
from websockets.exceptions import ConnectionClosed

from app.server.websocket import Bucket

SLOW = {"type": "pace", "frames_per_second": 10, "steps_per_frame": 1}


def say(connection, **message):
    connection.send(json.dumps(message))


def place_of(record):
    return struct.unpack("<I", record[:4])[0]


@pytest.fixture
def own_run(server):
    """A live run that is ours: a fork of the finished one."""
    with server.socket(FINISHED) as viewer:
        say(viewer, type="edit", panel=0, knob="margin", value=0.5, frame=10)
        forked, _ = until(viewer, "forked")
    with server.socket(forked["id"], f"?owner={forked['owner']}") as connection:
        say(connection, **SLOW)
        until(connection, "event", kind="pace")
        yield forked, connection
        say(connection, type="stop")


def test_a_viewer_gets_the_description_and_the_newest_frame(server):
    with server.socket(FINISHED) as viewer:
        run = json.loads(viewer.recv(timeout=60))
        assert run["type"] == "run"
        assert {**run, "type": 0} == {**server.get(f"/api/runs/{FINISHED}").json(), "type": 0}
        newest = viewer.recv(timeout=60)
    assert newest == server.get(f"/api/runs/{FINISHED}/frames?from=40").content


def test_an_edit_by_a_stranger_forks_the_run(server):
    with server.socket(FINISHED) as viewer:
        say(viewer, type="edit", panel=None, knob="margin", value=0.4, frame=20)
        forked, _ = until(viewer, "forked")
        assert forked["from"] == 20
    described = server.get(f"/api/runs/{forked['id']}").json()
    assert described["parent"] == {"run": FINISHED, "frame": 20}
    copies = [server.get(f"/api/runs/{run}/frames?from=0&count=21").content for run in (FINISHED, forked["id"])]
    assert copies[0] == copies[1]
    with server.socket(forked["id"], f"?from=21&owner={forked['owner']}") as viewer:
        run, _ = until(viewer, "run")
        assert run["live"]
        assert place_of(record_of(viewer)) >= 21
        say(viewer, type="stop")
        status, _ = until(viewer, "status")
        assert status["status"] == "stopped"
    events = server.get(f"/api/runs/{forked['id']}").json()["events"]
    assert events[0] == {
        "kind": "edit",
        "step": 40,
        "frame": 20,
        "body": {"panel": None, "knob": "margin", "value": 0.4},
    }


def test_frames_come_one_after_another_and_never_twice(own_run):
    _, connection = own_run
    places = [place_of(record_of(connection)) for _ in range(6)]
    assert all(before < after for before, after in itertools.pairwise(places))


def test_the_owner_edits_in_place_and_every_viewer_hears_of_it(server, own_run):
    forked, connection = own_run
    with server.socket(forked["id"]) as viewer:
        until(viewer, "run")
        say(connection, type="edit", panel=1, knob="learning_rate", value=0.02)
        for each in (connection, viewer):
            event, _ = until(each, "event")
            assert (event["kind"], event["body"]) == ("edit", {"panel": 1, "knob": "learning_rate", "value": 0.02})
        assert place_after(viewer, event["frame"]) == event["frame"] + 1


def test_the_owner_pauses_steps_and_resumes(own_run):
    _, connection = own_run
    say(connection, type="pause")
    event, _ = until(connection, "event")
    assert event["kind"] == "pause"
    say(connection, type="step")
    assert place_after(connection, event["frame"]) == event["frame"] + 1
    say(connection, type="resume")
    resumed, _ = until(connection, "event")
    assert (resumed["kind"], resumed["frame"]) == ("resume", event["frame"] + 1)
    assert place_after(connection, resumed["frame"]) == event["frame"] + 2


@pytest.mark.parametrize("task", ["pause", "resume", "step", "stop"])
@pytest.mark.parametrize("token", ["", "?owner=", "?owner=guess", "?owner=%ff"])
def test_nobody_else_steers_a_run(server, own_run, task, token):
    with server.socket(own_run[0]["id"], token) as stranger:
        say(stranger, type=task)
        error, _ = until(stranger, "error")
    assert "Only the one who started this run" in error["error"]


def test_an_edit_with_a_foreign_token_forks(server, own_run):
    forked, connection = own_run
    with server.socket(forked["id"], "?owner=guess") as stranger:
        say(stranger, type="edit", panel=0, knob="margin", value=0.1)
        own, _ = until(stranger, "forked")
        assert own["id"] != forked["id"]
    with server.socket(own["id"], f"?owner={own['owner']}") as stranger:
        say(stranger, type="stop")
        until(stranger, "status")
    record_of(connection)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://", "http://[", "x"])
def test_another_origin_is_refused(server, origin):
    with server.socket(FINISHED, origin=origin) as connection:
        assert "own pages only" in json.loads(connection.recv(timeout=60))["error"]
        with pytest.raises(ConnectionClosed) as closed:
            connection.recv(timeout=60)
    assert closed.value.rcvd.code == 1008


def test_our_own_origin_is_welcome(server):
    with server.socket(FINISHED, origin=server.url) as connection:
        assert json.loads(connection.recv(timeout=60))["type"] == "run"


@pytest.mark.parametrize("name", SOCKETS)
def test_a_socket_that_cannot_be_served_is_closed_with_a_sentence(server, name):
    run, query, words, code = SOCKETS[name]
    with server.socket(run, query) as connection:
        assert words in json.loads(connection.recv(timeout=60))["error"]
        with pytest.raises(ConnectionClosed) as closed:
            connection.recv(timeout=60)
    assert closed.value.rcvd.code == code


@pytest.mark.parametrize("name", MESSAGES)
def test_a_bad_message_gets_one_sentence_and_the_socket_goes_on(server, name):
    message, words = MESSAGES[name]
    with server.socket(FINISHED) as connection:
        record_of(connection)
        connection.send(message)
        error, _ = until(connection, "error")
        assert words in error["error"]
        assert len(error["error"]) < 400
        connection.send("{")
        until(connection, "error")
    assert server.get("/healthz").status_code == 200


def test_sentences_are_in_the_viewers_language(server):
    with server.socket(FINISHED, additional_headers={"Accept-Language": "zh"}) as connection:
        connection.send("{")
        error, _ = until(connection, "error")
    assert error["error"] == "消息不是 JSON 对象。"


def test_messages_pass_at_their_rate_and_twice_as_many_at_once():
    bucket = Bucket(10, 0.0)
    assert [bucket.take(0.0) for _ in range(25)] == [True] * 20 + [False] * 5
    assert [bucket.take(0.5) for _ in range(8)] == [True] * 5 + [False] * 3
    assert sum(bucket.take(100.0) for _ in range(100)) == 20


def test_a_flood_of_messages_does_not_stop_the_server(server):
    with server.socket(FINISHED, close_timeout=1) as connection:
        record_of(connection)
        for _ in range(400):
            connection.send("{")
        until(connection, "error")
        assert server.get("/healthz").status_code == 200


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the worker in /proc")
def test_a_worker_that_is_killed_is_told_and_another_takes_its_place(server, own_run):
    forked, connection = own_run
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # ended since it was listed
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == server.process.pid and "engine.running.worker" in (entry / "cmdline").read_text():
                os.kill(int(entry.name), signal.SIGKILL)
    status, _ = until(connection, "status")
    assert status["status"] == "interrupted"
    assert "ended unexpectedly" in status["reason"]
    described = server.get(f"/api/runs/{forked['id']}").json()
    assert (described["status"], described["live"]) == ("interrupted", False)
    wait_ready(server)
    say(connection, type="edit", panel=0, knob="margin", value=0.2)
    again, _ = until(connection, "forked")
    with server.socket(again["id"], f"?owner={again['owner']}") as viewer:
        until(viewer, "run")
        say(viewer, type="stop")
        until(viewer, "status")
