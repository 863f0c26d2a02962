"""What ``--help`` says of each command: what it is for, and lines to copy."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

#: The name that all commands begin with.
PROGRAM = "loss-geometry"


@dataclass(frozen=True)
class Usage:
    """What a command is for, and examples that can be copied as they stand."""

    about: str
    examples: tuple[str, ...]


#: By the words after the name of the program; the first entry is the program itself.
USAGES: Mapping[str, Usage] = {
    "": Usage(
        "See what loss functions do to an embedding space: train small nets side by side, record them, look at them.",
        (
            "loss-geometry serve",
            "loss-geometry train --loss arcface --loss softmax --out run.lossgeo",
            "loss-geometry render run.lossgeo run.gif",
            "loss-geometry train --help",
        ),
    ),
    "serve": Usage(
        "Start the app and open the page that it names in a browser. Recordings are kept between two starts.",
        (
            "loss-geometry serve",
            "loss-geometry serve --port 9000 --runs lecture",
        ),
    ),
    "train": Usage(
        "Train nets side by side, one for each --loss, from the same start on the same samples, and record them. "
        "`loss-geometry losses` lists the losses with their knobs, `loss-geometry nets` the nets and "
        "`loss-geometry data` the data sets.",
        (
            "loss-geometry train --loss softmax --out run.lossgeo",
            "loss-geometry train --loss arcface --set margin=0.5 --loss softmax --out run.lossgeo",
            "loss-geometry train --loss cosface --dim 3 --seed 1 --out sphere.lossgeo",
            "loss-geometry train --loss center --data blobs --dial classes=4 --steps 200 --out clouds.lossgeo",
            "loss-geometry train --net mlp --net-set depth=3 --loss softmax --out deep.lossgeo",
        ),
    ),
    "sweep": Usage(
        "Train every combination of some values, each with one seed or several, into one table.",
        (
            "loss-geometry sweep --loss arcface --grid margin=0:0.6:7 --seeds 3 --out margins",
            "loss-geometry sweep --loss arcface --grid margin=0.1,0.3 --grid scale=4:64:5:log --list",
        ),
    ),
    "render": Usage(
        "Draw a recording without a browser: one frame as a PNG, or a film as a GIF or an MP4, all its frames on the "
        "same axes. A picture that is there already is replaced. "
        "Needs the extra packages of: pip install 'loss-geometry[render]'",
        (
            "loss-geometry render run.lossgeo last.png",
            "loss-geometry render run.lossgeo start.png --frame 0 --size 1280x720",
            "loss-geometry render run.lossgeo run.gif --every 4 --fps 12",
            "loss-geometry render sphere.lossgeo sphere.mp4 --directions --turn 180 --language zh",
        ),
    ),
    "verify": Usage(
        "Hold losses against worked numbers, automatic differentiation, their limits, other people's code and every "
        "extreme of their knobs; the exit status is 1 where a check fails.",
        (
            "loss-geometry verify",
            "loss-geometry verify arcface cosface",
            "loss-geometry verify --loss poly_1:Poly1",
            "loss-geometry verify arcface --json",
        ),
    ),
    "losses": Usage(
        "List the losses: where each comes from, and its knobs with what they allow.",
        ("loss-geometry losses",),
    ),
    "nets": Usage(
        "List the nets: what each is, and its knobs with what they allow.",
        ("loss-geometry nets",),
    ),
    "data": Usage(
        "List the data sets: whether each is ready or how to get it, and its dials with what they allow.",
        (
            "loss-geometry data",
            "loss-geometry data fetch mnist",
            "loss-geometry data check mine.csv",
        ),
    ),
    "data fetch": Usage(
        "Download a data set once; where it was interrupted, the same command goes on.",
        (
            "loss-geometry data fetch mnist",
            "loss-geometry data fetch fashion_mnist",
        ),
    ),
    "data check": Usage(
        "Read a data set and show its sizes, its labels and its checksum; without a name, all that are here.",
        (
            "loss-geometry data check",
            "loss-geometry data check digits",
            "loss-geometry data check photos/",
        ),
    ),
    "data convert": Usage(
        "Read data of your own and write it as NPZ, which is read fastest.",
        (
            "loss-geometry data convert mine.csv mine.npz",
            "loss-geometry data convert photos/ photos.npz",
        ),
    ),
    "doctor": Usage(
        "Check this machine: versions, device, threads, compiler, disk and data, then train for at most about ten "
        "seconds; the exit status is 1 where something is missing that the app needs.",
        ("loss-geometry doctor",),
    ),
    "presets": Usage(
        "Train the runs that the app opens with; those that are there are replaced.",
        (
            "loss-geometry presets",
            "loss-geometry presets --out lecture",
        ),
    ),
}


@final
class Command(argparse.ArgumentParser):
    """A parser whose help ends with examples; the parsers of its sub-commands are made of the same kind."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"formatter_class": argparse.RawDescriptionHelpFormatter, **settings})
        usage = USAGES.get(self.prog.removeprefix(PROGRAM).strip())
        if usage is not None:
            self.description = _wrapped(usage.about)
            self.epilog = "examples:\n" + "\n".join(f"  {line}" for line in usage.examples)


def _wrapped(about: str) -> str:
    lines = [""]
    for word in about.split():
        if len(lines[-1]) + len(word) > 78:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)
