"""The commands of ``loss-geometry``. ``COMMANDS`` is their only list; each one is a module of this folder.

This file imports nothing heavy, so that ``loss-geometry --help`` answers at once. The module of a command is imported
when the command runs.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module

from app.cli import options
from app.cli.arguments import Command


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A command of the program, or an action of a command such as ``data fetch``.

    Its texts stand in the catalogue under ``cli.task`` (one line) and ``cli.about`` (what it is for).
    """

    #: The words that call it: ``train`` or ``data fetch``.
    words: str
    #: Lines to copy. The help shows them, and a test runs them.
    examples: tuple[str, ...]
    #: Adds its options to its parser.
    add_options: Callable[[Command], None] = options.add_nothing
    actions: tuple["Entry", ...] = ()
    #: Whether SIGTERM ends it as Ctrl-C does, because it has a file to close.
    closes_files: bool = False

    @property
    def name(self) -> str:
        """The last of its words."""
        return self.words.split()[-1]

    @property
    def key(self) -> str:
        """Its words as a key of the catalogue, and as the name of its module."""
        return self.words.replace(" ", "_").replace("-", "_")

    def run(self, arguments: argparse.Namespace) -> int:
        """Run the command and return its exit status; raise ``Refusal`` where an argument is wrong."""
        status: int = import_module(f"{__name__}.{self.key}").run(arguments)
        return status


_ENTRIES = (
    Entry(
        words="serve",
        examples=("loss-geometry serve", "loss-geometry serve --port 9000 --runs lecture"),
        add_options=options.add_serve,
    ),
    Entry(
        words="train",
        examples=(
            "loss-geometry train --loss softmax --out run.lossgeo",
            "loss-geometry train --loss arcface --set margin=0.5 --loss softmax --steps 200 --out two.lossgeo",
            "loss-geometry train --loss cosface --dim 3 --seed 1 --steps 200 --out sphere.lossgeo",
            "loss-geometry train --loss center --data blobs --dial classes=4 --steps 200 --out clouds.lossgeo",
            "loss-geometry train --net mlp --net-set depth=3 --loss softmax --steps 200 --out deep.lossgeo",
            "loss-geometry train --data mine.csv --loss softmax --steps 200 --out mine.lossgeo",
        ),
        add_options=options.add_train,
        closes_files=True,
    ),
    Entry(
        words="sweep",
        examples=(
            "loss-geometry sweep --loss arcface --grid margin=0:0.6:4 --seeds 3 --steps 100 --out margins",
            "loss-geometry sweep --loss arcface --grid margin=0.1,0.3 --grid scale=4:64:5:log --list",
        ),
        add_options=options.add_sweep,
        closes_files=True,
    ),
    Entry(
        words="render",
        examples=(
            "loss-geometry render run.lossgeo last.png",
            "loss-geometry render run.lossgeo start.png --frame 0 --size 1280x720",
            "loss-geometry render run.lossgeo run.gif --every 16 --fps 6",
            "loss-geometry render sphere.lossgeo sphere.mp4 --every 4 --directions --turn 180 --language zh",
        ),
        add_options=options.add_render,
        closes_files=True,
    ),
    Entry(
        words="verify",
        examples=(
            "loss-geometry verify",
            "loss-geometry verify arcface cosface",
            "loss-geometry verify --loss poly_1:Poly1",
            "loss-geometry verify arcface --json",
        ),
        add_options=options.add_verify,
    ),
    Entry(
        words="new-loss",
        examples=(
            "loss-geometry new-loss sup_con --family tuple --title SupCon",
            "loss-geometry new-loss wide_margin --family angular --folder loss-geometry",
        ),
        add_options=options.add_new_loss,
    ),
    Entry(words="losses", examples=("loss-geometry losses",)),
    Entry(words="nets", examples=("loss-geometry nets",)),
    Entry(
        words="data",
        examples=("loss-geometry data", "loss-geometry data fetch mnist", "loss-geometry data check mine.csv"),
        actions=(
            Entry(
                words="data fetch",
                examples=("loss-geometry data fetch mnist", "loss-geometry data fetch fashion_mnist"),
                add_options=options.add_data_fetch,
            ),
            Entry(
                words="data check",
                examples=(
                    "loss-geometry data check",
                    "loss-geometry data check digits",
                    "loss-geometry data check photos/",
                ),
                add_options=options.add_data_check,
            ),
            Entry(
                words="data convert",
                examples=(
                    "loss-geometry data convert mine.csv mine.npz",
                    "loss-geometry data convert photos/ photos.npz",
                ),
                add_options=options.add_data_convert,
            ),
        ),
    ),
    Entry(words="doctor", examples=("loss-geometry doctor",)),
    Entry(
        words="presets",
        examples=("loss-geometry presets", "loss-geometry presets --out lecture"),
        add_options=options.add_presets,
    ),
)

#: Every command by its name, in the order of the help.
COMMANDS: Mapping[str, Entry] = {entry.name: entry for entry in _ENTRIES}

#: Lines to copy in the help of the program itself.
PROGRAM_EXAMPLES = (
    "loss-geometry serve",
    "loss-geometry train --loss arcface --loss softmax --out first.lossgeo",
    "loss-geometry render first.lossgeo first.png",
    "loss-geometry train --help",
)


def examples() -> dict[str, tuple[str, ...]]:
    """Return the examples of the help by the words of the command; those of the program stand first, under ""."""
    entries = [one for entry in _ENTRIES for one in (entry, *entry.actions)]
    return {"": PROGRAM_EXAMPLES} | {entry.words: entry.examples for entry in entries}
