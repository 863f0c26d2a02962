"""The command ``loss-geometry data``: fetch, check and convert, each in plain lines or one sentence."""

import hashlib

import numpy as np
import pytest

from app import gathering
from app.cli import main
from spec import Knob, Refusal
from toy_data import VARIABLE, folder


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "home", lambda: tmp_path / "home")
    monkeypatch.setenv(VARIABLE, str(tmp_path))


def table(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("a,b,label\n" + "".join(f"{k},{k * k % 7},{'cat' if k % 3 else 'dog'}\n" for k in range(30)))
    return path


def test_fetch_says_where_the_files_are_or_why_not(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(gathering, "fetch", lambda slug: tmp_path / slug)
    assert main(["data", "fetch", "mnist"]) == 0
    assert str(tmp_path / "mnist") in capsys.readouterr().out

    def refuse(slug):
        raise Refusal("data.fetch_network", name=slug, variable=VARIABLE)

    monkeypatch.setattr(gathering, "fetch", refuse)
    assert main(["data", "fetch", "mnist"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "cannot be reached" in said


def test_check_shows_sizes_labels_and_checksum(capsys, tmp_path):
    assert main(["data", "check", "digits"]) == 0
    said = capsys.readouterr().out
    assert "1437 training samples, 360 test samples, 10 classes, pictures 8 x 8" in said
    assert "0: 142" in said
    assert main(["data", "check", str(table(tmp_path))]) == 0
    said = capsys.readouterr().out
    assert "24 training samples, 6 test samples, 2 classes, features 2" in said
    assert "cat: 16  dog: 8" in said
    assert "cat: 4  dog: 2" in said


def test_a_checksum_is_of_what_is_in_the_file_and_not_of_its_bytes(capsys, tmp_path):
    sums = []
    path = table(tmp_path)
    for content in (path.read_text(), path.read_text().replace("\n", "\r\n"), path.read_text().replace("0,0", "0,1")):
        path.write_bytes(content.encode())
        assert main(["data", "check", str(path)]) == 0
        sums.append(capsys.readouterr().out.split("sha256")[1].strip())
    assert sums[0] == sums[1] != sums[2]
    assert all(len(bytes.fromhex(each)) == hashlib.sha256().digest_size for each in sums)


def test_check_without_a_name_tells_of_all(capsys):
    assert main(["data", "check"]) == 0
    said = capsys.readouterr().out
    assert "digits            1437 training" in said
    assert "spirals           600 training" in said
    assert "\nown " in said


def test_check_of_what_is_not_there(capsys):
    assert main(["data", "check", "nothing"]) == 2
    assert "neither a file or folder here nor a data set; data sets are: digits" in capsys.readouterr().err


def test_converted_data_are_the_same_data(capsys, tmp_path):
    path, out = table(tmp_path), tmp_path / "mine.npz"
    assert main(["data", "convert", str(path), str(out)]) == 0
    assert "30 samples" in capsys.readouterr().out
    with np.load(out, allow_pickle=False) as arrays:
        assert arrays["x"].shape == (30, 2)
        assert arrays["classes"].tolist() == ["cat", "dog"]
    sums = []
    for each in (path, out):
        assert main(["data", "check", str(each)]) == 0
        sums.append(capsys.readouterr().out.split("sha256")[1])
    assert sums[0] == sums[1]
    for wrong in (out, tmp_path / "mine.zip"):
        assert main(["data", "convert", str(path), str(wrong)]) == 2
        assert "must be a new file whose name ends in .npz" in capsys.readouterr().err
    assert main(["data", "convert", str(path), str(tmp_path / "no" / "mine.npz")]) == 2
    assert "could not be written" in capsys.readouterr().err


def test_every_kind_of_knob_is_described():
    assert gathering.ranges(Knob(name="a", kind="text", default="")) == "-  (a name)"
    assert gathering.ranges(Knob(name="a", kind="switch", default=True)) == "true  (true, false)"
    assert gathering.ranges(Knob(name="a", kind="choice", default="x", choices=("x", "y"))) == "x  (x, y)"
    assert gathering.ranges(Knob(name="a", kind="number", default=1, low=0, high=2, unit="rad")) == "1 rad  (0 to 2)"
