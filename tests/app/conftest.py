"""A server, and a trainer_client that records instead of training, for the pages."""

import pytest
from app_server import Server, served
from fake_client import FakeClient

from app.presets import PRESETS
from app.trainer_client import set_trainer_client


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Server:
    with served(tmp_path_factory.mktemp("server") / "runs") as server:
        yield server


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    """A folder with the recordings of all examples, one frame each."""
    folder = tmp_path_factory.mktemp("runs")
    trainer_client = FakeClient(folder)
    for preset in PRESETS:
        trainer_client.record(preset.slug, preset.experiment, "done")
    return folder


@pytest.fixture
def trainer_client(library, tmp_path):
    for path in library.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    fake = FakeClient(tmp_path)
    set_trainer_client(fake)
    yield fake
    set_trainer_client(None)
