import pytest
from app_server import Server, served


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Server:
    with served(tmp_path_factory.mktemp("server") / "runs") as server:
        yield server
