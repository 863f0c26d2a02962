"""How a command line is read: the help of each command, and the one sentence for what cannot be read."""

import gettext
import inspect
import re
import shlex
import tomllib
from importlib import import_module
from importlib.resources import files
from pathlib import Path

import pytest

import app
from app.cli.arguments import PROGRAM, number
from app.cli.commands import COMMANDS, examples
from app.cli.main import main, parser
from app.cli.terminal import width
from spec import LANGUAGES, has_text, text

#: What argparse says of itself; of these words none may stand in Chinese help.
ITS_OWN = ("usage", "positional", "options:", "optional", "show this", "and exit", "default", "choose from", "commands")


EXAMPLES = examples()

#: The words of the program (none), of every command, and of every action of a command: ``("data", "fetch")``.
WORDS = [tuple(words.split()) for words in EXAMPLES]


@pytest.fixture
def other_words(monkeypatch):
    """A system that has words of another language for those of argparse itself."""
    monkeypatch.setattr(gettext, "dgettext", lambda domain, message: f"?{message}")


def help_of_command(words, language, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as stop:
        main([*words, "--help", "--language", language])
    assert stop.value.code == 0
    return capsys.readouterr().out


def test_every_command_is_one_module_with_examples_and_no_module_is_left_out():
    modules = {path.stem for path in (Path(app.__file__).parent / "cli" / "commands").glob("[!_]*.py")}
    assert modules == {entry.key for entry in COMMANDS.values()}
    assert all(inspect.isfunction(import_module(f"app.cli.commands.{module}").run) for module in modules)
    assert all(EXAMPLES.values())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_the_help_of_a_command_says_what_it_is_for_and_shows_examples(words, language, capsys, monkeypatch):
    output = help_of_command(words, language, capsys, monkeypatch)
    examples = EXAMPLES[" ".join(words)]
    about = text(f"cli.about.{'_'.join(words).replace('-', '_') or 'program'}", language)
    assert "".join(about.split()) in "".join(output.split())
    assert examples
    assert "\n".join([text("cli.heading.examples", language), *(f"  {line}" for line in examples)]) in output
    assert max(map(width, output.splitlines())) <= 100


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
@pytest.mark.usefixtures("other_words")
def test_chinese_help_has_nothing_of_the_parser_s_own(words, capsys, monkeypatch):
    output = help_of_command(words, "zh", capsys, monkeypatch)
    help_text = output.split(text("cli.heading.examples", "zh"))[0]
    assert help_text.startswith("用法: loss-geometry")
    assert not [word for word in ITS_OWN if word in help_text]
    # what is described is described in Chinese
    options = re.findall(r"^  (?:-h, )?--[\w-]+(?: [\w|=:]+)?\s+(\S.*)$", help_text, re.MULTILINE)
    assert len(options) >= 2
    assert all(re.search("[\u4e00-\u9fff]", about) for about in options)


@pytest.mark.parametrize("line", [line for lines in EXAMPLES.values() for line in lines])
def test_examples_parse(line):
    program, *arguments = shlex.split(line)
    assert program == PROGRAM
    if arguments[-1] == "--help":
        assert tuple(arguments[:-1]) in WORDS
    else:
        parser().parse_args(arguments)


@pytest.mark.parametrize("words", [words for words in WORDS if words], ids=" ".join)
def test_the_examples_of_a_command_are_of_that_command(words):
    assert all(line.startswith(f"{PROGRAM} {' '.join(words)}") for line in EXAMPLES[" ".join(words)])


@pytest.mark.parametrize(
    ("line", "english", "chinese"),
    [
        ("", "`loss-geometry` needs COMMAND (serve, train,", "`loss-geometry` 需要 COMMAND"),
        ("paint", "`loss-geometry` has no command 'paint'; it has: serve, train", "`loss-geometry` 没有命令 'paint'"),
        ("data paint", "`loss-geometry data` has no command 'paint'; it has: fetch, check, convert.", "没有命令"),
        ("losses more", "`loss-geometry losses` does not take 'more'", "`loss-geometry losses` 不接受 'more'"),
        ("data check a b", "`loss-geometry data check` does not take 'b'", "`loss-geometry data check` 不接受 'b'"),
        ("--more losses", "`loss-geometry losses` does not take '--more'", "不接受"),
        ("train --steps", "--steps needs a value: --steps=VALUE.", "--steps 需要一个值"),
        ("train --steps --loss softmax", "--steps needs a value", "--steps 需要一个值"),
        ("sweep --list=1 --loss softmax", "--list takes no value", "--list 不带值"),
        ("losses --help=1", "-h/--help takes no value", "-h/--help 不带值"),
        ("train", "`loss-geometry train` needs --loss, --out;", "`loss-geometry train` 需要 --loss, --out；"),
        ("train --loss=softmax", "`loss-geometry train` needs --out;", "需要 --out"),
        ("render", "`loss-geometry render` needs RECORDING, OUT;", "需要 RECORDING, OUT"),
        ("data fetch", "`loss-geometry data fetch` needs SLUG;", "需要 SLUG"),
        ("train --los softmax --out a", "`loss-geometry train` needs --loss;", "需要 --loss"),
        ("serve --port http", "port is 'http', but must be a number between 1 and 65535.", "port 为 'http'"),
        ("serve --port 0", "port is 0, but must lie between 1 and 65535.", "port 为 0"),
        ("serve --runs=", "--runs is empty, but must name a folder.", "--runs 为空"),
        ("presets --out=", "--out is empty, but must name a folder.", "--out 为空"),
    ],
)
@pytest.mark.usefixtures("other_words")
def test_what_cannot_be_read_gets_one_sentence_in_either_language(line, english, chinese, capsys):
    for language, part in (("en", english), ("zh", chinese)):
        assert main([*line.split(), "--language", language]) == 2
        output = capsys.readouterr()
        assert part in output.err
        assert output.err.count("\n") == 1
        assert not output.out


@pytest.mark.parametrize(
    ("word", "value"),
    [("3", 3), ("-2", -2), ("3.0", 3), ("1e3", 1000), ("0.5", 0.5), ("-1e-3", -0.001), ("abc", "abc"), ("", "")],
)
def test_a_number_is_read_whole_where_it_is_and_anything_else_is_left_to_who_knows_it(word, value):
    assert number(word) == value
    assert type(number(word)) is type(value)


def test_every_text_of_the_command_line_is_there_and_used():
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (Path(app.__file__).parent / "cli").rglob("*.py"))
    keys = set(re.findall(r"""["'](cli\.[a-z_.]+)["']""", sources))
    assert len(keys) > 40
    assert all(map(has_text, keys))
    words = set(re.findall(r"""["']([a-z_-]+)["']""", sources))
    names = {word.replace("-", "_") for word in words} | {"_".join(command) or "program" for command in WORDS}
    catalogue = tomllib.loads(files("spec").joinpath("texts", "cli.toml").read_text(encoding="utf-8"))
    for table, texts in catalogue.items():
        if table not in {"language", "help"}:
            unused = [name for name in texts if f"cli.{table}.{name}" not in keys and name not in names]
            assert not unused, table
