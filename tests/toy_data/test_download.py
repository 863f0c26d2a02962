"""Fetching: nothing without being asked, nothing unchecked, and one sentence for whatever goes wrong."""

import http.server
import threading
import urllib.error
import urllib.request
from contextlib import closing
from email.message import Message
from http.client import IncompleteRead

import numpy as np
import pytest

from spec import Refusal
from toy_data import VARIABLE, available, download, folder
from toy_data.download import SOURCES, fetch
from toy_data.openml import progress
from toy_data.usps import Usps


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "home", lambda: tmp_path / "home")
    monkeypatch.delenv(VARIABLE, raising=False)
    return tmp_path / "home"


def usps():
    """What OpenML sends, with drawn pixels: digits numbered from 1 as texts, training samples first."""
    source, rng = SOURCES["usps"], np.random.default_rng(0)
    labels = np.concatenate([rng.permutation(np.repeat(np.arange(10), part)) for part in (source.train, source.test)])
    pixels = np.full((9298, 256), -1.0)
    pixels[:, 100:110] = rng.choice([-1.0, -0.5, 0.0, 1.0], size=(9298, 10))
    return "USPS", pixels, (labels + 1).astype(str).astype(object)


@pytest.fixture(scope="module")
def sent():
    return usps()


def test_what_is_fetched_is_checked_written_and_loaded(home, sent):
    def download(number, place):
        assert number == 41082
        assert place.is_dir()
        return sent

    place = fetch("usps", download)
    assert place == home / "usps"
    samples = Usps(per_class=1200).load()
    assert samples.train_x.shape == (7291, 16, 16)
    assert np.array_equal(samples.train_y, sent[2][:7291].astype(int) - 1)
    assert np.array_equal(samples.test_x[0].ravel(), np.rint((sent[1][7291] + 1) * 127.5))
    assert sorted(path.name for path in home.iterdir()) == ["usps"]

    def again(number, place):
        pytest.fail("it is here already")

    assert fetch("usps", again) == place
    damaged = next(place.glob("train-images*"))
    damaged.write_bytes(damaged.read_bytes()[:-100])
    fetch("usps", lambda number, place: sent)
    assert len(Usps().load().test_y) == 2007


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (urllib.error.URLError("no route"), r"usps could not be fetched, since www\.openml\.org cannot be reached"),
        (TimeoutError(), "connection broke off while usps was coming"),
        (ConnectionResetError(), "connection broke off while usps was coming"),
        (IncompleteRead(b""), "connection broke off while usps was coming"),
    ],
)
def test_without_a_network_one_sentence_and_what_arrived_is_kept(home, error, sentence, sent):
    def broken(number, place):
        (place / "whole").write_text("arrived")
        raise error

    with pytest.raises(Refusal, match=sentence) as caught:
        fetch("usps", broken)
    assert caught.value.message.render("zh") != str(caught.value)

    def goes_on(number, place):
        assert (place / "whole").read_text() == "arrived"
        return sent

    fetch("usps", goes_on)
    assert not (home / "usps.download").exists()


def test_where_nothing_arrived_nothing_is_left(home):
    def broken(number, place):
        raise urllib.error.URLError("no route")

    with pytest.raises(Refusal):
        fetch("usps", broken)
    assert list(home.iterdir()) == []


def other(name="USPS", x=None, y=None):
    def change(sent):
        return name, sent[1] if x is None else x(sent[1]), sent[2] if y is None else y(sent[2])

    return change


@pytest.mark.parametrize(
    "change",
    [
        other(name="Fashion-MNIST"),
        other(y=lambda y: y[::-1]),
        other(y=lambda y: y[:-1]),
        other(y=lambda y: np.where(y == "1", "x", y)),
        other(x=lambda x: x[:, :255]),
        other(x=lambda x: x * 2),
        other(x=lambda x: np.where(x == 1, np.nan, x)),
    ],
)
def test_what_is_not_the_set_that_was_expected_is_thrown_away(home, sent, change):
    with pytest.raises(Refusal, match="not the data set that was expected"):
        fetch("usps", lambda number, place: change(sent))
    assert list(home.iterdir()) == []


def test_a_stop_a_full_disk_and_a_wrong_name_are_said(home, sent):
    def raising(error):
        def download(number, place):
            raise error

        return download

    with pytest.raises(Refusal, match="was stopped; run the command again: files that arrived whole are kept"):
        fetch("usps", raising(KeyboardInterrupt()))
    with pytest.raises(Refusal, match=r"could not be written .*No space left"):
        fetch("usps", raising(OSError(28, "No space left on device")))
    with pytest.raises(Refusal, match="not the data set that was expected"):
        fetch("usps", raising(ValueError("md5 checksum does not match")))
    with pytest.raises(
        Refusal, match="'digits' cannot be fetched; these can: mnist, fashion_mnist, kuzushiji_mnist, usps"
    ):
        fetch("digits", raising(AssertionError()))


def test_a_set_that_is_in_a_folder_of_ones_own_is_not_fetched(home, sent, tmp_path, monkeypatch):
    place = fetch("usps", lambda number, place: sent)
    place.rename(tmp_path / "some-folder")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "some-folder"))
    assert fetch("usps", lambda number, place: pytest.fail("it is here already")) == tmp_path / "some-folder"
    # files of another set in a folder of its name are none of it, nor is a part
    (tmp_path / "some-folder").rename(tmp_path / "mnist")
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(Refusal, match="answered"):
        fetch("mnist", answering(503))


def answering(code):
    def download(number, place):
        raise urllib.error.HTTPError("https://www.openml.org", code, "sorry", Message(), None)

    return download


def test_looking_at_what_is_there_never_downloads(monkeypatch):
    monkeypatch.setattr(download, "download", lambda *asked: pytest.fail("nobody asked"))
    monkeypatch.setattr(urllib.request, "urlopen", lambda *asked: pytest.fail("nobody asked"))
    assert available()["usps"].key == "data.files_missing"


def test_the_published_counts_are_whole():
    for source in SOURCES.values():
        assert sum(source.train) + sum(source.test) == (9298 if source.side == 16 else 70_000)


def test_a_bar_shows_how_much_of_an_answer_has_come(capsys):
    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/old":
                self.send_response(302)
                self.send_header("Location", "/some-file.arff")
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Length", "3000")
            self.end_headers()
            self.wfile.write(bytes(3000))

        def log_message(self, *what):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}/old"
        with progress("usps"), closing(urllib.request.urlopen(address)) as answer:
            pieces = [len(piece) for piece in iter(lambda: answer.read(1024), b"")]
        server.shutdown()
        thread.join()
    assert sum(pieces) == 3000
    shown = capsys.readouterr().err
    assert "usps: 100%" in shown, "addresses there are numbers"
    assert "2.93k/2.93k" in shown
