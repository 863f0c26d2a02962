"""A server, and a desk that records instead of training, for the pages."""

import pytest
from app_server import Server, served
from fake_desk import FakeDesk

from app.presets import PRESETS
from app.trainer_client import set_desk


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Server:
    with served(tmp_path_factory.mktemp("server") / "runs") as server:
        yield server


@pytest.fixture(scope="session")
def shelf(tmp_path_factory):
    """A folder with the recordings of all examples, one frame each."""
    folder = tmp_path_factory.mktemp("runs")
    desk = FakeDesk(folder)
    for preset in PRESETS:
        desk.record(preset.slug, preset.experiment, "done")
    return folder


@pytest.fixture
def desk(shelf, tmp_path):
    for path in shelf.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    fake = FakeDesk(tmp_path)
    set_desk(fake)
    yield fake
    set_desk(None)
