"""The command ``loss-geometry``: reads the command line, runs the command, and turns failures into one sentence."""

import io
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from app.cli.arguments import PROGRAM, Command
from app.cli.commands import COMMANDS, PROGRAM_EXAMPLES, Entry
from app.cli.language import system_language, take_language
from spec import Refusal, text


def parser(language: str = "en") -> Command:
    """Return the parser of the command line, with help in a language."""
    program = Command(prog=PROGRAM, language=language, examples=PROGRAM_EXAMPLES)
    _add_commands(program, "task", tuple(COMMANDS.values()), required=True)
    return program


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status.

    The status is that of the command; 2 after a sentence on standard error where the input is wrong or the output
    cannot be written; 130 after Ctrl-C; 143 where SIGTERM ended a command that closed its files first.
    """
    for name in ("stdout", "stderr"):
        _prepare_stream(name)
    language = system_language(os.environ)
    status = 0
    try:
        words, language = take_language(sys.argv[1:] if arguments is None else arguments, language)
        try:
            options = parser(language).parse_args(words)
            entry = COMMANDS[options.task]
            with _interrupt_on_sigterm(entry) as signals:
                status = entry.run(options)
        finally:
            sys.stdout.flush()  # also after the help, which ends the program
        return 128 + signals[0] if signals else status
    except Refusal as refusal:
        return _complain(refusal.message.render(language))
    except BrokenPipeError:  # the reader of the output has closed it, as `head` does
        _discard(sys.stdout)
        return status
    except OSError as error:
        if error.errno is None or error.filename is not None:  # this is not about standard output
            raise
        _discard(sys.stdout)
        return _complain(text("cli.output.disk", language, reason=error.strerror))
    except KeyboardInterrupt:
        return 130  # as in a shell


def _add_commands(parent: Command, dest: str, entries: Sequence[Entry], *, required: bool) -> None:
    """Add a parser for each of these commands or actions."""
    commands = parent.commands(dest, "COMMAND" if dest == "task" else "ACTION", required=required)
    for entry in entries:
        line = text(f"cli.task.{entry.key}", parent.language)
        command = commands.add_parser(entry.name, help=line, language=parent.language, examples=entry.examples)
        entry.add_options(command)
        if entry.actions:
            _add_commands(command, "action", entry.actions, required=False)


def _prepare_stream(name: str) -> None:
    """Make a standard stream writable: one that was closed before we began goes nowhere, odd letters become '?'."""
    if getattr(sys, name) is None:
        nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  (open as long as the process lives)
        os.set_inheritable(nowhere.fileno(), True)  # programs that we start expect a stream there
        setattr(sys, name, nowhere)
    stream = getattr(sys, name)
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")  # for a terminal without Chinese or Greek letters


def _complain(sentence: str) -> int:
    """Print what is wrong, where standard error takes it; return the exit status of wrong input."""
    try:
        print(sentence, file=sys.stderr, flush=True)
    except OSError:
        _discard(sys.stderr)
    return 2


def _discard(stream: TextIO) -> None:
    """Discard what a stream still holds, so that Python does not fail on it when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def _interrupt_on_sigterm(entry: Entry) -> Iterator[list[int]]:
    """Treat SIGTERM as Ctrl-C while a command runs that closes files; yield a list that will hold the signal."""
    signals: list[int] = []

    def interrupt(number: int, _: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # `timeout` sends it twice; once is enough
        signals.append(number)
        raise KeyboardInterrupt

    in_main_thread = threading.current_thread() is threading.main_thread()
    # a handler of somebody else stays, and so does a signal that is ignored
    if not entry.closes_files or not in_main_thread or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield signals
        return
    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield signals
    except KeyboardInterrupt:
        if not signals:
            raise
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


if __name__ == "__main__":
    sys.exit(main())
