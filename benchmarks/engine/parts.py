"""The gain of computing large nets in parts that fit into the cache: in parts, all at once, and the loop."""

from unittest.mock import patch

from benchmarks.apart import apart
from benchmarks.engine.cases import Case, in_turn, ratios, ready
from benchmarks.engine.loop import Loop
from benchmarks.report import Table
from engine.compiled.parts import panels_per_part

COUNT = 32
#: The cases, each with its rounds and the seconds of a round.
CASES = (
    (Case("cnn", "mnist", 128), 9, 0.5),
    (Case("cnn", "mnist", 512), 5, 0.5),
    (Case("lenet_pp", "mnist", 128), 3, 0),
)


def parts(quick: bool) -> Table:
    """Measure steps of 32 panels in parts and all at once."""
    table = Table("engine_parts", f"{COUNT} panels of large nets, in parts and all at once", "ArcFace, fast mode")
    table.notes = [
        "One thread; all variants in turn in one process, a process for each net and batch. Times as fast as the loop: "
        f"{COUNT} x the loop's time for a step / the engine's time for a step of {COUNT} panels, round by round.",
    ]
    for case, rounds, seconds in CASES[:: 3 if quick else 1]:
        if case.missing:
            table.notes.append(case.missing)
            continue
        size, found = apart(1, _measured, case, 2 if quick else rounds, seconds)
        for name, times in found.items():
            if name != "loop":
                said = f"in parts of {size}" if name == "parts" else "all at once"
                table.add(f"{case}, {said}: times as fast as the loop", *ratios(found["loop"], times, times=COUNT))
                table.add(f"{case}, {said}: ms a step", *times)
        table.add(f"{case}: all at once / in parts", *ratios(found["whole"], found["parts"]))
    return table


def _measured(case: Case, rounds: int, seconds: float) -> tuple[int, dict[str, list[float]]]:
    """Return the panels of a part, and milliseconds a step of the loop, in parts and all at once."""
    loop = Loop(ready(case.experiment(1, "exact")))
    apiece = ready(case.experiment(COUNT, "fast"))
    with patch("engine.compiled.parts.ROOM", 2**50):
        whole = ready(case.experiment(COUNT, "fast"))
    steps = {"loop": loop.step, "parts": apiece.advance, "whole": whole.advance}
    return panels_per_part(apiece.train_state), in_turn(steps, rounds, seconds, 1)
