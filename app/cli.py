"""The command ``loss-geometry``: serve the app, train without it, list what there is, look at the machine."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app import commands
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="loss-geometry", description="See what loss functions do to an embedding.")
    tasks = parser.add_subparsers(dest="task", required=True, metavar="COMMAND")

    serve = tasks.add_parser("serve", help="start the app in a browser page")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    serve.add_argument("--port", type=int, default=8501, help="port to listen on (default: %(default)s)")
    serve.add_argument("--runs", type=Path, default=None, help="folder of the recordings")

    train = tasks.add_parser("train", help="train, and record the run in a file")
    train.add_argument("--loss", action=_PanelAction, required=True, help="loss of a panel; give it again for more")
    train.add_argument("--set", action=_PanelAction, metavar="KNOB=VALUE", help="knob of the loss before it")
    train.add_argument("--data", default="digits", help="data set (default: %(default)s)")
    train.add_argument("--dial", action="append", default=[], metavar="DIAL=VALUE", help="dial of the data set")
    train.add_argument("--net", default="mlp", help="net (default: %(default)s)")
    for name, default, about in (
        ("dim", 2, "dimension of the embedding, 2 or 3"),
        ("steps", 660, "training steps"),
        ("batch", 128, "samples a step"),
        ("seed", 0, "seed of weights and batches"),
        ("points", 2000, "samples shown"),
        ("steps-per-frame", 4, "training steps between two frames"),
    ):
        train.add_argument(f"--{name}", type=int, default=default, help=f"{about} (default: %(default)s)")
    train.add_argument("--learning-rate", type=float, default=0.01, help="learning rate (default: %(default)s)")
    train.add_argument("--out", type=Path, required=True, help="the recording to write (*.lossgeo)")

    verify = tasks.add_parser("verify", help="hold losses against their papers, autograd and others' code")
    verify.add_argument("slugs", nargs="*", metavar="SLUG", help="losses by name (default: all of ours)")
    verify.add_argument(
        "--loss", action="append", default=[], metavar="PACKAGE:CLASS", help="a loss of your own, installed or not"
    )
    verify.add_argument("--json", action="store_true", help="print the tables as JSON")
    verify.add_argument("--write", action="store_true", help="write docs/losses.md and the record that comes along")

    tasks.add_parser("losses", help="list the losses and their knobs")
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
    """Run the command; return 0, or 2 after one sentence on standard error where the input was wrong."""
    options = _parser().parse_args(arguments)
    try:
        return int(getattr(commands, options.task)(options))
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
