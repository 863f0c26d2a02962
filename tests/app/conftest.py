"""A real server, and for the pages a client that records one frame instead of training."""

import pytest
from app_server import Server, served
from fake_client import FakeClient

from app.presets import PRESETS
from app.trainer_client import set_trainer_client


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Server:
    """A server that all these tests share."""
    with served(tmp_path_factory.mktemp("server") / "runs") as server:
        yield server


@pytest.fixture(scope="session")
def preset_recordings(tmp_path_factory):
    """A folder with the recordings of all presets, one frame each."""
    folder = tmp_path_factory.mktemp("runs")
    client = FakeClient(folder)
    for preset in PRESETS:
        client.record(preset.slug, preset.experiment, "done")
    return folder


@pytest.fixture
def client(preset_recordings, tmp_path):
    """The client that the pages of a test use, with the recordings of the presets."""
    for path in preset_recordings.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    client = FakeClient(tmp_path)
    set_trainer_client(client)
    yield client
    set_trainer_client(None)
