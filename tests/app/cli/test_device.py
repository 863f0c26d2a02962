"""On which device the command line trains: what is asked for, else what the environment names, else the best here."""

import pytest
import torch

from app.cli import commands, device, sweep
from app.cli.main import main
from engine import record
from engine.sweeping.sweep import Sweep
from spec import Refusal


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.delenv(device.VARIABLE, raising=False)


def test_a_gpu_is_taken_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert [device.chosen(), device.chosen("auto"), device.chosen("cpu"), device.chosen("mps")] == [
        "cpu",
        "cpu",
        "cpu",
        "mps",
    ]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert [device.chosen(), device.chosen("auto"), device.chosen("cpu")] == ["cuda", "cuda", "cpu"]


def test_the_environment_is_asked_where_nothing_is_said(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    for named, found in (("cpu", "cpu"), ("", "cuda"), ("auto", "cuda")):
        monkeypatch.setenv(device.VARIABLE, named)
        assert device.chosen() == found
    monkeypatch.setenv(device.VARIABLE, "cpu")
    assert device.chosen("cuda") == "cuda"


@pytest.mark.parametrize("wanted", ["banana", "cuda", "mps", "cuda:1", "CPU"])
def test_what_is_not_here_is_refused_with_what_is(wanted, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(Refusal) as caught:
        device.chosen(wanted)
    assert str(caught.value) == f"The device is '{wanted}', but must be one of those that are here: auto, cpu."


def test_training_and_sweeping_go_to_the_device_that_is_chosen(monkeypatch, tmp_path, capsys):
    seen = []

    def recorded(experiment, path, *, device, **options):
        seen.append(device)
        return record(experiment, path, **options, device="cpu")

    def swept(self, folder, *, device, **options):
        seen.append(device)
        return whole(self, folder, **options, device="cpu", progress=False)

    whole = Sweep.run
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(commands, "record", recorded)
    monkeypatch.setattr(sweep.Sweep, "run", swept)
    line = ["--loss", "softmax", "--steps", "1", "--points", "20"]
    for place, more in enumerate(([], ["--device", "cpu"])):
        for task, out in (("train", f"run{place}.lossgeo"), ("sweep", f"folder{place}")):
            status = main([task, *line, *more, "--out", str(tmp_path / out)])
            assert status == 0, capsys.readouterr().err
    assert seen == ["cuda", "cuda", "cpu", "cpu"]


@pytest.mark.parametrize("task", ["train", "sweep"])
def test_a_wrong_device_of_the_environment_is_refused(task, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv(device.VARIABLE, "banana")
    assert main([task, "--loss", "softmax", "--steps", "1", "--out", str(tmp_path / "run.lossgeo")]) == 2
    assert "The device is 'banana'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
