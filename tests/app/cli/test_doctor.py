"""What the doctor looks at, and when it says that something is missing."""

import shutil
from collections import namedtuple

import pytest
import torch

from app.cli.commands import doctor, render
from app.cli.main import main
from spec import text

Disk = namedtuple("Disk", "total used free")


@pytest.fixture(autouse=True)
def runs(monkeypatch, tmp_path):
    monkeypatch.setenv("LOSS_GEOMETRY_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("LOSS_GEOMETRY_DEVICE", "cpu")
    monkeypatch.delenv("CXX", raising=False)
    return tmp_path / "runs"


def lines(capsys):
    """What was said, by the word that each line begins with; data sets have one each."""
    return dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())


def test_everything_is_told_and_training_works(capsys, runs):
    assert main(["doctor"]) == 0
    output = lines(capsys)
    assert list(dict.fromkeys(output)) == [
        "python",
        "packages",
        "device",
        "threads",
        "compiler",
        "pictures",
        "runs",
        "data",
        "training",
    ]
    assert all(name in output["packages"] for name in ("torch", "streamlit", "numpy", "loss-geometry"))
    assert output["device"].startswith("cpu: ")
    assert output["pictures"] == "ready"
    assert str(runs) in output["runs"]
    assert not runs.exists()
    assert "steps of two panels on cpu" in output["training"]
    assert f", {text('doctor.well')} (test accuracy" in output["training"]


def test_a_compiler_is_found_or_missed(capsys, monkeypatch):
    monkeypatch.setattr(doctor, "train_briefly", lambda device, language: True)
    monkeypatch.setattr(shutil, "which", {"clang++": "/somewhere/clang++"}.get)
    assert main(["doctor"]) == 0
    assert lines(capsys)["compiler"] == "/somewhere/clang++"
    monkeypatch.setenv("CXX", "mine")
    assert main(["doctor"]) == 0, "the app does without"
    assert lines(capsys)["compiler"] == text("doctor.compiler")


def test_missing_pictures_are_no_illness(capsys, monkeypatch):
    monkeypatch.setattr(doctor, "train_briefly", lambda device, language: True)
    monkeypatch.setattr(render, "find_spec", lambda name: None)
    assert main(["doctor"]) == 0
    assert lines(capsys)["pictures"] == text("film.missing")


def test_a_full_disk_is(capsys, monkeypatch):
    monkeypatch.setattr(doctor, "train_briefly", lambda device, language: True)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Disk(2**40, 2**40, 2**20))
    assert main(["doctor"]) == 1
    assert text("doctor.disk") in lines(capsys)["runs"]


def test_training_that_does_not_learn_is_one_and_the_test_is_bounded(capsys, monkeypatch):
    monkeypatch.setattr(doctor, "TIME_LIMIT", 0.0)  # no time to learn anything
    assert main(["doctor"]) == 1
    output = lines(capsys)["training"]
    assert output.startswith("0 steps of two panels")
    assert text("doctor.unwell") in output


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_device_that_is_not_there_is_told_among_the_rest_and_is_an_illness(capsys, monkeypatch, language):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    usual = main(["doctor", "--language", language])
    healthy = lines(capsys)
    monkeypatch.setenv("LOSS_GEOMETRY_DEVICE", "cuda")
    assert main(["doctor", "--language", language]) == 1
    output = lines(capsys)
    assert (usual, list(output)) == (0, list(healthy))
    sentence = text("cli.wrong.device", language, value="'cuda'", allowed="auto, cpu")
    assert output[text("doctor.line.device", language)] == sentence
    training = output[text("doctor.line.training", language)]
    assert " cpu " in training
    assert text("doctor.well", language) in training


def test_everything_is_said_in_chinese_as_well(capsys, monkeypatch):
    monkeypatch.setattr(doctor, "TIME_LIMIT", 0.0)
    main(["doctor", "--language", "zh"])
    output = lines(capsys)
    assert {"Python", "软件包", "设备", "线程", "编译器", "图片", "录制", "数据", "训练"} == set(output)
    assert text("doctor.unwell", "zh") in output["训练"]


def test_data_are_told_without_reading_them(capsys, monkeypatch):
    def never(path, *more):
        pytest.fail("a look at the machine reads no pictures")

    monkeypatch.setattr(doctor, "train_briefly", lambda device, language: True)
    monkeypatch.setattr("toy_data.samples.scale_of", never)
    monkeypatch.setattr("toy_data.user_data.read_raw", never)
    monkeypatch.setattr("toy_data.folder.load", never)
    assert main(["doctor"]) == 0
    assert "digits: ready" in capsys.readouterr().out
