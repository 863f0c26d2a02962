"""Reading a command line with argparse, whose help and refusals are put into our words, in the reader's language."""

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, final

from app.cli.terminal import wrapped
from spec import Refusal, text

#: The name that all commands begin with.
PROGRAM = "loss-geometry"

#: Columns of the help, and of what stands beside an option in it.
_WIDE, _NARROW = 78, 54

#: Lines to copy as they stand, by the words of the command; those of the program itself stand first.
EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "": (
        "loss-geometry serve",
        "loss-geometry train --loss arcface --loss softmax --out first.lossgeo",
        "loss-geometry render first.lossgeo first.png",
        "loss-geometry train --help",
    ),
    "serve": (
        "loss-geometry serve",
        "loss-geometry serve --port 9000 --runs lecture",
    ),
    "train": (
        "loss-geometry train --loss softmax --out run.lossgeo",
        "loss-geometry train --loss arcface --set margin=0.5 --loss softmax --steps 200 --out two.lossgeo",
        "loss-geometry train --loss cosface --dim 3 --seed 1 --steps 200 --out sphere.lossgeo",
        "loss-geometry train --loss center --data blobs --dial classes=4 --steps 200 --out clouds.lossgeo",
        "loss-geometry train --net mlp --net-set depth=3 --loss softmax --steps 200 --out deep.lossgeo",
        "loss-geometry train --data mine.csv --loss softmax --steps 200 --out mine.lossgeo",
    ),
    "sweep": (
        "loss-geometry sweep --loss arcface --grid margin=0:0.6:4 --seeds 3 --steps 100 --out margins",
        "loss-geometry sweep --loss arcface --grid margin=0.1,0.3 --grid scale=4:64:5:log --list",
    ),
    "render": (
        "loss-geometry render run.lossgeo last.png",
        "loss-geometry render run.lossgeo start.png --frame 0 --size 1280x720",
        "loss-geometry render run.lossgeo run.gif --every 16 --fps 6",
        "loss-geometry render sphere.lossgeo sphere.mp4 --every 4 --directions --turn 180 --language zh",
    ),
    "verify": (
        "loss-geometry verify",
        "loss-geometry verify arcface cosface",
        "loss-geometry verify --loss poly_1:Poly1",
        "loss-geometry verify arcface --json",
    ),
    "new-loss": (
        "loss-geometry new-loss sup_con --family tuple --title SupCon",
        "loss-geometry new-loss wide_margin --family angular --folder loss-geometry",
    ),
    "losses": ("loss-geometry losses",),
    "nets": ("loss-geometry nets",),
    "data": (
        "loss-geometry data",
        "loss-geometry data fetch mnist",
        "loss-geometry data check mine.csv",
    ),
    "data fetch": (
        "loss-geometry data fetch mnist",
        "loss-geometry data fetch fashion_mnist",
    ),
    "data check": (
        "loss-geometry data check",
        "loss-geometry data check digits",
        "loss-geometry data check photos/",
    ),
    "data convert": (
        "loss-geometry data convert mine.csv mine.npz",
        "loss-geometry data convert photos/ photos.npz",
    ),
    "doctor": ("loss-geometry doctor",),
    "presets": (
        "loss-geometry presets",
        "loss-geometry presets --out lecture",
    ),
}


def number(written: str) -> int | float | str:
    """Return the number that is written, or what is written where it is none: who uses it says what is allowed."""
    for kind in (int, float):
        try:
            found = kind(written)
        except ValueError:
            continue
        return int(found) if isinstance(found, float) and found.is_integer() else found
    return written


@final
class Command(argparse.ArgumentParser):
    """A parser whose texts come from the catalogue, whose help ends with examples, and that refuses in one sentence.

    The parsers of its sub-commands are made of the same kind. Options are written out.
    """

    def __init__(self, language: str = "en", **settings: Any) -> None:
        settings = {"add_help": False, "allow_abbrev": False, "exit_on_error": False, **settings}
        super().__init__(formatter_class=argparse.RawTextHelpFormatter, **settings)
        self.language = language
        words = self.prog.removeprefix(PROGRAM).strip()
        about = text(f"cli.about.{re.sub('[ -]', '_', words) or 'program'}", language)
        examples = [text("cli.heading.examples", language), *(f"  {line}" for line in EXAMPLES[words])]
        self.description, self.epilog = "\n".join(wrapped(about, _WIDE)), "\n".join(examples)
        self._places = self.add_argument_group(text("cli.heading.values", language))
        self._flags = self.add_argument_group(text("cli.heading.options", language))
        self._taken: dict[str, argparse.Action] = {}
        self._flags.add_argument("-h", "--help", action="help", help=text("cli.help", language))
        # taken out of the command line before it is read; here for the help
        self.accept("--language", about="cli.language", default=language)

    def accept(self, *names: str, about: str, says: Mapping[str, object] | None = None, **settings: Any) -> None:
        """Take a value or an option; ``about`` is the key of what its help says, with its default and what ``says``."""
        said = text(about, self.language, default=settings.get("default"), **(says or {}))
        group = self._flags if names[0].startswith("-") else self._places
        lines = wrapped(said.replace("%", "%%"), _NARROW)
        action = group.add_argument(*names, help="\n".join(lines), **settings)
        self._taken["/".join(action.option_strings) or str(action.metavar)] = action

    def commands(self, dest: str, metavar: str, *, required: bool) -> "argparse._SubParsersAction[Command]":
        """Take one of several sub-commands; ``command`` makes each."""
        title = text("cli.heading.commands", self.language)
        action = self.add_subparsers(dest=dest, required=required, metavar=metavar, title=title, parser_class=Command)
        self._taken[metavar] = action
        return action

    def format_help(self) -> str:
        """Return the help, its first word in the language."""
        _, program, rest = super().format_help().partition(self.prog)
        return text("cli.heading.usage", self.language) + program + rest

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Read a command line, and return also what is not understood; raise ``Refusal`` where it is wrong."""
        given = list(sys.argv[1:] if args is None else args)
        try:
            return super().parse_known_args(given, namespace)
        except argparse.ArgumentError as error:
            raise self._refusal(error.argument_name, given) from None

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Read a command line; raise ``Refusal`` with one sentence where it is wrong."""
        options, unknown = self.parse_known_args(args, namespace)
        if unknown:
            words = filter(None, (PROGRAM, options.task, getattr(options, "action", None)))
            raise Refusal("cli.wrong.unknown", program=" ".join(words), found=repr(unknown[0][:40]))
        return options

    def error(self, message: str) -> NoReturn:
        """Refuse what is not the fault of one argument: something is lacking."""
        raise argparse.ArgumentError(None, message)

    def _refusal(self, name: str | None, given: Sequence[str]) -> Refusal:
        """Say what is wrong in our words; argparse says it in English, and otherwise in each release."""
        action = self._taken.get(name or "")
        if name is None:
            return Refusal("cli.wrong.needed", program=self.prog, names=", ".join(self._lacking(given)))
        if action is not None and isinstance(action.choices, Mapping):
            found = next((word for word in given if not word.startswith("-")), "")
            allowed = ", ".join(action.choices)
            return Refusal("cli.wrong.command", program=self.prog, found=repr(found[:40]), allowed=allowed)
        takes = action is not None and action.nargs != 0
        return Refusal(f"cli.wrong.{'value' if takes else 'no_value'}", option=name)

    def _lacking(self, given: Sequence[str]) -> list[str]:
        """Return the names of what must be given and is not: options, or else values in their places."""
        needed = {name: action for name, action in self._taken.items() if action.required}
        written = {word.partition("=")[0] for word in given}
        options = [name for name, action in needed.items() if action.option_strings and name not in written]
        return options or [
            f"{name} ({', '.join(action.choices)})" if isinstance(action.choices, Mapping) else name
            for name, action in needed.items()
            if not action.option_strings
        ]


def command(tasks: "argparse._SubParsersAction[Command]", name: str, key: str, language: str) -> Command:
    """Make a sub-command, whose line in the list of commands stands under ``cli.task``."""
    return tasks.add_parser(name, help=text(f"cli.task.{key}", language), language=language)
