"""The command ``loss-geometry data``: fetch, check and convert, each in plain lines or one sentence."""

import hashlib
import math
import os

import numpy as np
import pytest

from app.cli.commands import data
from app.cli.knob_lines import describe_range
from app.cli.main import main
from engine.recording.reader import Recording
from spec import Knob, Refusal
from toy_data import VARIABLE, folder, idx


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "home", lambda: tmp_path / "home")
    monkeypatch.setenv(VARIABLE, str(tmp_path))


def table(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("a,b,label\n" + "".join(f"{k},{k * k % 7},{'cat' if k % 3 else 'dog'}\n" for k in range(30)))
    return path


def test_fetch_says_where_the_files_are_or_why_not(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(data, "fetch", lambda slug: tmp_path / slug)
    assert main(["data", "fetch", "mnist"]) == 0
    assert str(tmp_path / "mnist") in capsys.readouterr().out

    def refuse(slug):
        raise Refusal("data.fetch_network", name=slug, variable=VARIABLE)

    monkeypatch.setattr(data, "fetch", refuse)
    assert main(["data", "fetch", "mnist"]) == 2
    output = capsys.readouterr().err
    assert output.count("\n") == 1
    assert "cannot be reached" in output


def test_check_shows_sizes_labels_and_checksum(capsys, tmp_path):
    assert main(["data", "check", "digits"]) == 0
    output = capsys.readouterr().out
    assert "1437 training samples, 360 test samples, 10 classes, pictures 8 x 8" in output
    assert "0: 142" in output
    assert main(["data", "check", str(table(tmp_path))]) == 0
    output = capsys.readouterr().out
    assert "24 training samples, 6 test samples, 2 classes, features 2" in output
    assert "cat: 16  dog: 8" in output
    assert "cat: 4  dog: 2" in output


def test_a_checksum_is_of_what_is_in_the_file_and_not_of_its_bytes(capsys, tmp_path):
    sums = []
    path = table(tmp_path)
    for content in (path.read_text(), path.read_text().replace("\n", "\r\n"), path.read_text().replace("0,0", "0,1")):
        path.write_bytes(content.encode())
        assert main(["data", "check", str(path)]) == 0
        sums.append(capsys.readouterr().out.split("sha256")[1].strip())
    assert sums[0] == sums[1] != sums[2]
    assert all(len(bytes.fromhex(each)) == hashlib.sha256().digest_size for each in sums)


def test_check_without_a_name_tells_of_all(capsys, tmp_path):
    assert main(["data", "check"]) == 0
    output = capsys.readouterr().out
    assert "digits            1437 training" in output
    assert "spirals           600 training" in output
    assert "\nown               There are no data of your own here yet" in output
    table(tmp_path)
    assert main(["data", "check"]) == 0
    assert "\nmine.csv          24 training samples" in capsys.readouterr().out


def test_check_of_what_is_not_there(capsys):
    assert main(["data", "check", "nothing"]) == 2
    assert "neither a file or folder here nor a data set; data sets are: digits" in capsys.readouterr().err
    assert main(["data", "check", "own"]) == 2
    assert "There are no data of your own here yet" in capsys.readouterr().err
    assert main(["data", "check", "n" * 4000]) == 2
    assert len(capsys.readouterr().err) < 400


def lacking(path, *, train=10, test=10):
    """Four IDX files of tiny pictures, with the labels below a number for training and for testing."""
    path.mkdir()
    rng = np.random.default_rng(0)
    for split, labels in (("train", np.arange(40) % train), ("t10k", np.arange(40) % test)):
        idx.write(path / f"{split}-images-idx3-ubyte", rng.integers(0, 256, (40, 8, 8)).astype(np.uint8))
        idx.write(path / f"{split}-labels-idx1-ubyte", labels)
    return path


@pytest.mark.parametrize(("missing", "split"), [({"test": 9}, "test"), ({"train": 9}, "training")])
@pytest.mark.parametrize("name", ["mnist", "scans"])
def test_check_passes_nothing_that_cannot_be_trained(name, missing, split, tmp_path, capsys):
    path = lacking(tmp_path / name, **missing)
    own = [] if name == "mnist" else [[name], ["own"], [str(path)]]
    for which in ([], *([[name]] if name == "mnist" else own)):
        status = main(["data", "check", *which])
        output = capsys.readouterr()
        assert f"no {split} sample of class 9" in output.out + output.err, which
        assert status in {1, 2}, which
    assert main(["train", "--loss", "softmax", "--data", name, "--out", str(tmp_path / "run.lossgeo")]) == 2
    assert f"no {split} sample of class 9" in capsys.readouterr().err


def test_own_data_are_named_by_path_or_by_name_and_an_experiment_holds_their_name(capsys, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    path = table(tmp_path).rename(elsewhere / "mine.csv")
    monkeypatch.chdir(tmp_path)
    arguments = ["train", "--loss", "softmax", "--steps", "2", "--batch", "8", "--data"]
    assert main([*arguments, "elsewhere/mine.csv", "--out", "one.lossgeo"]) == 0
    monkeypatch.setenv(VARIABLE, str(elsewhere))
    for way, out in ((["mine.csv"], "two"), (["own", "--dial", "file=mine.csv"], "three"), ([str(path)], "four")):
        assert main([*arguments, *way, "--out", f"{out}.lossgeo"]) == 0
    experiments = []
    for out in ("one", "two", "three", "four"):
        with Recording(tmp_path / f"{out}.lossgeo") as recording:
            experiments.append(recording.meta["experiment"])
    assert all(each == experiments[0] for each in experiments)
    assert experiments[0]["data"] == "own"
    assert experiments[0]["dials"]["file"] == "mine.csv"
    assert main([*arguments, "mine.csv", "--dial", "file=mine.csv", "--out", "five.lossgeo"]) == 2
    assert "file is set twice" in capsys.readouterr().err
    for which in ("mine.csv", "own", str(path)):
        assert main(["data", "check", which]) == 0
        assert "mine.csv" in capsys.readouterr().out


def test_a_path_given_here_is_found_before_a_file_of_that_name_elsewhere(capsys, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    table(tmp_path)
    (tmp_path / "here" / "mine.csv").write_text("a,label\n" + "".join(f"{k},{k % 2}\n" for k in range(20)))
    assert main(["data", "check", str(tmp_path / "here" / "mine.csv")]) == 0
    assert "16 training samples, 4 test samples" in capsys.readouterr().out


def test_the_list_says_what_is_here_without_reading_it(capsys, tmp_path, monkeypatch):
    lacking(tmp_path / "mnist")
    table(tmp_path)

    def never(*arguments):
        pytest.fail("a list reads no pictures")

    monkeypatch.setattr("toy_data.folder.load", never)
    monkeypatch.setattr("toy_data.user_data.read_raw", never)
    assert main(["data"]) == 0
    output = capsys.readouterr().out
    assert "mnist             its files are here; `loss-geometry data check mnist` reads them" in output
    assert "own               there are: mine.csv" in output
    assert "usps              The data set usps is not on this computer" in output
    assert "    seed            0  (0 to 2147483647)\n                    which samples are drawn" in output


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


def test_a_folder_with_the_sign_that_parts_folders_is_named(capsys, tmp_path):
    (tmp_path / f"runs 12{os.pathsep}30" / "in").mkdir(parents=True)
    path = table(tmp_path).rename(tmp_path / f"runs 12{os.pathsep}30" / "in" / "mine.csv")
    for arguments in (["data", "check"], ["train", "--loss", "softmax", "--out", str(tmp_path / "a"), "--data"]):
        assert main([*arguments, str(path)]) == 2
        output = capsys.readouterr().err
        assert output.startswith(f"The name of the folder 'runs 12{os.pathsep}30' holds '{os.pathsep}', which parts")
        assert output.count("\n") == 1
    assert main(["data", "convert", str(path), str(tmp_path / "mine.npz")]) == 0


@pytest.mark.parametrize("name", ["a+b.csv", "it's.csv", "a,b.csv", " sp.csv", "-a.csv", ".a.csv", "a" * 70 + ".csv"])
def test_a_file_whose_name_cannot_be_used_is_to_be_renamed(name, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table(tmp_path).rename(tmp_path / name)
    for arguments in (["data", "check"], ["train", "--loss", "softmax", "--out", "a.lossgeo", "--data"]):
        assert main([*arguments, f"./{name}"]) == 2
        output = capsys.readouterr().err
        assert "cannot be used under this name; rename it, with at most 64 characters" in output
        assert output.count("\n") == 1
    assert main(["data", "check"]) == 1
    assert "cannot be used under this name" in capsys.readouterr().out
    assert not list(tmp_path.glob("*.lossgeo"))


def test_a_long_name_is_parted_from_what_is_said_of_it(capsys, tmp_path):
    for name in ("decimalcommacomma.csv", "sixteenletters16.csv", "seventeen.npz.csv", "eighteen.n.npz.csv"):
        path = table(tmp_path).rename(tmp_path / name)
        assert main(["data", "check", str(path)]) == 0
        assert f"{name}  24 training samples" in capsys.readouterr().out
        assert main(["data", "check", "own"]) == 0
        assert f"\n{name}  24 training samples" in "\n" + capsys.readouterr().out


@pytest.mark.parametrize(
    ("knob", "output"),
    [
        (Knob(name="a", kind="text", default=""), "-  (a name)"),
        (Knob(name="a", kind="switch", default=True), "true  (true, false)"),
        (Knob(name="a", kind="choice", default="x", choices=("x", "y")), "x  (x, y)"),
        (Knob(name="a", kind="number", default=1, low=0, high=2, unit="rad"), "1 rad  (0 to 2)"),
        (Knob(name="a", kind="number", default=0.5, low=-1e-6, high=math.pi), "0.5  (-1e-06 to 3.14159)"),
        (Knob(name="a", kind="number", default=0.5), "0.5  (-inf to inf)"),
        (Knob(name="a", kind="whole", default=0, low=0, high=2**31 - 1), "0  (0 to 2147483647)"),
    ],
)
def test_every_kind_of_knob_is_described(knob, output):
    assert describe_range(knob).render() == output


def test_data_are_listed_checked_and_converted_in_chinese_as_well(capsys, tmp_path):
    path = table(tmp_path)
    assert main(["data", "--language", "zh"]) == 0
    assert "digits            就绪\n    classes         10（2 到 10）" in capsys.readouterr().out
    assert main(["data", "check", str(path), "--language=zh"]) == 0
    output = capsys.readouterr().out
    assert "24 个训练样本，6 个测试样本，2 个类别，特征 2" in output
    assert "    训练    cat: 16  dog: 8" in output
    assert main(["--language", "zh", "data", "convert", str(path), str(tmp_path / "mine.npz")]) == 0
    assert "30 个样本" in capsys.readouterr().out
