"""What ``--help`` says: for each command what it is for, and examples that can be copied."""

import argparse
import shlex

import pytest

from app import commands
from app.cli import main, parser
from app.usage import PROGRAM, USAGES


def every(command=None, words=()):
    """All commands and actions by their words: ``("data", "fetch")``."""
    command = command or parser()
    found = {words: command}
    for action in command._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                found |= every(child, (*words, name))
    return found


COMMANDS = every()


def test_every_command_has_its_usage_and_nothing_else_has_one():
    assert {" ".join(words) for words in COMMANDS} == set(USAGES)
    assert all(words[0] == "serve" or hasattr(commands, words[0]) for words in COMMANDS if words)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_help_of_a_command_says_what_it_is_for_and_shows_examples(words, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as stop:
        main([*words, "--help"])
    assert stop.value.code == 0
    said = capsys.readouterr().out
    usage = USAGES[" ".join(words)]
    assert " ".join(usage.about.split()) in " ".join(said.split())
    assert usage.examples
    assert "examples:\n  " + "\n  ".join(usage.examples) in said
    assert max(map(len, said.splitlines())) <= 100


@pytest.mark.parametrize("line", [line for usage in USAGES.values() for line in usage.examples])
def test_examples_parse(line):
    program, *arguments = shlex.split(line)
    assert program == PROGRAM
    if arguments[-1] == "--help":
        assert tuple(arguments[:-1]) in COMMANDS
    else:
        parser().parse_args(arguments)


@pytest.mark.parametrize("words", [words for words in COMMANDS if words], ids=" ".join)
def test_the_examples_of_a_command_are_of_that_command(words):
    assert all(line.startswith(f"{PROGRAM} {words[0]}") for line in USAGES[" ".join(words)].examples)
