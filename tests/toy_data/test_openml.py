"""The way through scikit-learn's loader, against a server that answers as OpenML does, or breaks off."""

import gzip
import hashlib
import http.server
import json
import socket
import threading
import urllib.request
from contextlib import contextmanager
from http.client import HTTPConnection

import numpy as np
import pytest

from spec import Refusal
from toy_data import VARIABLE, folder, openml
from toy_data.download import SOURCES, fetch
from toy_data.usps import Usps

FILE = "/data/v1/download/18805612"  # the beginning of its path


def arff():
    """USPS as OpenML has it: the label first, named 1 to 10, then pixels from -1 to 1."""
    source, rng = SOURCES["usps"], np.random.default_rng(0)
    labels = np.concatenate([rng.permutation(np.repeat(np.arange(10), part)) for part in (source.train, source.test)])
    pixels = rng.choice(["-1", "-0.5", "0", "1"], size=(len(labels), 4))
    lines = [f"{label + 1},{','.join(row)}{',-1' * 252}" for label, row in zip(labels, pixels, strict=True)]
    names = "".join(f"@ATTRIBUTE double{k} REAL\n" for k in range(256))
    header = f"@RELATION USPS\n@ATTRIBUTE int0 {{{','.join(map(str, range(1, 11)))}}}\n{names}@DATA\n"
    return (header + "\n".join(lines) + "\n").encode(), labels, pixels.astype(float)


class Site:
    """What a server says: the whole answers by path, and how the file is sent."""

    def __init__(self):
        self.content, self.labels, self.pixels = arff()
        self.asked = []
        self.zipped, self.announced, self.cut, self.code = True, True, 0, 200

    def document(self, path):
        """The description of the set, its features and its qualities, as far as the loader looks at them."""
        if "/features/" in path:
            plain = {"is_ignore": "false", "is_row_identifier": "false", "number_of_missing_values": "0"}
            label = {"index": "0", "name": "int0", "data_type": "nominal", "is_target": "true", **plain}
            rest = [
                {"index": str(k + 1), "name": f"double{k}", "data_type": "numeric", "is_target": "false", **plain}
                for k in range(256)
            ]
            return {"data_features": {"feature": [label, *rest]}}
        if "/qualities/" in path:
            return {"data_qualities": {"quality": [{"name": "NumberOfInstances", "value": str(len(self.labels))}]}}
        return {
            "data_set_description": {
                "id": "41082",
                "name": "USPS",
                "version": "2",
                "format": "ARFF",
                "status": "active",
                "file_id": "18805612",
                "url": f"https://www.openml.org{FILE}/USPS.arff",
                "md5_checksum": hashlib.md5(self.content).hexdigest(),
                "description": "digits",
            }
        }

    def answer(self, request):
        self.asked.append(request.path)
        if request.path.startswith(FILE):
            zipped, announced, cut, code = self.zipped, self.announced, self.cut, self.code
            body = gzip.compress(self.content, 1) if zipped else self.content
        else:
            zipped, announced, cut, code = False, True, 0, 200
            body = json.dumps(self.document(request.path)).encode()
        request.send_response(code)
        if zipped:
            request.send_header("Content-Encoding", "gzip")
        if announced:
            request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body[: len(body) - cut])
        request.close_connection = True


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "home", lambda: tmp_path / "home")
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(openml, "PAUSE", 0.001)  # seconds between two attempts
    made = Site()
    with serving(made) as made.port:
        # whatever is asked of the net is asked of this server
        monkeypatch.setattr(
            urllib.request.HTTPSHandler, "https_open", lambda self, request: self.do_open(local, request)
        )

        def local(host, **options):
            return HTTPConnection("127.0.0.1", made.port, timeout=options["timeout"])

        yield made


@contextmanager
def serving(site):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            site.answer(self)

        def log_message(self, *what):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def left(tmp_path):
    return [path for path in (tmp_path / "home").rglob("*") if path.is_file()]


@pytest.mark.parametrize("zipped", [True, False])
def test_a_set_comes_through_the_loader_of_scikit_learn(site, tmp_path, zipped):
    site.zipped = zipped
    assert fetch("usps") == tmp_path / "home" / "usps"
    samples = Usps().read()
    assert np.array_equal(np.concatenate([samples.train_y, samples.test_y]), site.labels)
    pixels = np.concatenate([samples.train_x, samples.test_x]).reshape(-1, 256)
    assert np.array_equal(pixels[:, :4], np.rint((site.pixels + 1) * 127.5))
    assert not pixels[:, 4:].any()
    asked = len(site.asked)
    fetch("usps")
    assert len(site.asked) == asked == 4
    assert sorted(path.name for path in (tmp_path / "home").iterdir()) == ["usps"]


@pytest.mark.parametrize("zipped", [True, False])
def test_a_file_that_is_cut_off_is_fetched_anew_and_the_others_are_kept(site, tmp_path, zipped):
    site.zipped, site.cut = zipped, 5000
    with pytest.raises(Refusal, match="connection broke off while usps was coming; run the command again"):
        fetch("usps")
    assert len(left(tmp_path)) == 3
    site.cut = 0
    site.asked.clear()
    fetch("usps")
    assert len(site.asked) == 1
    assert site.asked[0].startswith(FILE)
    assert len(Usps().read().test_y) == 2007


def test_a_gzip_that_ends_early_where_no_length_was_announced(site, tmp_path):
    site.announced, site.cut = False, 5000
    with pytest.raises(Refusal, match="damaged or cut short on the way, so it was thrown away"):
        fetch("usps")
    assert not left(tmp_path)


def test_a_gzip_that_is_damaged_within(site, tmp_path, monkeypatch):
    monkeypatch.setattr(gzip, "compress", lambda content, level: b"\x1f\x8b\x08\0\0\0\0\0\0\0" + b"\xff" * 5000)
    with pytest.raises(Refusal, match="damaged or cut short on the way"):
        fetch("usps")
    monkeypatch.setattr(gzip, "compress", lambda content, level: b"no gzip at all")
    with pytest.raises(Refusal, match="damaged or cut short on the way"):
        fetch("usps")
    assert not left(tmp_path)


def test_another_file_than_the_one_that_was_described_is_thrown_away(site, tmp_path, monkeypatch):
    monkeypatch.setattr(gzip, "compress", lambda content, level: gzip_of(content[:-10]))
    with pytest.raises(Refusal, match="not the data set that was expected"):
        fetch("usps")
    assert not left(tmp_path)


gzip_of = gzip.compress


@pytest.mark.parametrize("code", [404, 503])
def test_an_error_of_the_server_is_no_missing_network(site, code):
    site.code = code
    with pytest.raises(Refusal, match=f"openml.org was reached but answered with the error {code}"):
        fetch("usps")


def test_a_page_that_asks_for_a_password_is_not_the_data(site, monkeypatch, tmp_path):
    monkeypatch.setattr(site, "document", lambda path: "<html>")
    with pytest.raises(Refusal, match="not the data set that was expected"):
        fetch("usps")
    assert not left(tmp_path)


def test_where_nobody_answers_the_network_is_missing(site, tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))  # taken, and nobody listens
        site.port = other.getsockname()[1]
        with pytest.raises(Refusal, match="cannot be reached from here"):
            fetch("usps")
    assert not (tmp_path / "home" / "usps.download").exists()
