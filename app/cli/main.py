"""The command ``loss-geometry``: serve the app, train without it, list what there is, look at the machine."""

import argparse
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from app.cli import language, launch
from app.cli.arguments import PROGRAM, Command, command, number
from spec import Knob, Refusal, text

#: The port of the app.
_PORT = Knob(name="port", kind="whole", default=8501, low=1, high=65535)

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

#: Commands that have something to bring into order when they are told to end.
_CLOSING = frozenset({"train", "sweep", "render"})


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


def _add_experiment(task: Command) -> None:
    """Add what says which experiment it is, and on which device it is trained."""
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


def _add_train(train: Command) -> None:
    """Add what makes an experiment a recording."""
    _add_experiment(train)
    train.accept("--seed", type=number, default=0, about="cli.option.seed")
    train.accept("--frames", default="all", about="cli.option.frames")
    train.accept("--out", required=True, about="cli.option.train_out")


def _add_sweep(sweep: Command) -> None:
    """Add what makes an experiment a sweep."""
    _add_experiment(sweep)
    sweep.accept("--grid", action="append", default=[], metavar="KNOB=VALUES", about="cli.option.grid")
    sweep.accept("--seeds", type=number, default=1, about="cli.option.seeds")
    sweep.accept("--first-seed", dest="seed", type=number, default=0, about="cli.option.first_seed")
    sweep.accept("--record", default="last", about="cli.option.record")
    sweep.accept("--memory", type=number, default=1024, about="cli.option.memory")
    sweep.accept("--list", action="store_true", about="cli.option.list")
    sweep.accept("--out", about="cli.option.sweep_out")


def _add_render(render: Command) -> None:
    """Add what says which frames are drawn, and how; what is not given is left to the film."""
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


def _add_verify(verify: Command) -> None:
    """Add which losses are verified, and what becomes of the tables."""
    verify.accept("slugs", nargs="*", metavar="SLUG", about="cli.option.slugs")
    verify.accept("--loss", action="append", default=[], metavar="PACKAGE:CLASS", about="cli.option.own_loss")
    verify.accept("--json", action="store_true", about="cli.option.json")
    verify.accept("--write", action="store_true", about="cli.option.write")


def _add_new_loss(new_loss: Command) -> None:
    """Add the name of a loss, its family and where it is written."""
    families = ", ".join(FAMILIES)
    new_loss.accept("slug", metavar="SLUG", about="cli.option.new_slug")
    new_loss.accept("--family", default=FAMILIES[0], about="cli.option.family", says={"allowed": families})
    new_loss.accept("--title", about="cli.option.title")
    new_loss.accept("--folder", metavar="REPOSITORY", about="cli.option.repository")


def _add_data(data: Command, spoken: str) -> None:
    """Add what can be done with data sets."""
    actions = data.commands("action", "ACTION", required=False)
    fetch = command(actions, "fetch", "data_fetch", spoken)
    fetch.accept("slug", metavar="SLUG", about="cli.option.fetched")
    check = command(actions, "check", "data_check", spoken)
    check.accept("which", nargs="?", metavar="SLUG|PATH", about="cli.option.checked")
    convert = command(actions, "convert", "data_convert", spoken)
    convert.accept("path", metavar="PATH", about="cli.option.source")
    convert.accept("out", metavar="OUT", about="cli.option.npz")


def parser(spoken: str = "en") -> Command:
    """Return what reads the command line, whose help is in a language."""
    program = Command(prog=PROGRAM, language=spoken)
    tasks = program.commands("task", "COMMAND", required=True)

    serve = command(tasks, "serve", "serve", spoken)
    serve.accept("--host", default="127.0.0.1", about="cli.option.host")
    serve.accept("--port", type=number, default=_PORT.default, about="cli.option.port")
    serve.accept("--runs", about="cli.option.runs")

    _add_train(command(tasks, "train", "train", spoken))
    _add_sweep(command(tasks, "sweep", "sweep", spoken))
    _add_render(command(tasks, "render", "render", spoken))
    _add_verify(command(tasks, "verify", "verify", spoken))
    _add_new_loss(command(tasks, "new-loss", "new_loss", spoken))
    command(tasks, "losses", "losses", spoken)
    command(tasks, "nets", "nets", spoken)
    _add_data(command(tasks, "data", "data", spoken), spoken)
    command(tasks, "doctor", "doctor", spoken)
    command(tasks, "presets", "presets", spoken).accept("--out", about="cli.option.presets_out")
    return program


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    It is 0, or what the command says of what it found; 2 after a sentence on standard error where the input was wrong
    or what is said cannot be written; 130 on Ctrl-C. A training, a sweep or a film that is told to end (SIGTERM) ends
    as on Ctrl-C, with what there is so far in order, and 143.
    """
    for name in ("stdout", "stderr"):
        _prepare(name)
    spoken = language.of_system(os.environ)
    status = 0
    try:
        given, spoken = language.taken(sys.argv[1:] if arguments is None else arguments, spoken)
        try:
            options = parser(spoken).parse_args(given)
            work = _work(options.task)
            with _told_to_end(options.task) as told:
                status = work(options)
        finally:
            sys.stdout.flush()  # also after the help, which ends the program
        return 128 + told[0] if told else status
    except Refusal as refusal:
        return _refuse(refusal.message.render(spoken))
    except BrokenPipeError:  # the reader of a list has seen enough, as `head` has
        _let_go(sys.stdout)
        return status
    except OSError as error:
        if error.errno is None or error.filename is not None:  # of something else than standard output
            raise
        _let_go(sys.stdout)
        return _refuse(text("cli.said.disk", spoken, reason=error.strerror))
    except KeyboardInterrupt:
        return 130  # as the shell has it


def _prepare(name: str) -> None:
    """See that a standard stream takes whatever is said, also where it was closed before we began."""
    if getattr(sys, name) is None:
        nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  (for as long as the process lives)
        os.set_inheritable(nowhere.fileno(), True)  # it stands where programs that we start look for theirs
        setattr(sys, name, nowhere)
    stream = getattr(sys, name)
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")  # a terminal without Chinese letters, or Greek ones


def _refuse(sentence: str) -> int:
    """Say what is wrong, where that can be said."""
    try:
        print(sentence, file=sys.stderr, flush=True)
    except OSError:
        _let_go(sys.stderr)
    return 2


def _let_go(stream: TextIO) -> None:
    """Send what a stream still has nowhere, so that Python does not stumble over it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def _told_to_end(task: str) -> Iterator[list[int]]:
    """Take SIGTERM for Ctrl-C while a command runs that has something to close; yield a list that will hold it."""
    told: list[int] = []

    def end(number: int, _: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # some send it twice; once is enough
        told.append(number)
        raise KeyboardInterrupt

    main_thread = threading.current_thread() is threading.main_thread()
    # what somebody else does about it, or its being ignored, stays
    if task not in _CLOSING or not main_thread or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield told
        return
    signal.signal(signal.SIGTERM, end)
    try:
        yield told
    except KeyboardInterrupt:
        if not told:
            raise
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _work(task: str) -> Callable[[argparse.Namespace], int]:
    """Return what does a task."""
    if task == "serve":
        return _serve
    from app.cli import commands  # noqa: PLC0415  (torch and scikit-learn, without which the app starts and --help answers)

    work: Callable[[argparse.Namespace], int] = getattr(commands, task.replace("-", "_"))
    return work


def _serve(options: argparse.Namespace) -> int:
    """Start the app."""
    port = int(_PORT.check(options.port))
    if options.runs == "":
        raise Refusal("cli.wrong.folder", option="--runs")
    return launch.serve(options.host, port, None if options.runs is None else Path(options.runs))


if __name__ == "__main__":
    sys.exit(main())
