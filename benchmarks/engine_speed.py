"""The engine against the loop one would write instead, and what more panels cost.

``speed``: both in turn in one process, K panels of the engine against K runs of the loop, one after another.
``panels``: K panels against one panel, on one thread and on two.
"""

from collections.abc import Callable
from contextlib import suppress

from benchmarks.apart import apart
from benchmarks.engine_cases import LEAST, Case, NoProgramError, in_turn, ratios, ready
from benchmarks.engine_loop import Loop
from benchmarks.report import Table

MODES = ("exact", "fast")
LOOP = "loop"

#: How many times as fast as the loop the engine is to be.
TARGETS = {
    ("mlp", 128, 1, "exact"): 2.0,
    ("mlp", 128, 8, "exact"): 3.5,
    ("mlp", 128, 1, "fast"): 5.0,
    ("mlp", 128, 8, "fast"): 8.0,
    ("lenet_pp", 128, 1, "fast"): 1.5,
}

#: What so many panels may cost at most, in terms of one: by net, panels, mode and threads.
COSTS = {("cnn", 8, "fast", 2): 3.5}


def speed(quick: bool) -> Table:
    """Measure the engine against the loop."""
    table = Table("engine_speed", "The engine against a DataLoader, a module, ArcFaceLoss and Adam", "ArcFace, Adam")
    table.notes = [
        "The loop has the same net, samples and batch size, pytorch-metric-learning's ArcFaceLoss and a DataLoader of "
        "float32 samples; it neither clips gradients nor keeps losses, the engine does both. They train on one thread, "
        "in turn in one process, each some steps a round. Times as fast: K x the loop's time for a step / the "
        "engine's time for a step of K panels, round by round. The fast mode is measured once it has its program. "
        "Panels: time for a step of K panels / for a step of one.",
        "lenet_pp: three rounds of a single step each, which takes up to a minute and a half.",
    ]
    sets = (("mlp", "digits"), ("cnn", "mnist"), ("lenet_pp", "mnist"))
    cases = [Case(net, data, batch) for net, data in sets for batch in (128, 512)]
    times: dict[str, list[float]] = {}
    costs: dict[str, list[float]] = {}
    for case in cases[::2] if quick else cases:
        if case.missing:
            table.notes.append(case.missing)
            continue
        large = case.net == "lenet_pp"
        counts = (1,) if large and quick else (1, 8) if quick else (1, 8, 32)
        rounds, seconds = (2, 0.05) if quick else (3, 0.25) if large else (9, 0.25)
        found = apart(1, _against_loop, case, counts, rounds, seconds, 1 if large else LEAST)
        for count in counts:
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
        times |= {f"{case}, {_named(name)}: ms a step": numbers for name, numbers in found.items()}
    table.rows |= costs | times
    return table


def panels(quick: bool) -> Table:
    """Measure what K panels cost."""
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


def _against_loop(
    case: Case, counts: tuple[int, ...], rounds: int, seconds: float, least: int
) -> dict[str, list[float]]:
    loop = Loop(ready(case.experiment(1, "exact")))
    return in_turn({LOOP: loop.step, **_engines(case, counts)}, rounds, seconds, least)


def _against_one(case: Case, counts: tuple[int, ...], rounds: int, seconds: float) -> dict[str, list[float]]:
    return in_turn(_engines(case, counts), rounds, seconds)


def _engines(case: Case, counts: tuple[int, ...]) -> dict[str, Callable[[], object]]:
    """Return the steps of all modes and counts, but for those that the compiler cannot make."""
    steps: dict[str, Callable[[], object]] = {}
    for mode in MODES:
        for count in counts:
            with suppress(NoProgramError):
                steps[f"{mode} {count}"] = ready(case.experiment(count, mode)).advance
    return steps


def _without(what: str) -> str:
    return f"{what}, fast: left out, no program could be compiled."


def _named(variant: str) -> str:
    """Write a variant as the rows have it."""
    if variant == LOOP:
        return "the loop"
    mode, count = variant.split()
    return f"K = {count}, {mode}"
