"""A folder of the user's own data, and nothing that was fetched."""

import pytest

from toy_data import VARIABLE, folder


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "home", lambda: tmp_path / "home")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mine"))
    (tmp_path / "mine").mkdir()
    return tmp_path / "mine"
