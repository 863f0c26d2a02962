"""A loss is added from nothing to verified in a copy of the repository; what cannot be added changes nothing."""

import dataclasses
import inspect
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import options as command_line
from app.cli.commands import new_loss
from app.cli.main import main
from losses import OURS, Family, Loss
from spec import Refusal
from verification.gaps import CATALOGUE, MARK, TEXTS, gaps, loss_file, reference_file
from verification.run import verify

ROOT = Path(__file__).parents[2]

#: What an author puts in place of the marks: SupCon, Khosla et al. 2020, eq. 2.
SUP_CON = Path(__file__).parent / "sup_con"

#: The parts of the repository that verifying a loss needs.
PACKAGES = ("spec", "losses", "verification", "toy_data", "engine", "app/cli", "tests/losses", "docs")

#: Tests of every loss that need no training: all of them must pass for the new one.
GENERIC = ("test_loss_contract", "test_loss_profile", "test_loss_geometry", "test_loss_advice", "test_verification",
           "test_tuples_one_by_one", "test_tuples_limits", "test_loss_planes", "test_settings")  # fmt: skip


def copied(folder):
    """A copy of the parts of the repository, without byte code and results of measurements."""
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
        shutil.copytree(ROOT / package, folder / package, ignore=ignored)
    shutil.copytree(ROOT / "examples" / "poly_1", folder / "examples" / "poly_1")
    for path in ("app/__init__.py", "app/presets.py", "tests/conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / path, folder / path)
    return folder


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts}


def python(folder, script):
    """Run a script in a process that imports the copy."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1", "LANGUAGE": "en"}
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,  # it computes for half a minute; on a busy machine that takes longer
    )


VERIFY = """
from app.cli.main import main
raise SystemExit(main(["verify", "sup_con"]))
"""

#: One process: to import everything takes longer than the rest.
WRITE_AND_TEST = """
import pytest
from app.cli.main import main
assert main(["verify", "sup_con", "--write"]) == 0
raise SystemExit(pytest.main(["-q", "-p", "no:cacheprovider", "-k", {chosen!r}, *{tests!r}]))
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    return copied(tmp_path_factory.mktemp("repository"))


def fill(folder):
    """Put what the author wrote in place of the marks, as an editor would; nothing else is touched."""
    shutil.copy(SUP_CON / "loss.py", folder / loss_file("sup_con"))
    shutil.copy(SUP_CON / "references.py", folder / reference_file("sup_con"))
    texts = (folder / TEXTS).read_text(encoding="utf-8")
    start, stop = texts.index("[sup_con]"), texts.index("[knobs]")
    own = (SUP_CON / "texts.toml").read_text(encoding="utf-8")
    (folder / TEXTS).write_text(texts[:start] + own + texts[stop:], encoding="utf-8")


def test_a_loss_is_added_from_nothing_to_verified(repository, capsys):
    floors = repository / "benchmarks" / "results" / "recipes_floors.json"
    floors.parent.mkdir(parents=True)
    floors.write_text(json.dumps({slug: {} for slug in OURS}))
    before = contents(repository)

    assert main(["new-loss", "sup_con", "--family", "tuple", "--title", "SupCon", "--folder", str(repository)]) == 0
    said = capsys.readouterr().out
    new = {path for path, content in contents(repository).items() if before.get(path) != content}
    places = {loss_file("sup_con"), CATALOGUE, TEXTS, reference_file("sup_con")}
    assert new == {repository / place for place in places}
    assert all(str(repository / place) in said for place in places)

    done = python(repository, VERIFY)
    assert done.returncode == 1
    lacking = [line for line in done.stdout.splitlines() if line.startswith("✗")]
    parts = [
        *(f"losses/sup_con.py, line {n}: " for n in marks(repository / loss_file("sup_con"))),
        *(f"references/sup_con.py, line {n}: " for n in marks(repository / reference_file("sup_con"))),
        "references/sup_con.py has no reference number",
        "[sup_con] title (zh)", "[sup_con] idea (en)", "[sup_con] idea (zh)",
        "[sup_con] knobs.temperature (en)", "[sup_con] knobs.temperature (zh)",
        "results.json has no table of it", "recipes_floors.json has no accuracy",
    ]  # fmt: skip
    assert len(lacking) == len(parts)
    assert [part for part in parts if sum(part in line for line in lacking) != 1] == []
    assert f"SupCon: {len(parts)} places" in done.stdout
    assert "19 checks hold" in done.stdout, "the template is a loss that works"

    fill(repository)
    floors.write_text(json.dumps({slug: {} for slug in (*OURS, "sup_con")}))
    results = repository / "verification" / "results.json"
    rows = json.loads(results.read_text(encoding="utf-8"))["losses"]
    tests = [f"tests/losses/{name}.py" for name in GENERIC]
    chosen = "sup_con or folder_is_the_catalogue or page_about_the_losses or reference_numbers or of_a_loss_have"
    done = python(repository, WRITE_AND_TEST.format(chosen=chosen, tests=tests))
    assert (done.returncode, done.stderr) == (0, ""), done.stdout[-3000:]
    assert "skipped" not in done.stdout
    after = json.loads(results.read_text(encoding="utf-8"))["losses"]
    assert len(after.pop("sup_con")) == 24
    assert after == rows, "no row of another loss changes"
    assert "## SupCon" in (repository / "docs" / "losses.md").read_text(encoding="utf-8")


def marks(path):
    """The numbers of the lines with a mark."""
    return [n for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1) if MARK in line]


@pytest.mark.parametrize(
    ("slug", "options", "part"),
    [
        ("arcface", (), "arcface is taken: losses/arcface.py has it already"),
        ("base", (), "base is taken"),
        ("toolkit", (), "toolkit is taken"),
        ("knobs", (), "knobs is taken: spec/texts/losses.toml"),
        ("Sup-Con", (), "'Sup-Con' cannot be the name of a loss"),
        ("2fast", (), "cannot be the name of a loss"),
        ("lambda", (), "cannot be the name of a loss"),
        ("../secret", (), "cannot be the name of a loss"),
        ("x" * 41, (), "at most 40 characters"),
        ("sup_con", ("--family", "triples"), "family is 'triples', but must be one of: softmax, angular"),
        ("sup_con", ("--title", ""), "must have between 1 and 60 characters"),
        ("sup_con", ("--title", "two\nlines"), "in one line"),
        ("sup_con", ("--folder", "no/where"), "is no checkout of Loss Geometry"),
    ],
)
def test_what_cannot_be_added_gets_one_sentence_and_changes_nothing(slug, options, part, tmp_path, capsys):
    places(tmp_path)
    before = contents(tmp_path)
    line = ["new-loss", slug, "--folder", str(tmp_path), *options]
    assert main(line) == 2
    said = capsys.readouterr().err.strip()
    assert part in said
    assert "\n" not in said
    assert main([*line, "--language", "zh"]) == 2
    assert capsys.readouterr().err.strip() != said
    assert contents(tmp_path) == before


def places(folder):
    """The files that a new loss changes, and those whose names it must not take."""
    for path in (CATALOGUE, TEXTS, reference_file("__init__"), loss_file("arcface"), loss_file("base")):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, folder / path)
    (folder / "losses" / "toolkit").mkdir()
    return folder


def test_a_slug_is_not_added_twice(tmp_path, capsys):
    line = ["new-loss", "sup_con", "--folder", str(places(tmp_path))]
    assert main(line) == 0
    before = contents(tmp_path)
    assert main(line) == 2
    assert "sup_con is taken" in capsys.readouterr().err
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["sup_con.py", "losses.toml", "catalogue.py"])
def test_where_one_file_cannot_be_written_none_is(name, tmp_path, monkeypatch, capsys):
    before = contents(places(tmp_path))
    written = Path.replace

    def full(path, target):
        if Path(target).name == name:
            raise OSError(28, "No space left on device", str(target))
        return written(path, target)

    monkeypatch.setattr(Path, "replace", full)
    assert main(["new-loss", "sup_con", "--folder", str(tmp_path)]) == 2
    assert "Nothing was changed" in capsys.readouterr().err
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["catalogue.py", "losses.toml"])
def test_a_file_without_its_place_for_new_losses_is_refused(name, tmp_path, capsys):
    path = next(places(tmp_path).rglob(name))
    path.write_text(
        path.read_text(encoding="utf-8").replace("SLUGS = (", "ALL = (").replace("[knobs]", "[Knobs]\n[knobs.a]")
    )
    before = contents(tmp_path)
    assert main(["new-loss", "sup_con", "--folder", str(tmp_path)]) == 2
    assert "has no place for a new loss" in capsys.readouterr().err
    assert contents(tmp_path) == before


@pytest.mark.parametrize("family", Family)
def test_the_template_of_each_family_is_a_loss_that_works(family, tmp_path):
    """Every check holds but the one that knobs have words, which stand in the texts that come with it."""
    content = new_loss.places(places(tmp_path), "wide_loss", 'The "wide" loss', family)
    code = content[loss_file("wide_loss")]
    path = tmp_path / "wide_loss.py"
    path.write_text(code, encoding="utf-8")
    namespace = {"__name__": "wide_loss"}
    sys.modules["wide_loss"] = type(sys)("wide_loss")
    try:
        exec(compile(code, str(path), "exec"), namespace)
    finally:
        del sys.modules["wide_loss"]
    (cls,) = (each for each in namespace.values() if inspect.isclass(each) and vars(each).get("slug") == "wide_loss")
    assert issubclass(cls, Loss)
    assert dataclasses.is_dataclass(cls)
    assert (cls.__name__, cls.title, cls.family) == ("WideLoss", 'The "wide" loss', family)
    report = verify(cls)
    assert [row.topic.check.key for row in report.rows if not row.ok] in ([], ["verify.check.described"])
    assert MARK in code
    assert (cls.active is not Loss.active) == (family in {Family.TUPLE, Family.PAIR_SIMILARITY})


def test_the_families_of_the_command_are_those_of_the_losses():
    """They are written down twice, so that the help does not wait for torch."""
    assert [*command_line.FAMILIES] == [family.value for family in Family]


def test_no_loss_of_ours_has_a_gap():
    assert [message for loss in OURS.values() for message in map(str, gaps(loss))] == []


def test_a_loss_without_its_line_in_the_catalogue_is_named(monkeypatch, capsys):
    monkeypatch.setattr("app.cli.commands.verify.is_orphan", lambda slug: slug == "lost_loss")
    assert main(["verify", "lost_loss"]) == 2
    assert "no line in losses/catalogue.py; add it to SLUGS" in capsys.readouterr().err


def test_a_template_that_has_the_name_of_the_loss_already_gets_another():
    code = new_loss.places(ROOT, "profile", "Profile", Family.SOFTMAX)[loss_file("profile")]
    assert "class ProfileLoss(Loss):" in code
    with pytest.raises(Refusal):
        new_loss.places(ROOT, "head", "Head", Family.SOFTMAX)
