"""The examples of the documents and of the help run: Python in order in one namespace, the rest as commands."""

import dataclasses
import functools
import os
import re
import shlex
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app import presets
from app.cli import launch
from app.cli.arguments import PROGRAM
from app.cli.commands import data, examples, sweep, train, verify
from app.cli.main import main, parser
from toy_data import VARIABLE, download, folder

ROOT = Path(__file__).parents[2]

#: Steps that an experiment of the command line is shortened to: what an example is for is seen by then.
MOST_STEPS = 64

#: Several examples verify the same loss; it is verified once.
verify_once = functools.cache(verify.verify)

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
    """A folder with the example of a loss; what a block changes about the process is undone."""
    shutil.copy(ROOT / "examples" / "poly_1" / "poly_1.py", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = dict(os.environ)
    yield tmp_path
    os.environ.clear()
    os.environ.update(before)
    sys.modules.pop("poly_1", None)


def fetched(number, place):
    """What a server sends: random pixels, as many as the published set has."""
    source = next(source for source in download.SOURCES.values() if source.number == number)
    labels = np.concatenate([np.repeat(np.arange(10), part) for part in (source.train, source.test)])
    pixels = np.random.default_rng(0).integers(source.low, source.high, (len(labels), source.side**2), endpoint=True)
    return source.name, pixels, labels


def shortened(make_experiment):
    """``make_experiment`` with fewer steps."""

    def make(options):
        experiment = make_experiment(options)
        return experiment.model_copy(update={"steps": min(experiment.steps, MOST_STEPS)})

    return make


@pytest.fixture
def provided(workplace, monkeypatch):
    """What the lines for the shell take for granted: data of one's own, a network, folders of the user.

    Published data sets are short, and so is training. The page is not opened.
    """
    rng = np.random.default_rng(0)
    table = [f"{x:.3f},{y:.3f},{'cat' if x > y else 'dog'}" for x, y in rng.normal(size=(100, 2))]
    (workplace / "mine.csv").write_text("\n".join(["x,y,label", *table]))
    for label in ("cat", "dog"):
        (workplace / "photos" / label).mkdir(parents=True)
        for number, pixels in enumerate(rng.integers(0, 256, (8, 12, 12)).astype(np.uint8)):
            Image.fromarray(pixels).save(workplace / "photos" / label / f"{number}.png")
    few = {
        slug: dataclasses.replace(source, train=(60,) * 10, test=(10,) * 10)
        for slug, source in download.SOURCES.items()
    }
    monkeypatch.setattr(download, "SOURCES", few)
    monkeypatch.setattr(data, "fetch", lambda slug: download.fetch(slug, fetched))
    monkeypatch.setattr(folder, "home", lambda: workplace / "home")
    monkeypatch.setenv("LOSS_GEOMETRY_RUNS", str(workplace / "runs"))
    monkeypatch.delenv(VARIABLE, raising=False)
    short = [presets.Preset(each.slug, each.experiment.model_copy(update={"steps": 12})) for each in presets.PRESETS]
    monkeypatch.setattr(presets, "PRESETS", short)
    monkeypatch.setattr(presets, "FOLDER", workplace / "presets")
    monkeypatch.setattr(launch, "serve", lambda host, port, runs: 0)
    monkeypatch.setattr(verify, "verify", verify_once)
    for command in (train, sweep):
        monkeypatch.setattr(command, "make_experiment", shortened(command.make_experiment))
    return workplace


#: What the tests of the verification run for every loss, and what would write into this repository
#: (tests/losses/test_new_loss.py).
_ELSEWHERE = {f"{PROGRAM} verify", *examples()["new-loss"]}


@pytest.mark.usefixtures("provided")
def test_the_examples_of_the_help_run_one_after_the_other_in_one_folder(capsys, monkeypatch):
    for line in dict.fromkeys(line for lines in examples().values() for line in lines):
        monkeypatch.delenv(VARIABLE, raising=False)  # in a shell each line has a process of its own
        if line not in _ELSEWHERE and not line.endswith("--help"):
            assert main(shlex.split(line)[1:]) == 0, f"{line}\n{capsys.readouterr().err}"
    made = {path.name for path in Path().iterdir()}
    for line in (line for lines in examples().values() for line in lines):
        for name in re.findall(r"[\w-]+\.(?:lossgeo|png|gif|mp4|npz)\b", line):
            assert name in made, line


@pytest.mark.usefixtures("provided")
@pytest.mark.parametrize(
    "name", ["README.md", "docs/command_line.md", "docs/data.md", "docs/python.md", "docs/sweeps.md"]
)
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
