"""The options of each command. What they mean is said in the catalogue; who uses a value checks it."""

import argparse
from typing import Any

from app.cli.arguments import Command, number
from app.cli.launch import PORT
from spec import Refusal

#: The families of losses, as ``losses.Family`` has them: the help does not wait for torch.
FAMILIES = (
    "softmax",
    "angular",
    "distribution",
    "tuple",
    "weighting",
    "pair_similarity",
    "regression",
    "hinge",
)


class _PanelAction(argparse.Action):
    """``--loss`` begins a panel; each ``--set knob=value`` after it belongs to that panel."""

    def __call__(self, parser: Any, namespace: Any, value: Any, option: str | None = None) -> None:
        panels: list[tuple[str, list[str]]] = list(getattr(namespace, "panels", None) or [])
        if option == "--loss":
            panels.append((value, []))
        elif not panels:
            raise Refusal("cli.wrong.set_first", written=value[:40])
        else:
            panels[-1][1].append(value)
        namespace.panels = panels


def add_nothing(_: Command) -> None:
    """Add no option."""


def add_serve(serve: Command) -> None:
    """Add where the app listens, and where its recordings lie."""
    serve.accept("--host", default="127.0.0.1", about="cli.option.host")
    serve.accept("--port", type=number, default=PORT.default, about="cli.option.port")
    serve.accept("--runs", about="cli.option.runs")


def add_train(train: Command) -> None:
    """Add the experiment, its seed, and the recording to write."""
    _add_experiment(train)
    train.accept("--seed", type=number, default=0, about="cli.option.seed")
    train.accept("--frames", default="all", about="cli.option.frames")
    train.accept("--out", required=True, about="cli.option.train_out")


def add_sweep(sweep: Command) -> None:
    """Add the experiment, the grid and the seeds, and the folder to write."""
    _add_experiment(sweep)
    sweep.accept("--grid", action="append", default=[], metavar="KNOB=VALUES", about="cli.option.grid")
    sweep.accept("--seeds", type=number, default=1, about="cli.option.seeds")
    sweep.accept("--first-seed", dest="seed", type=number, default=0, about="cli.option.first_seed")
    sweep.accept("--record", default="last", about="cli.option.record")
    sweep.accept("--memory", type=number, default=1024, about="cli.option.memory")
    sweep.accept("--list", action="store_true", about="cli.option.list")
    sweep.accept("--out", about="cli.option.sweep_out")


def add_render(render: Command) -> None:
    """Add which frames are drawn, and how. Defaults are those of the film."""
    render.accept("recording", metavar="RECORDING", about="cli.option.recording")
    render.accept("out", metavar="OUT", about="cli.option.picture")
    for name, dest, metavar in (
        ("frame", "frame", "K"),
        ("from", "first", "K"),
        ("to", "last", "K"),
        ("every", "every", "N"),
        ("fps", "fps", None),
    ):
        render.accept(f"--{name}", dest=dest, type=number, metavar=metavar, about=f"cli.option.{name}")
    render.accept("--size", metavar="WIDTHxHEIGHT", about="cli.option.size")
    render.accept("--turn", type=number, metavar="DEGREES", about="cli.option.turn")
    render.accept("--directions", action="store_true", about="cli.option.directions")


def add_verify(verify: Command) -> None:
    """Add which losses are verified, and the form of the tables."""
    verify.accept("slugs", nargs="*", metavar="SLUG", about="cli.option.slugs")
    verify.accept("--loss", action="append", default=[], metavar="PACKAGE:CLASS", about="cli.option.own_loss")
    verify.accept("--json", action="store_true", about="cli.option.json")
    verify.accept("--write", action="store_true", about="cli.option.write")


def add_new_loss(new_loss: Command) -> None:
    """Add the name of a loss, its family, and where it is written."""
    families = ", ".join(FAMILIES)
    new_loss.accept("slug", metavar="SLUG", about="cli.option.new_slug")
    new_loss.accept("--family", default=FAMILIES[0], about="cli.option.family", says={"allowed": families})
    new_loss.accept("--title", about="cli.option.title")
    new_loss.accept("--folder", metavar="REPOSITORY", about="cli.option.repository")


def add_data_fetch(fetch: Command) -> None:
    """Add which data set is downloaded."""
    fetch.accept("slug", metavar="SLUG", about="cli.option.fetched")


def add_data_check(check: Command) -> None:
    """Add which data set or file is checked."""
    check.accept("which", nargs="?", metavar="SLUG|PATH", about="cli.option.checked")


def add_data_convert(convert: Command) -> None:
    """Add the file to read and the file to write."""
    convert.accept("path", metavar="PATH", about="cli.option.source")
    convert.accept("out", metavar="OUT", about="cli.option.npz")


def add_presets(presets: Command) -> None:
    """Add the folder to write."""
    presets.accept("--out", about="cli.option.presets_out")


def _add_experiment(task: Command) -> None:
    """Add the experiment, and the device on which it is trained."""
    pairs: dict[str, Any] = {"action": "append", "default": []}
    task.accept("--loss", action=_PanelAction, required=True, about="cli.option.loss")
    task.accept("--set", action=_PanelAction, metavar="KNOB=VALUE", about="cli.option.set")
    task.accept("--data", default="digits", metavar="NAME|PATH", about="cli.option.data")
    task.accept("--dial", metavar="DIAL=VALUE", about="cli.option.dial", **pairs)
    task.accept("--net", default="mlp", about="cli.option.net")
    task.accept("--net-set", metavar="KNOB=VALUE", about="cli.option.net_set", **pairs)
    for name, default in (
        ("dim", 2),
        ("steps", 660),
        ("batch", 128),
        ("points", 2000),
        ("steps-per-frame", 4),
        ("learning-rate", 0.01),
    ):
        task.accept(f"--{name}", type=number, default=default, about=f"cli.option.{name.replace('-', '_')}")
    task.accept("--mode", default="exact", about="cli.option.mode")
    task.accept("--device", about="cli.option.device", says={"variable": "LOSS_GEOMETRY_DEVICE"})
