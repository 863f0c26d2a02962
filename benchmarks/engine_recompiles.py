"""What moving a knob does to the fast step: which knobs make another program, and how long a change takes."""

import itertools
import os
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch._inductor import standalone_compile

from benchmarks.apart import apart
from benchmarks.engine_cases import Case, milliseconds, ready
from benchmarks.report import Table
from engine import Edit, Trainer
from engine.groups import moving
from engine.neighbours import compile_all
from losses import OURS
from spec import Knob
from spec.knobs import Value

CHANGES = 30
#: A knob moves every so many steps.
APART = 5

#: Words and switches that are turned and turned back, of losses of several kinds.
TURNED: tuple[tuple[str, str, Value], ...] = (
    ("softmax", "bias", False),
    ("focal", "activation", "sigmoid"),
    ("arcface", "beyond", "easy"),
    ("info_nce", "similarity", "dot"),
    ("triplet", "mining", "batch_hard"),
)


def recompiles(quick: bool) -> Table:
    """Measure how many programs are compiled when knobs move, and what a change costs the step after it."""
    table = Table("engine_recompiles", "Programs compiled when knobs move, fast mode", "MLP, digits")
    table.notes = [
        f"Margin, scale and learning rate of ArcFace: a change every {APART} steps, of all panels or of one, while the "
        "compiled program runs on one thread. The step after a change is timed with the change.",
        "Every number of every loss: all losses side by side, each number set to the ends of its slider and back to "
        "its default, and a learning rate for each panel.",
        "A word or a switch is of the program: a turn asks for another, while training goes on by the exact step, and "
        "turning back asks for none. Compiled with nothing on the disk.",
        "Compiled ahead: as the app does it, in a process of its own (engine/neighbours.py), for all words and "
        "switches; then nothing is compiled at a turn, and the program is read from the disk.",
    ]
    case = Case("mlp", "digits", 128)
    for count in (1, 8):
        compiled, changed, others = apart(1, _changes, case, count)
        table.add(f"ArcFace, K = {count}, {CHANGES} changes: programs compiled (target: 0)", compiled)
        table.add(f"ArcFace, K = {count}: change and step after it, ms", *changed)
        table.add(f"ArcFace, K = {count}: other steps, ms", *others)
    moved, compiled = apart(1, _every_number, case)
    table.add(f"every number of every loss, K = {len(OURS)}, {moved} changes: programs compiled (target: 0)", compiled)
    turns = [apart(1, _turned, case, *turn) for turn in (TURNED[:1] if quick else TURNED)]
    table.add("a word or a switch turned, K = 1: programs compiled", *(there for there, _, _ in turns))
    table.add("turned back: programs compiled", *(back for _, back, _ in turns))
    table.add("seconds until the other program is there", *(seconds for _, _, seconds in turns))
    turns_ahead = [_ahead(case, *turn) for turn in (TURNED[:1] if quick else TURNED)]
    table.add("the same, compiled ahead: libraries compiled (target: 0)", *(new for new, _ in turns_ahead))
    table.add("compiled ahead: seconds until the other program is there", *(seconds for _, seconds in turns_ahead))
    return table


def _changes(case: Case, count: int) -> tuple[int, list[float], list[float]]:
    """Return how many programs were compiled, and milliseconds of steps with a change and without one."""
    made = _counted()
    trainer = ready(case.experiment(count, "fast"))
    for _ in range(20):
        trainer.advance()
    assert len(made) == 1, "programs are no longer made by this function"
    changed, others = [], []
    for change in range(CHANGES):
        share = (change * 7 % CHANGES) / CHANGES
        knob, value = (("margin", 0.6 * share), ("scale", 4 + 28 * share), ("learning_rate", 10 ** (-3 + share)))[
            change % 3
        ]
        began = time.perf_counter()
        trainer.apply(Edit(trainer.step, None if change % 2 else change % count, knob, value))
        trainer.advance()
        changed.append(1e3 * (time.perf_counter() - began))
        assert trainer.stage == "compiled", "a knob took the program away"
        others += [milliseconds(trainer.advance, 1) for _ in range(APART - 1)]
    return len(made) - 1, changed, others


def _every_number(case: Case) -> tuple[int, int]:
    """Return how many changes were made, of every number of every loss, and how many programs were compiled."""
    made = _counted()
    trainer = ready(case.experiment(1, "fast", panels=[{"loss": slug} for slug in OURS]))
    changes = 0
    for panel, knob, value in _numbers():
        trainer.apply(Edit(trainer.step, panel, knob, value))
        trainer.advance()
        assert trainer.stage == "compiled", f"{knob} took the program away"
        changes += 1
    return changes, len(made) - 1


def _numbers() -> Iterator[tuple[int, str, float]]:
    """Yield panel, knob and value of each change."""
    for panel, loss in enumerate(OURS.values()):
        yield panel, "learning_rate", 1e-3
        for knob in loss.knobs():
            if knob.name in moving(loss):
                yield from ((panel, knob.name, value) for value in _values(knob))


def _values(knob: Knob) -> Iterator[float]:
    assert isinstance(knob.default, int | float)
    return itertools.chain(knob.slider, [knob.default])


def _turned(case: Case, slug: str, knob: str, value: Value) -> tuple[int, int, float]:
    """Return how many programs a turn compiled, how many turning back did, and the seconds until it was there."""
    with TemporaryDirectory() as folder:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = folder
        made = _counted()
        trainer = ready(case.experiment(1, "fast", panels=[{"loss": slug}]))
        before = getattr(trainer.losses[0], knob)
        began = time.perf_counter()
        _turn(trainer, knob, value)
        seconds, there = time.perf_counter() - began, len(made)
        _turn(trainer, knob, before)
        return there - 1, len(made) - there, seconds


def _ahead(case: Case, slug: str, knob: str, value: Value) -> tuple[int, float]:
    """Return how many libraries a turn compiles whose program was compiled ahead, and seconds until it is there."""
    with TemporaryDirectory() as folder:
        apart(1, _compile_ahead, folder, case, slug)
        found: tuple[int, float] = apart(1, _turned_then, folder, case, slug, knob, value)
    return found


def _compile_ahead(folder: str, case: Case, slug: str) -> None:
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = folder
    experiment = case.experiment(1, "fast", panels=[{"loss": slug}])
    ready(experiment)
    compile_all(experiment)


def _turned_then(folder: str, case: Case, slug: str, knob: str, value: Value) -> tuple[int, float]:
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = folder
    trainer = ready(case.experiment(1, "fast", panels=[{"loss": slug}]))
    libraries, began = _libraries(folder), time.perf_counter()
    _turn(trainer, knob, value)
    return len(_libraries(folder) - libraries), time.perf_counter() - began


def _libraries(folder: str) -> set[Path]:
    return set(Path(folder).rglob("*.so"))


def _turn(trainer: Trainer, knob: str, value: Value) -> None:
    trainer.apply(Edit(trainer.step, 0, knob, value))
    trainer.advance()
    trainer._way.wait()
    trainer.advance()
    assert trainer.stage == "compiled", f"there is no program with {knob} turned to {value}"


def _counted() -> list[Any]:
    """Return a list that gets an entry for each program that is compiled."""
    made: list[Any] = []

    def counted(*given: Any, **named: Any) -> Any:
        made.append(given)
        return standalone_compile(*given, **named)

    torch._inductor.standalone_compile = counted
    return made
