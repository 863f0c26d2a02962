import json
import socket
import sqlite3
import struct
import zlib
from http.client import HTTPConnection
from pathlib import Path

import pytest
from app_server import FINISHED, experiment
from bad_requests import REQUESTS

from app.cli import launch
from app.server import asgi as server_module
from app.server import routes
from app.server.errors import language_of
from engine.frames.codec import decode, decode_points, encode
from engine.training.loop import train

STAGE = Path(routes.__file__).parents[1] / "stage"


def split(body):
    """Take records apart by the documented layout."""
    records = []
    while body:
        place, step, length, crc = struct.unpack("<IIII", body[:16])
        records.append((place, step, body[16 : 16 + length]))
        assert zlib.crc32(records[-1][2]) == crc
        body = body[16 + length + -length % 8 :]
    return records


def test_health_says_ready(server):
    answer = server.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "device": "cpu", "training": answer.json()["training"]}


def test_the_page_is_served(server):
    answer = server.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")


def test_a_run_is_described(server):
    described = server.get(f"/api/runs/{FINISHED}").json()
    assert described["experiment"] == json.loads(experiment().canonical)
    assert described["key"] == experiment().key
    expected = {"id": FINISHED, "status": "done", "reason": None, "frames": 41, "steps": 80, "live": False}
    assert {name: described[name] for name in expected} == expected
    assert [event["kind"] for event in described["events"]] == ["done"]
    assert described["bytes"] == (server.folder / f"{FINISHED}.lossgeo").stat().st_size
    assert described["title"].startswith("ArcFace, ")


def test_runs_are_listed_newest_first(server):
    listed = server.get("/api/runs").json()
    assert [run["created"] for run in listed] == sorted((run["created"] for run in listed), reverse=True)
    run = next(run for run in listed if run["id"] == FINISHED)
    assert set(run) == {"id", "title", "status", "frames", "created", "experiment"}
    assert (run["status"], run["frames"]) == ("done", 41)


def test_frames_are_those_that_were_trained(server):
    records = split(server.get(f"/api/runs/{FINISHED}/frames").content)
    frames = list(train(experiment()))
    assert [record[:2] for record in records] == [(index, frame.step) for index, frame in enumerate(frames)]
    assert [record[2] for record in records] == [encode(frame) for frame in frames]
    assert decode(records[7][2]).panels[0].test_accuracy == frames[7].panels[0].test_accuracy


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("from=0&count=3", [0, 1, 2]),
        ("from=39&count=9", [39, 40]),
        ("from=40", [40]),
        ("from=41", []),
        ("from=2147483648", []),
        ("from=007&count=1", [7]),
    ],
)
def test_ranges_of_frames(server, query, places):
    answer = server.get(f"/api/runs/{FINISHED}/frames?{query}")
    assert answer.status_code == 200
    assert [record[0] for record in split(answer.content)] == places


def test_an_answer_has_at_most_eight_mebibytes_and_at_least_one_frame(server):
    path = server.folder / "large.lossgeo"
    path.write_bytes((server.folder / f"{FINISHED}.lossgeo").read_bytes())
    rows = sqlite3.connect(path)
    body = bytes(3 * 2**20)
    rows.execute("UPDATE frames SET body = ?, crc = ? WHERE id < 5", (body, zlib.crc32(body)))
    rows.execute("UPDATE frames SET body = ?, crc = ? WHERE id = 5", (4 * body, zlib.crc32(4 * body)))
    rows.commit()
    rows.close()
    places = [[record[0] for record in split(server.get(f"/api/runs/large/frames?from={k}").content)] for k in (0, 5)]
    path.unlink()
    assert places == [[0, 1], [5]]


def test_points_are_served(server):
    points = decode_points(server.get(f"/api/runs/{FINISHED}/points").content)
    assert len(points.labels) == len(points.split) == len(points.index) == 40


def test_the_recording_itself_is_served(server, tmp_path):
    answer = server.get(f"/api/runs/{FINISHED}/file")
    (tmp_path / "copy.lossgeo").write_bytes(answer.content)
    assert f'filename="{FINISHED}.lossgeo"' in answer.headers["content-disposition"]
    rows = sqlite3.connect(tmp_path / "copy.lossgeo")
    assert rows.execute("SELECT count(*) FROM frames").fetchone() == (41,)
    assert rows.execute("PRAGMA application_id").fetchone() == (0x4C47454F,)
    rows.close()


def test_a_damaged_frame_is_told_in_a_sentence(server):
    path = server.folder / "damaged.lossgeo"
    path.write_bytes((server.folder / f"{FINISHED}.lossgeo").read_bytes())
    rows = sqlite3.connect(path)
    rows.execute("UPDATE frames SET crc = crc + 1 WHERE id = 2")
    rows.commit()
    rows.close()
    answer = server.get("/api/runs/damaged/frames?from=2")
    path.unlink()
    assert (answer.status_code, "Frame 2 of damaged.lossgeo is damaged" in answer.json()["error"]) == (400, True)


@pytest.mark.parametrize("path", ["/healthz", "/api/runs", f"/api/runs/{FINISHED}", f"/api/runs/{FINISHED}/frames"])
def test_head_and_options(server, path):
    head = server.request("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    options = server.request("OPTIONS", path)
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


MODULES = sorted(path.relative_to(STAGE).as_posix() for kind in ("*.js", "*.css") for path in STAGE.rglob(kind))


@pytest.mark.parametrize("name", MODULES)
def test_every_module_of_the_stage_is_served(server, name):
    path = STAGE / name
    kind = {".js": "text/javascript", ".css": "text/css"}[path.suffix]
    answer = server.get(f"/stage/{name}")
    assert answer.content == path.read_bytes()
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-type"].startswith(kind)


def test_a_module_is_kept_by_its_version_and_asked_for_again_by_its_tag(server):
    answer = server.get("/stage/index.js?v=abc")
    assert "immutable" in answer.headers["cache-control"]
    again = server.get("/stage/index.js", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert server.get("/stage/index.js", headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("name", REQUESTS)
def test_a_bad_request_gets_one_sentence_and_the_server_goes_on(server, name):
    method, path, headers, status, words = REQUESTS[name]
    # by the plain client, since others tidy an address up before they send it
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=60)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    assert answer.status == status
    assert set(body) == {"error"}
    assert words in body["error"]
    assert len(body["error"]) < 300
    assert body["error"][-1] in ".。"
    assert server.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("zh", "zh"),
        ("ZH-Hant-TW", "zh"),
        ("en;q=0.5, zh;q=0.8", "zh"),
        ("zh;q=0.2, en-GB", "en"),
        ("zh;q=0", "en"),
        ("zh;q=nonsense", "en"),
        ("fr, de", "en"),
    ],
)
def test_the_language_is_the_readers(accepted, language):
    assert language_of(accepted) == language


def test_serve_becomes_streamlit_with_the_options(monkeypatch, tmp_path):
    called = []
    monkeypatch.setenv("LOSS_GEOMETRY_RUNS", "before")
    monkeypatch.setattr(launch.os, "execv", lambda program, command: called.append(command))
    with socket.socket() as probe:
        probe.bind(("0.0.0.0", 0))
        port = probe.getsockname()[1]
    launch.serve(host="0.0.0.0", port=port, runs=tmp_path)
    (command,) = called
    assert command[1:4] == ["-m", "streamlit", "run"]
    assert Path(command[4]) == Path(server_module.__file__)
    assert command[5:] == ["--server.address", "0.0.0.0", "--server.port", str(port)]
    assert launch.os.environ["LOSS_GEOMETRY_RUNS"] == str(tmp_path)
