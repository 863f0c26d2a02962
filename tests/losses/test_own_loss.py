"""A loss of somebody else: installed beside ours, verified, trained and shown; and what is broken is left out."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from app.cli.main import main
from losses import OURS
from losses.catalogue import KIND
from spec import text

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "poly_1"
PROJECT = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))


def install(folder, entries):
    """Put the example into a folder as an installer would: its module, and a dist-info with its entry points."""
    name, version = PROJECT["project"]["name"], PROJECT["project"]["version"]
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [f"{slug} = {reference}" for slug, reference in entries.items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{KIND.group}]", *lines, ""]))
    for module in PROJECT["tool"]["setuptools"]["py-modules"]:
        shutil.copy(EXAMPLE / f"{module}.py", folder)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    install(folder, PROJECT["project"]["entry-points"][KIND.group])
    return folder


def python(folder, *arguments, cwd=ROOT):
    path = os.pathsep.join([str(folder), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def command(folder, *arguments, cwd=ROOT):
    return python(folder, "-m", "app.cli.main", *arguments, cwd=cwd)


def listed(out):
    return [line.split()[0] for line in out.splitlines() if not line.startswith(" ")]


#: Both commands in one process: to import torch takes longer than either.
COMMANDS = """
import contextlib, io, json
from app.cli.main import main

for line in ("losses", "verify poly_1 --json"):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(line.split())
    print(json.dumps([status, out.getvalue(), err.getvalue()]))
"""


@pytest.fixture(scope="module")
def commands(installed):
    """What ``losses`` and ``verify poly_1`` return and print."""
    done = python(installed, "-c", COMMANDS)
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_it_is_listed_after_ours(commands):
    status, out, err = commands[0]
    assert (status, err) == (0, "")
    assert listed(out) == [*OURS, "poly_1"]
    assert "epsilon" in out


def test_it_is_verified(commands):
    status, out, err = commands[1]
    assert status == 0, err
    results = json.loads(out)
    assert set(results["losses"]) == {"poly_1"}
    rows = results["losses"]["poly_1"]
    assert all(row["ok"] for row in rows)
    checks = {row["check"]["key"] for row in rows}
    names = ("profile_slope", "boundary", "head_scores", "finite", "precise", "vmap")
    assert {f"verify.check.{name}" for name in names} <= checks


SHOWN = """
import sys
from pathlib import Path

sys.path.insert(0, "tests/app")
from fake_client import FakeClient
from streamlit.testing.v1 import AppTest

from app.trainer_client import set_trainer_client
from app.page.url_state import Link, write
from engine import Experiment, Panel, train

experiment = Experiment(panels=(Panel(loss="poly_1", knobs={"epsilon": 1.5}), Panel(loss="softmax")), steps=60)
*_, last = train(experiment)
assert last.panels[0].test_accuracy > 0.5, last.panels[0]
assert Experiment.parse(experiment.canonical) == experiment

trainer_client = FakeClient(Path(sys.argv[1]))
set_trainer_client(trainer_client)
for view in ("studio", "curves", "verification"):
    for language in ("en", "zh"):
        page = AppTest.from_file("app/main.py", default_timeout=60)
        if view != "studio":
            page.run()
            page.switch_page(f"views/{view}.py")
        page.query_params.clear()
        page.query_params.update(write(Link(language=language, experiment=experiment, curve=experiment.panels[0])))
        page.run()
        assert not page.exception
        assert not [*page.error, *page.warning], [one.value for one in (*page.error, *page.warning)]
        chosen = {"studio": "p1", "curves": "curve", "verification": "verified"}[view]
        box = page.selectbox(key=chosen)
        assert (box.value, box.options[-1]) == ("poly_1", "Poly-1")
        if view == "verification":
            assert "loss-geometry verify poly_1" in page.info[0].value
        else:
            words = " ".join(str(one.value) for one in page.markdown)
            assert "the label does not get" in words
print("shown")
"""


def test_it_is_trained_and_stands_in_the_pages_beside_ours(installed, tmp_path):
    done = python(installed, "-c", SHOWN, str(tmp_path))
    assert done.stdout.strip().endswith("shown"), done.stderr[-2000:]


def test_what_is_broken_or_taken_is_left_out_with_a_sentence(tmp_path):
    entries = {
        "gone": "no_such_module_here:Loss",
        "softmax": "poly_1:Poly1",
        "another_name": "poly_1:Poly1",
        "no_loss": "json:JSONDecoder",
        "leaves": "leaver:Loss",
        "poly_1": "poly_1:Poly1",
    }
    install(tmp_path, entries)
    (tmp_path / "leaver.py").write_text("raise SystemExit(3)\n")
    done = command(tmp_path, "losses")
    assert done.returncode == 0
    assert listed(done.stdout) == [*OURS, "poly_1"]
    said = done.stderr.splitlines()
    assert len(said) == 5
    assert all(line.startswith("The loss ") for line in said)
    for part in ("ModuleNotFoundError", "softmax is taken", "its slug is poly_1", "not derived from", "SystemExit"):
        assert sum(part in line for line in said) == 1


def test_a_wrong_slope_is_rejected_and_named(tmp_path, monkeypatch, capsys):
    """A module of one's own in the folder where one is; it need not be installed."""
    right = (EXAMPLE / "poly_1.py").read_text(encoding="utf-8")
    wrong = right.replace("slope=lambda p: -1 / p - epsilon", "slope=lambda p: -1 / p + epsilon")
    assert wrong != right
    (tmp_path / "mine.py").write_text(wrong, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])  # the command adds the folder where one is
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    assert main(["verify", "--loss", "mine:Poly1"]) == 1
    out, err = capsys.readouterr()
    failed = [line for line in out.splitlines() if line.startswith("✗")]
    named = text("verify.check.profile_slope", branch=text("losses.branches.sample"))
    weighed = text("verify.check.profile_weight", branch=text("losses.branches.sample"))
    assert [line.split("  ")[1].rsplit(" (", 1)[0] for line in failed] == [named, weighed]
    assert "fails at: p=" in out
    assert "Poly-1: 2 of 23 checks FAIL." in out
    assert err == ""
