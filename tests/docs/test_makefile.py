"""``make`` installs with uv where it is there and works, else with pip. Both are stand-ins that note their calls."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not on this computer")

#: A program that notes its name and arguments, and fails where they contain a word.
_STAND_IN = """#!/bin/sh
echo {name} "$@" >> calls
case "$*" in *{word}*) echo "no network" >&2; exit 1;; esac
"""


def program(path, word="no such word"):
    path.write_text(_STAND_IN.format(name=path.name, word=word.replace(" ", "\\ ")), encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def clone(tmp_path):
    """A folder whose ``.venv`` has the app, on a path with nothing but what a shell needs."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "bin").mkdir()
    for name in ("make", "sh", "touch"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    program(tmp_path / ".venv" / "bin" / "python")
    for name in ("pyproject.toml", "constraints.txt", ".venv/app.ready"):
        (tmp_path / name).touch()
    return tmp_path


def install(clone):
    """Install what the tests need; return what was said, and the calls."""
    settings = {**os.environ, "PATH": str(clone / "bin")}
    settings = {name: value for name, value in settings.items() if not name.startswith("MAKE")}
    line = [str(clone / "bin" / "make"), ".venv/dev.ready", "PYTHON=python3"]
    done = subprocess.run(line, cwd=clone, env=settings, capture_output=True, text=True, check=True, timeout=60)
    assert "no network" not in done.stderr
    assert (clone / ".venv" / "dev.ready").exists()
    said = [line for line in done.stdout.splitlines() if line.startswith("Installing what its tests need")]
    return said, (clone / "calls").read_text(encoding="utf-8").splitlines()


def test_without_uv_pip_installs(clone):
    said, calls = install(clone)
    assert said == ["Installing what its tests need with pip ..."]
    (call,) = calls
    assert call.startswith("python -m pip install")
    assert call.endswith("--constraint constraints.txt --editable .[dev]")


def test_with_uv_pip_is_not_asked(clone):
    program(clone / "bin" / "uv")
    said, calls = install(clone)
    assert said == ["Installing what its tests need with uv ..."]
    trial, call = calls
    assert "--dry-run" in trial
    for each in calls:
        assert each.startswith("uv pip install --quiet --python .venv/bin/python --torch-backend=auto")
        assert each.endswith("--editable .[dev]")
        assert "--constraint constraints.txt" in each
    assert "--dry-run" not in call


def test_where_uv_reaches_nothing_pip_installs_without_a_word_of_uv(clone):
    program(clone / "bin" / "uv", word="--dry-run")
    said, calls = install(clone)
    assert said == ["Installing what its tests need with pip ..."]
    assert [call.split()[0] for call in calls] == ["uv", "python"]


def test_the_pins_name_one_version_each():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert all(len(line.split("==")) == 2 for line in lines if line.strip())
