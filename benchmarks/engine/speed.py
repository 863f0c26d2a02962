"""The engine against a plain training loop, and the cost of more panels.

``speed`` and ``large``: K panels of the engine against K runs of the loop, in turns in one process.
``panels``: K panels against one panel, on one thread and on two.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from benchmarks.apart import apart
from benchmarks.engine.cases import LEAST, Case, NoProgramError, in_turn, ratios, ready
from benchmarks.engine.loop import Loop
from benchmarks.report import Table

MODES = ("exact", "fast")
LOOP = "loop"


@dataclass(frozen=True)
class Turns:
    """The number of rounds, and the least seconds and steps of a variant in each."""

    rounds: int
    seconds: float
    least: int = LEAST


#: How many times as fast as the loop the engine should be.
TARGETS = {
    ("mlp", 128, 1, "exact"): 2.0,
    ("mlp", 128, 8, "exact"): 3.5,
    ("mlp", 128, 1, "fast"): 5.0,
    ("mlp", 128, 8, "fast"): 8.0,
    ("lenet_pp", 128, 1, "fast"): 1.5,
}

#: The largest cost of several panels in terms of one, by net, panels, mode and threads.
COSTS = {("cnn", 8, "fast", 2): 3.5}


def speed(quick: bool) -> Table:
    """Measure the engine against the loop with small nets."""
    table = _against("engine_speed", "The engine against a DataLoader, a module, ArcFaceLoss and Adam")
    costs: dict[str, list[float]] = {}
    times: dict[str, list[float]] = {}
    for case in [Case(*own, batch) for own in (("mlp", "digits"), ("cnn", "mnist")) for batch in (128, 512)][
        :: 1 + quick
    ]:
        counts = (1, 8) if quick else (1, 8, 32)
        more, took = _compared(table, case, counts, Turns(2, 0.05) if quick else Turns(9, 0.25))
        costs |= more
        times |= took
    table.rows |= costs | times
    return table


def large(quick: bool) -> Table:
    """Measure the engine against the loop with LeNet++."""
    table = _against("engine_speed_lenet_pp", "LeNet++ against a DataLoader, a module, ArcFaceLoss and Adam")
    table.notes.append(
        "Rounds are of single steps, which take up to a minute and more. Each number of panels has a process of its "
        "own, with the loop and one panel beside it."
    )
    costs: dict[str, list[float]] = {}
    times: dict[str, list[float]] = {}
    for batch in (128,) if quick else (128, 512):
        for count in (1,) if quick else (1, 8, 32):
            turns = Turns(2 if quick or (batch, count) == (512, 32) else 3, 0.0, 1)
            counts = (1, count) if count > 1 else (1,)
            case = Case("lenet_pp", "mnist", batch)
            more, took = _compared(table, case, counts, turns, (count,))
            costs |= more
            times |= {name: numbers for name, numbers in took.items() if name not in times}
            # written after each case, since all of them take half an hour
            replace(table, rows=table.rows | costs | times).write(keep=not quick)
    table.rows |= costs | times
    return table


def _against(name: str, title: str) -> Table:
    table = Table(name, title, "ArcFace, Adam")
    table.notes = [
        "The loop has the same net, samples and batch size, pytorch-metric-learning's ArcFaceLoss and a DataLoader of "
        "float32 samples; it neither clips gradients nor keeps losses, the engine does both. They train on one thread, "
        "in turn in one process, each some steps a round. Times as fast: K x the loop's time for a step / the "
        "engine's time for a step of K panels, round by round. The fast mode is measured once it has its program. "
        "Panels: time for a step of K panels / for a step of one.",
    ]
    return table


def _compared(
    table: Table, case: Case, counts: tuple[int, ...], turns: Turns, shown: tuple[int, ...] = ()
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Add the ratios of a case to the table, for the counts in ``shown``; return the costs of panels, and the times."""
    costs: dict[str, list[float]] = {}
    if case.missing:
        table.notes.append(case.missing)
        return costs, {}
    found = apart(1, _against_loop, case, counts, turns)
    for count in shown or counts:
        for mode in MODES:
            if f"{mode} {count}" not in found:
                table.notes.append(_without(f"{case}, K = {count}"))
                continue
            target = TARGETS.get((case.net, case.batch, count, mode))
            goal = f" (target: at least {target:g})" if target else ""
            ratio = ratios(found[LOOP], found[f"{mode} {count}"], times=count)
            table.add(f"{case}, K = {count}, {mode}: times as fast{goal}", *ratio)
            if count > 1 and f"{mode} 1" in found:
                more = ratios(found[f"{mode} {count}"], found[f"{mode} 1"])
                costs[f"{case}, K = {count}, {mode}: panels"] = more
    return costs, {f"{case}, {_named(name)}: ms a step": numbers for name, numbers in found.items()}


def panels(quick: bool) -> Table:
    """Measure the cost of K panels."""
    table = Table("engine_panels", "Steps of K panels against steps of one", "time for a step / that of one panel")
    table.notes = ["All variants of a net in turn in one process, a process for each number of threads."]
    counts = (1, 8) if quick else (1, 2, 4, 8, 32)
    times: dict[str, list[float]] = {}
    for case in (Case("mlp", "digits", 128), Case("cnn", "mnist", 128)):
        if case.missing:
            table.notes.append(case.missing)
            continue
        for threads in (1, 2):
            found = apart(threads, _against_one, case, counts, 2 if quick else 9, 0.05 if quick else 0.25)
            where = f"{case}, {threads} thread{'s' * (threads > 1)}"
            table.notes += [_without(f"{where}, K = {count}") for count in counts if f"fast {count}" not in found]
            for mode in MODES:
                for count in counts[1:]:
                    if not {f"{mode} 1", f"{mode} {count}"} <= found.keys():
                        continue
                    target = COSTS.get((case.net, count, mode, threads))
                    goal = f" (target: at most {target:g})" if target else ""
                    ratio = ratios(found[f"{mode} {count}"], found[f"{mode} 1"])
                    table.add(f"{where}, {mode}, K = {count}{goal}", *ratio)
            times |= {f"{where}, {_named(name)}: ms a step": numbers for name, numbers in found.items()}
    table.rows |= times
    return table


def _against_loop(case: Case, counts: tuple[int, ...], turns: Turns) -> dict[str, list[float]]:
    loop = Loop(ready(case.experiment(1, "exact")))
    return in_turn({LOOP: loop.step, **_engines(case, counts)}, turns.rounds, turns.seconds, turns.least)


def _against_one(case: Case, counts: tuple[int, ...], rounds: int, seconds: float) -> dict[str, list[float]]:
    return in_turn(_engines(case, counts), rounds, seconds)


def _engines(case: Case, counts: tuple[int, ...]) -> dict[str, Callable[[], object]]:
    """Return the steps of all modes and counts, without those that cannot be compiled."""
    steps: dict[str, Callable[[], object]] = {}
    for mode in MODES:
        for count in counts:
            with suppress(NoProgramError):
                steps[f"{mode} {count}"] = ready(case.experiment(count, mode)).advance
    return steps


def _without(what: str) -> str:
    return f"{what}, fast: left out, no program could be compiled."


def _named(variant: str) -> str:
    """Return the name of a variant in the rows."""
    if variant == LOOP:
        return "the loop"
    mode, count = variant.split()
    return f"K = {count}, {mode}"
