"""The command ``loss-geometry``: serve the app, train without it, list what there is, look at the machine."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from app import starting
from app.usage import PROGRAM, Command
from spec import Refusal


class _PanelAction(argparse.Action):
    """``--loss`` begins a panel; each ``--set knob=value`` after it belongs to that panel."""

    def __call__(self, parser: Any, namespace: Any, value: Any, option: str | None = None) -> None:
        panels: list[tuple[str, list[str]]] = list(getattr(namespace, "panels", None) or [])
        if option == "--loss":
            panels.append((value, []))
        elif not panels:
            parser.error(f"--set {value} stands before any --loss; name the loss first, then its knobs.")
        else:
            panels[-1][1].append(value)
        namespace.panels = panels


def _add_experiment(task: argparse.ArgumentParser) -> None:
    """Add what says which experiment it is."""
    task.add_argument("--loss", action=_PanelAction, required=True, help="loss of a panel; give it again for more")
    task.add_argument("--set", action=_PanelAction, metavar="KNOB=VALUE", help="knob of the loss before it")
    task.add_argument("--data", default="digits", help="data set (default: %(default)s)")
    task.add_argument("--dial", action="append", default=[], metavar="DIAL=VALUE", help="dial of the data set")
    task.add_argument("--net", default="mlp", help="net (default: %(default)s)")
    task.add_argument("--net-set", action="append", default=[], metavar="KNOB=VALUE", help="knob of the net")
    for name, default, about in (
        ("dim", 2, "dimension of the embedding, 2 or 3"),
        ("steps", 660, "training steps"),
        ("batch", 128, "samples a step"),
        ("points", 2000, "samples shown"),
        ("steps-per-frame", 4, "training steps between two frames"),
    ):
        task.add_argument(f"--{name}", type=int, default=default, help=f"{about} (default: %(default)s)")
    task.add_argument("--learning-rate", type=float, default=0.01, help="learning rate (default: %(default)s)")
    task.add_argument(
        "--mode", default="exact", help="exact, or fast where bytes need not repeat (default: %(default)s)"
    )


def _add_sweep(sweep: argparse.ArgumentParser) -> None:
    """Add what makes an experiment a sweep."""
    _add_experiment(sweep)
    grid = "values of a knob, of learning_rate or of data.DIAL: 4,8,16 or 0:0.6:13 (evenly) or 1:64:7:log"
    sweep.add_argument("--grid", action="append", default=[], metavar="KNOB=VALUES", help=grid)
    sweep.add_argument("--seeds", type=int, default=1, help="trainings of each setting (default: %(default)s)")
    sweep.add_argument(
        "--first-seed", dest="seed", type=int, default=0, help="seed to begin with (default: %(default)s)"
    )
    sweep.add_argument("--record", default="last", help="last, all or none of the frames (default: %(default)s)")
    sweep.add_argument("--memory", type=int, default=1024, help="MiB for a chunk (default: %(default)s)")
    sweep.add_argument("--device", default="cpu", help="cpu, cuda or mps (default: %(default)s)")
    sweep.add_argument("--list", action="store_true", help="say what would be trained, and train nothing")
    sweep.add_argument(
        "--out", type=Path, default=None, help="folder of the results; an interrupted sweep goes on there"
    )


def _add_render(render: argparse.ArgumentParser) -> None:
    """Add what says which frames are drawn, and how."""
    render.add_argument("recording", type=Path, metavar="RECORDING", help="the recording to draw (*.lossgeo)")
    render.add_argument("out", type=Path, metavar="OUT", help="the file to write: .png, .gif or .mp4")
    render.add_argument("--frame", type=int, metavar="K", help="frame of a .png, counted from 0 (default: the last)")
    render.add_argument("--from", dest="first", type=int, metavar="K", help="first frame of a film (default: 0)")
    render.add_argument("--to", dest="last", type=int, metavar="K", help="last frame of a film (default: the last)")
    render.add_argument("--every", type=int, default=1, metavar="N", help="take every Nth frame (default: all)")
    render.add_argument("--fps", type=float, default=20.0, help="frames a second (default: %(default)g)")
    render.add_argument("--size", metavar="WIDTHxHEIGHT", help="pixels (default: what suits the panels)")
    render.add_argument("--language", default="en", help="en or zh (default: %(default)s)")
    turn = "degrees that the camera goes round in a film in space; 0: it stands still (default: %(default)g)"
    render.add_argument("--turn", type=float, default=60.0, metavar="DEGREES", help=turn)
    render.add_argument("--directions", action="store_true", help="losses on angles: draw samples at length one")


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    parser = Command(prog=PROGRAM)
    tasks = parser.add_subparsers(dest="task", required=True, metavar="COMMAND")

    serve = tasks.add_parser("serve", help="start the app in a browser page")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    serve.add_argument("--port", type=int, default=8501, help="port to listen on (default: %(default)s)")
    serve.add_argument("--runs", type=Path, default=None, help="folder of the recordings")

    train = tasks.add_parser("train", help="train, and record the run in a file")
    _add_experiment(train)
    train.add_argument("--seed", type=int, default=0, help="seed of weights and batches (default: %(default)s)")
    train.add_argument("--out", type=Path, required=True, help="the recording to write (*.lossgeo)")

    # no abbreviations: --seed would be --seeds
    _add_sweep(tasks.add_parser("sweep", allow_abbrev=False, help="train a grid of knobs and seeds into one table"))

    _add_render(tasks.add_parser("render", help="draw a recording as a picture (PNG) or a film (GIF, MP4)"))

    verify = tasks.add_parser("verify", help="hold losses against their papers, autograd and others' code")
    verify.add_argument("slugs", nargs="*", metavar="SLUG", help="losses by name (default: all of ours)")
    verify.add_argument(
        "--loss", action="append", default=[], metavar="PACKAGE:CLASS", help="a loss of your own, installed or not"
    )
    verify.add_argument("--json", action="store_true", help="print the tables as JSON")
    verify.add_argument("--write", action="store_true", help="write docs/losses.md and the record that comes along")

    tasks.add_parser("losses", help="list the losses and their knobs")
    tasks.add_parser("nets", help="list the nets and their knobs")
    data = tasks.add_parser("data", help="list the data sets, and how to get those that are not here")
    actions = data.add_subparsers(dest="action", metavar="ACTION")
    fetch = actions.add_parser("fetch", help="download a data set; run it again to go on where it stopped")
    fetch.add_argument("slug", metavar="SLUG", help="mnist, fashion_mnist, kuzushiji_mnist or usps")
    check = actions.add_parser("check", help="show sizes, labels and checksum")
    check.add_argument("which", nargs="?", metavar="SLUG|PATH", help="a data set, or a file or folder of your own")
    convert = actions.add_parser("convert", help="write data of your own as NPZ, which is read fastest")
    convert.add_argument("path", type=Path, metavar="PATH", help="an NPZ, a CSV, or a folder of IDX files or pictures")
    convert.add_argument("out", type=Path, metavar="OUT", help="the file to write (*.npz)")

    tasks.add_parser("doctor", help="check the machine: versions, device, threads, disk, a short training")
    presets = tasks.add_parser("presets", help="train the runs that the app opens with")
    presets.add_argument("--out", type=Path, default=None, help="folder (default: where the app looks for them)")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0, 2 after a sentence on standard error where the input was wrong, 130 on Ctrl-C."""
    options = parser().parse_args(arguments)
    try:
        return _work(options.task)(options)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130  # as the shell has it


def _work(task: str) -> Callable[[argparse.Namespace], int]:
    """Return what does a task."""
    if task == "serve":
        return starting.run
    from app import commands  # noqa: PLC0415  (torch and scikit-learn, without which the app starts and --help answers)

    work: Callable[[argparse.Namespace], int] = getattr(commands, task)
    return work


if __name__ == "__main__":
    sys.exit(main())
