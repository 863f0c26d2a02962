"""The stage without a browser: node runs its tests, its types are checked, its numbers are those of Python."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from app.page.stage_component import imports_of
from app.page.stage_numbers import FILE, source
from app.page.url_state import MAX_PANELS
from engine.frames.codec import MISSING
from losses import HeadKind
from losses.shape import ROW, Role, Shape
from plots.scene import STROKES
from spec.palette import class_hex
from toy_data.raw import MOST_CLASSES

ROOT = Path(__file__).parents[2]
TESTS = sorted(Path(__file__).parent.glob("*.test.js"))


@pytest.fixture(scope="module")
def node() -> str:
    """Return the path of node; without it these tests are skipped, which in CI is a failure."""
    path = shutil.which("node")
    if path is None:
        missing = "node is missing: install it (apt-get install nodejs npm)"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return path


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_the_tests_of_the_stage_pass(node: str, path: Path) -> None:
    done = subprocess.run(
        [node, "--test", str(path)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_shared_module_is_the_one_that_python_writes() -> None:
    assert FILE.read_text(encoding="utf-8") == source(), "run python -m app.page.stage_numbers"


def test_javascript_reads_the_numbers_that_python_has(node: str) -> None:
    script = f"import * as shared from {json.dumps(FILE.as_uri())}; console.log(JSON.stringify(shared));"
    printed = subprocess.run(
        [node, "--input-type=module", "--eval", script], capture_output=True, text=True, timeout=60, check=True
    )
    read = json.loads(printed.stdout)
    assert (
        (read["MAX_PANELS"], read["MAX_CLASSES"], read["MISSING"])
        == (MAX_PANELS, MOST_CLASSES, MISSING)
        == (6, 64, 65535)
    )
    assert read["SHAPE_ROW"] == ROW
    assert sorted(read["SHAPES"].values()) == sorted(shape.kind for shape in Shape.__subclasses__())
    assert {name.lower(): number for name, number in read["SHAPES"].items()} == {
        shape.__name__.lower(): shape.kind for shape in Shape.__subclasses__()
    }
    assert read["ROLES"] == {role.name.lower(): int(role) for role in Role}
    assert [tuple(stroke.values()) for stroke in read["STROKES"]] == [STROKES[role] for role in sorted(Role)]
    assert list(read["HEADS"]) == [kind.value for kind in HeadKind]
    assert read["CLASS_COLOURS"] == [class_hex(c) for c in range(256)]


def test_everything_that_the_stage_imports_is_asked_for_at_once() -> None:
    every = {path.relative_to(FILE.parent).as_posix() for path in FILE.parent.rglob("*.js")}
    alone = {"index.js", "host/streamlit.js", "histogram.js", "layers/layer.js"}  # entries, and types without code
    assert set(imports_of("index.js", "host/streamlit.js")) == every - alone
    histogram = imports_of("histogram.js", "host/streamlit.js")
    assert {"data/feed.js", "data/decode.js", "shared.js"} < set(histogram)
    assert "animation.js" not in histogram
