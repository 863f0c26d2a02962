"""What a turn of a word or a switch would ask for is compiled before anybody turns it."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from engine_parts import experiment

from engine import Edit, Trainer, neighbours
from engine.bound import shapes
from engine.making import Made
from engine.neighbours import Ahead, compile_all, turns


def shape_of(trainer):
    """The shape of the program, which is the same for all parts."""
    (shape,) = set(shapes(trainer).values())
    return shape


@pytest.fixture
def compiled(monkeypatch):
    """The shapes of the programs that are asked for; none is made."""
    found = []

    def asked(trainer):
        found.append(shape_of(trainer))
        made = Made()
        made.ended.set()
        return made

    monkeypatch.setattr(neighbours, "program_for", asked)
    return found


@pytest.fixture
def started(monkeypatch):
    """The processes that are started instead of the one that compiles: they wait for the end of their input."""
    begun = []
    launch = subprocess.Popen

    def waiting(command, **given):
        wait = "import sys; sys.stdin.read()"
        begun.append((command, launch([sys.executable, "-c", wait], **given)))
        return begun[-1][1]

    monkeypatch.setattr(neighbours.subprocess, "Popen", waiting)
    yield begun
    for _, process in begun:
        process.kill()
        process.wait()


def test_each_word_and_switch_is_turned_in_all_panels_and_then_in_each():
    own = experiment("arcface", ("hinge", {"bias": False}), ("softmax", {"bias": False}))
    beyond = ("raw", "cosface", "easy")
    assert list(turns(own)) == [
        *((None, "beyond", word) for word in beyond),
        (None, "squared", True),
        (None, "bias", True),
        *((0, "beyond", word) for word in beyond),
        (1, "squared", True),
        (1, "bias", True),
        (2, "bias", True),
    ]


def test_of_a_single_panel_each_is_turned_once_and_numbers_are_not():
    assert list(turns(experiment(("ghm_r", {"bins": 12})))) == [(None, "density", "all"), (None, "bias", False)]
    assert not list(turns(experiment("center", "cosface")))


def test_linked_words_that_differ_are_turned_both_ways():
    own = experiment(("contrastive", {"balanced": True}), "contrastive")
    assert list(turns(own))[:2] == [(None, "balanced", False), (None, "balanced", True)]


@pytest.mark.parametrize("slug", ["l_gm", "focal", "triplet"])
def test_programs_are_those_that_a_run_asks_for_when_it_is_turned(slug, compiled):
    own = experiment(slug, steps=10)
    compile_all(own)
    trainer = Trainer(own)
    turned = []
    for panel, name, value in turns(own):
        before = getattr(trainer.losses[0], name)
        trainer.apply(Edit(trainer.step, panel, name, value))
        turned.append(shape_of(trainer))
        trainer.apply(Edit(trainer.step, panel, name, before))
    assert compiled == turned
    assert len(set(turned)) == len(turned) > 1


def test_no_more_than_so_many_are_compiled(compiled, monkeypatch):
    monkeypatch.setattr(neighbours, "_MOST", 3)
    compile_all(experiment("triplet", "focal"))
    assert len(compiled) == 3


def running(own):
    """A trainer whose steps are computed by a program, which there is not."""
    trainer = Trainer(own)
    trainer._way.program = Made()
    return trainer


def test_neighbours_of_each_program_are_asked_for_once(started):
    own = Ahead()
    trainer = running(experiment(("arcface", {"margin": 0.25})))
    own.look("a", Trainer(trainer.experiment))  # which no program computes
    assert not started
    for _ in range(3):
        own.look("a", trainer)
    assert len(started) == 1
    assert started[0][0][1:3] == ["-m", "engine.neighbours"]
    other = running(experiment("focal"))
    own.look("b", other)  # those of another run are waited for
    assert len(started) == 1
    trainer.apply(Edit(0, 0, "beyond", "easy"))
    trainer._way.program = Made()
    own.look("a", trainer)  # its own are given up
    assert len(started) == 2
    assert started[0][1].poll() is not None
    started[1][1].kill()
    started[1][1].wait()
    own.look("b", other)
    assert len(started) == 3
    own.close()
    assert started[2][1].poll() is not None


def test_the_process_is_told_what_the_losses_are_now(monkeypatch):
    class Told(io.StringIO):
        def close(self) -> None:
            """Stay readable."""

    class Process:
        pid, stdin = 0, Told()

    monkeypatch.setattr(neighbours.subprocess, "Popen", lambda *given, **named: Process)
    trainer = running(experiment("arcface", "hinge"))
    trainer.apply(Edit(0, 1, "squared", True))
    Ahead().look("a", trainer)
    assert '"squared":true' in Process.stdin.getvalue()
    assert Process.stdin.getvalue().endswith("}\n")


def test_a_machine_without_room_for_a_process_goes_on_without_it(monkeypatch):
    def refused(*given, **named):
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(neighbours.subprocess, "Popen", refused)
    own = Ahead()
    own.look("a", running(experiment("arcface")))
    own.close()


def test_the_process_ends_with_its_input():
    command = [sys.executable, "-m", "engine.neighbours"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stderr=pipe, encoding="utf-8", cwd=Path.cwd()) as process:
        # more programs than could be compiled before it is asked whether it has ended
        process.stdin.write(experiment(*8 * ["triplet"]).canonical + "\n")
        process.stdin.flush()
        process.stdin.close()
        assert process.wait(60) == 0
        assert process.stderr.read() == ""
