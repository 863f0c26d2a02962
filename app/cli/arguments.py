"""Reading a command line with argparse. Help and refusals are in our words and in the reader's language."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, final

from app.cli.terminal import wrap
from spec import Refusal, text

#: The name that all commands begin with.
PROGRAM = "loss-geometry"

#: Columns of the help, and of the words beside an option in it.
_HELP_COLUMNS, _OPTION_COLUMNS = 78, 54


def number(word: str) -> int | float | str:
    """Return the number that a word stands for, or the word itself: the command says what it allows."""
    for kind in (int, float):
        try:
            value = kind(word)
        except ValueError:
            continue
        return int(value) if isinstance(value, float) and value.is_integer() else value
    return word


@final
class Command(argparse.ArgumentParser):
    """A parser whose texts come from the catalogue, whose help ends with examples, and that refuses in one sentence.

    Sub-commands are parsed by this class as well. Options cannot be abbreviated.
    """

    def __init__(self, language: str = "en", examples: Sequence[str] = (), **settings: Any) -> None:
        settings = {"add_help": False, "allow_abbrev": False, "exit_on_error": False, **settings}
        super().__init__(formatter_class=argparse.RawTextHelpFormatter, **settings)
        self.language = language
        words = self.prog.removeprefix(PROGRAM).strip()
        about = text(f"cli.about.{words.replace(' ', '_').replace('-', '_') or 'program'}", language)
        lines = [text("cli.heading.examples", language), *(f"  {line}" for line in examples)]
        self.description, self.epilog = "\n".join(wrap(about, _HELP_COLUMNS)), "\n".join(lines)
        self._value_group = self.add_argument_group(text("cli.heading.values", language))
        self._option_group = self.add_argument_group(text("cli.heading.options", language))
        self._accepted: dict[str, argparse.Action] = {}
        self._option_group.add_argument("-h", "--help", action="help", help=text("cli.help", language))
        # for the help alone: `take_language` takes this option out of the command line before it is read
        self.accept("--language", about="cli.language", default=language)

    def accept(self, *names: str, about: str, says: Mapping[str, object] | None = None, **settings: Any) -> None:
        """Accept a value or an option. ``about`` is the key of its help, with places for its default and ``says``."""
        words = text(about, self.language, default=settings.get("default"), **(says or {}))
        group = self._option_group if names[0].startswith("-") else self._value_group
        lines = wrap(words.replace("%", "%%"), _OPTION_COLUMNS)
        action = group.add_argument(*names, help="\n".join(lines), **settings)
        self._accepted["/".join(action.option_strings) or str(action.metavar)] = action

    def commands(self, dest: str, metavar: str, *, required: bool) -> "argparse._SubParsersAction[Command]":
        """Accept one of several sub-commands, which ``add_parser`` of the result adds."""
        title = text("cli.heading.commands", self.language)
        action = self.add_subparsers(dest=dest, required=required, metavar=metavar, title=title, parser_class=Command)
        self._accepted[metavar] = action
        return action

    def format_help(self) -> str:
        """Return the help, its first word in the language of the reader."""
        _, program, rest = super().format_help().partition(self.prog)
        return text("cli.heading.usage", self.language) + program + rest

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Read a command line; return the options and the words that are not understood.

        Raises ``Refusal`` with one sentence where an argument is wrong.
        """
        words = list(sys.argv[1:] if args is None else args)
        try:
            return super().parse_known_args(words, namespace)
        except argparse.ArgumentError as error:
            raise self._refusal(error.argument_name, words) from None

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Read a command line; raise ``Refusal`` with one sentence where it is wrong."""
        options, unknown = self.parse_known_args(args, namespace)
        if unknown:
            words = filter(None, (PROGRAM, options.task, getattr(options, "action", None)))
            raise Refusal("cli.wrong.unknown", program=" ".join(words), found=repr(unknown[0][:40]))
        return options

    def error(self, message: str) -> NoReturn:
        """Raise the error of argparse that names no argument: something is missing."""
        raise argparse.ArgumentError(None, message)

    def _refusal(self, name: str | None, words: Sequence[str]) -> Refusal:
        """Say in our words what is wrong; argparse says it in English, and differently in each release."""
        action = self._accepted.get(name or "")
        if name is None:
            return Refusal("cli.wrong.needed", program=self.prog, names=", ".join(self._missing(words)))
        if action is not None and isinstance(action.choices, Mapping):
            command = next((word for word in words if not word.startswith("-")), "")
            allowed = ", ".join(action.choices)
            return Refusal("cli.wrong.command", program=self.prog, found=repr(command[:40]), allowed=allowed)
        takes_value = action is not None and action.nargs != 0
        return Refusal(f"cli.wrong.{'value' if takes_value else 'no_value'}", option=name)

    def _missing(self, words: Sequence[str]) -> list[str]:
        """Return the names of required options that are missing, or else of required values."""
        required = {name: action for name, action in self._accepted.items() if action.required}
        names = {word.partition("=")[0] for word in words}
        options = [name for name, action in required.items() if action.option_strings and name not in names]
        return options or [
            f"{name} ({', '.join(action.choices)})" if isinstance(action.choices, Mapping) else name
            for name, action in required.items()
            if not action.option_strings
        ]
