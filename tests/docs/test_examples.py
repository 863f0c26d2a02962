"""What the documents show is run: Python in order in one namespace, lines for the shell through the command."""

import os
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from app.cli import main, parser
from app.usage import PROGRAM

ROOT = Path(__file__).parents[2]

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(name, *languages):
    """The fenced blocks of a document: the language, the text, and the line where each begins."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return [
        (found[1], found[2], text.count("\n", 0, found.start()) + 2)
        for found in _BLOCK.finditer(text)
        if found[1] in languages
    ]


def lines(name):
    """The lines of a document that begin with the name of the program."""
    shown = [line for _, text, _ in blocks(name, "", "console") for line in text.splitlines()]
    return [shlex.split(line, comments=True)[1:] for line in shown if line.startswith(f"{PROGRAM} ")]


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """An empty folder, but for the example of a loss; what a block changes about the process is undone."""
    shutil.copy(ROOT / "examples" / "poly_1" / "poly_1.py", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = dict(os.environ)
    yield tmp_path
    os.environ.clear()
    os.environ.update(before)
    sys.modules.pop("poly_1", None)


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize("name", ["README.md", "docs/python.md", "docs/sweeps.md"])
def test_every_example_runs(name):
    found = blocks(name, "python", "console")
    assert found
    namespace = {"__name__": "__main__"}
    for language, text, line in found:
        if language == "python":
            # as many empty lines before it as in the document, so that an error names its line
            exec(compile("\n" * (line - 1) + text, str(ROOT / name), "exec"), namespace)
            continue
        for command in filter(None, text.splitlines()):
            program, *arguments = shlex.split(command)
            assert program == PROGRAM, f"{name}:{line}: {command}"
            assert main(arguments) == 0, f"{name}:{line}: {command}"


@pytest.mark.parametrize("name", ["README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))])
def test_every_line_for_the_shell_can_be_parsed(name):
    for arguments in lines(name):
        if "--help" not in arguments:
            parser().parse_args(arguments)
