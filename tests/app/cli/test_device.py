"""On which device the command line trains: the one of the option, else of the environment, else the best here."""

import pytest
import torch

from app.cli.commands import sweep, train
from app.cli.device import VARIABLE, resolve_device
from app.cli.main import main
from engine import record
from engine.sweeping.sweep import Sweep
from spec import Refusal


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)


def test_a_gpu_is_taken_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert [resolve_device(), resolve_device("auto"), resolve_device("cpu"), resolve_device("mps")] == [
        "cpu",
        "cpu",
        "cpu",
        "mps",
    ]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert [resolve_device(), resolve_device("auto"), resolve_device("cpu")] == ["cuda", "cuda", "cpu"]


def test_the_environment_is_asked_where_nothing_is_said(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    for name, expected in (("cpu", "cpu"), ("", "cuda"), ("auto", "cuda")):
        monkeypatch.setenv(VARIABLE, name)
        assert resolve_device() == expected
    monkeypatch.setenv(VARIABLE, "cpu")
    assert resolve_device("cuda") == "cuda"


@pytest.mark.parametrize("name", ["banana", "cuda", "mps", "cuda:1", "CPU"])
def test_what_is_not_here_is_refused_with_what_is(name, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(Refusal) as refusal:
        resolve_device(name)
    assert str(refusal.value) == f"The device is '{name}', but must be one of those that are here: auto, cpu."


def test_training_and_sweeping_go_to_the_device_that_is_chosen(monkeypatch, tmp_path, capsys):
    devices = []

    def record_on_cpu(experiment, path, *, device, **options):
        devices.append(device)
        return record(experiment, path, **options, device="cpu")

    def sweep_on_cpu(self, folder, *, device, **options):
        devices.append(device)
        return run(self, folder, **options, device="cpu", progress=False)

    run = Sweep.run
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(train, "record", record_on_cpu)
    monkeypatch.setattr(sweep.Sweep, "run", sweep_on_cpu)
    line = ["--loss", "softmax", "--steps", "1", "--points", "20"]
    for place, more in enumerate(([], ["--device", "cpu"])):
        for task, out in (("train", f"run{place}.lossgeo"), ("sweep", f"folder{place}")):
            status = main([task, *line, *more, "--out", str(tmp_path / out)])
            assert status == 0, capsys.readouterr().err
    assert devices == ["cuda", "cuda", "cpu", "cpu"]


@pytest.mark.parametrize("task", ["train", "sweep"])
def test_a_wrong_device_of_the_environment_is_refused(task, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv(VARIABLE, "banana")
    assert main([task, "--loss", "softmax", "--steps", "1", "--out", str(tmp_path / "run.lossgeo")]) == 2
    assert "The device is 'banana'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
