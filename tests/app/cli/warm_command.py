"""Runs command lines one after another, each in a fork of this process, which has imported everything already.

It reads a JSON object a line: ``arguments``, ``folder``, ``closed`` (numbers of streams), ``full`` (whether standard
output is ``/dev/full``), ``unbuffered``, and ``stdout`` and ``stderr`` (files). It answers with the exit status.
"""

import io
import json
import os
import sys

import torch._dynamo  # by the first optimiser otherwise

import app.cli.commands.losses
import app.cli.commands.train  # noqa: F401
from app.cli.main import main


def redirect(number, path):
    opened = os.open(path, os.O_WRONLY | os.O_CREAT)
    os.dup2(opened, number)
    os.close(opened)


def stream(number, unbuffered):
    """A standard stream as Python makes it when it starts: none where the number is closed."""
    try:
        os.fstat(number)
    except OSError:
        return None
    if number == 0:
        return io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)))
    raw = io.FileIO(number, "wb", closefd=False)
    return io.TextIOWrapper(raw if unbuffered else io.BufferedWriter(raw), write_through=unbuffered)


def prepare(wish):
    """Give this process the streams and the folder that a shell would give it."""
    redirect(1, "/dev/full" if wish["full"] else wish["stdout"])
    redirect(2, wish["stderr"])
    for number in wish["closed"]:
        os.close(number)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        setattr(sys, name, stream(number, wish["unbuffered"] and number > 0))
        setattr(sys, f"__{name}__", getattr(sys, name))
    os.chdir(wish["folder"])


torch.set_num_threads(1)
answers = os.fdopen(os.dup(1), "w")
for line in iter(sys.stdin.readline, ""):
    wish = json.loads(line)
    child = os.fork()
    if child == 0:
        answers.close()
        prepare(wish)
        sys.exit(main(wish["arguments"]))  # and on to the end of the interpreter, as in a shell
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), file=answers, flush=True)
