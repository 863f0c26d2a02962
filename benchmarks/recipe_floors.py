"""How low may a trained accuracy be, on whatever processor and with whatever seed, before something is broken?

Called by ``python -m benchmarks.recipes --floors``; writes ``benchmarks/results/recipes_floors.json``, which
``tests/engine/training/test_recipes.py`` reads. Processors differ in the last digits of a sum, and training multiplies
that difference, so every row is trained under three instruction sets and several seeds. A run is a process of its own,
as the libraries choose their instructions when they are loaded; it trains all rows at once, as panels of one
experiment. Runs that the file already has are not repeated.
"""

import json
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch

from engine import Experiment, Trainer
from losses import OURS

FILE = Path(__file__).parent / "results" / "recipes_floors.json"

#: What tells PyTorch, oneDNN and MKL which instructions to use at most; ``native`` is what the processor has.
INSTRUCTION_SETS: Mapping[str, Mapping[str, str]] = {
    "native": {},
    "avx2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_CBWR": "AVX2"},
    "sse": {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_CBWR": "COMPATIBLE"},
}

#: Steps of a run: half of an experiment's default, which is as good at showing that something is broken.
STEPS = 330

#: The name of a loss as it stands, beside the names of its settings.
DEFAULT = "default"

#: Settings that are trained in space as well: those with which classes merge in the plane.
IN_SPACE = {("cosface", "paper"), ("combined_margin", "paper"), ("n_pair", "paper")}

#: How many seeds a row has, and from which deviation of its accuracies on it has so many.
SEEDS = ((2, 0.0), (3, 0.005), (5, 0.01))

#: A floor lies this many deviations below the mean, but ``LEAST`` below the mean and ``BELOW`` below every run at
#: least: a deviation of a few runs may come out too small.
DEVIATIONS, LEAST, BELOW = 4, 0.03, 0.01

Row = tuple[str, str]


def rows(dim: int) -> list[Row]:
    """Return what is trained: (loss, setting), each loss first as it stands."""
    every = [(slug, name) for slug, cls in OURS.items() for name in (DEFAULT, *(each.slug for each in cls.settings))]
    return [row for row in every if dim == 2 or row[1] == DEFAULT or row in IN_SPACE]


def experiment(dim: int, panel_rows: list[Row], seed: int = 0) -> Experiment:
    """Return the experiment that trains rows side by side, on the digits with the small net."""
    settings = {(slug, each.slug): each.knobs for slug, cls in OURS.items() for each in cls.settings}
    panels = [{"loss": slug, "knobs": settings.get((slug, name), {})} for slug, name in panel_rows]
    return Experiment.parse({"dim": dim, "steps": STEPS, "panels": panels, "seed": seed})


def floor(accuracies: list[float]) -> float:
    """Return the floor of a row's accuracies: below every run, and well below the mean."""
    mean, deviation = statistics.mean(accuracies), statistics.stdev(accuracies)
    return max(0.0, round(min(min(accuracies) - BELOW, mean - max(LEAST, DEVIATIONS * deviation)), 4))


def measure(losses: list[str]) -> None:
    """Train what the file lacks of these losses, and write it."""
    document = json.loads(FILE.read_text("utf-8")) if FILE.is_file() else {}
    catalogue = set(rows(2)) | set(rows(3))
    document = {  # what is no longer in the catalogue goes
        slug: {
            dim: {name: entry for name, entry in each.items() if (slug, name) in catalogue}
            for dim, each in document.get(slug, {}).items()
        }
        for slug in OURS
    }
    for seeds, above in SEEDS:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for dim, seed, instructions, accuracies in pool.map(_train, list(_jobs(document, losses, seeds, above))):
                for (slug, name), (accuracy, separation) in accuracies.items():
                    entry = document[slug].setdefault(str(dim), {}).setdefault(name, {"runs": {}})
                    entry["runs"][f"{instructions} {seed}"] = [round(accuracy, 4), round(separation, 3)]
                FILE.write_text(_text(_summary(document)), encoding="utf-8")
                print(f"dim {dim}, seed {seed}, {instructions}: {len(accuracies)} rows", flush=True)
    for slug, dims in _summary(document).items():
        for dim, entries in dims.items():
            for name, entry in entries.items():
                print(f"{slug}: {name}, {dim}: " + ", ".join(f"{k} {v}" for k, v in entry.items() if k != "runs"))


def _jobs(
    document: dict[str, Any], losses: list[str], seeds: int, above: float
) -> Iterator[tuple[int, int, str, list[Row]]]:
    """Yield (dim, seed, instruction set, rows) of the missing runs of rows that deviate by at least ``above``."""
    for dim in (2, 3):
        entries = {row: document[row[0]].get(str(dim), {}).get(row[1], {"runs": {}}) for row in rows(dim)}
        entries = {row: each for row, each in entries.items() if _deviation(each) >= above}
        for seed in range(seeds):
            for instructions in INSTRUCTION_SETS:
                panel_rows = [
                    row
                    for row, each in entries.items()
                    if row[0] in losses and f"{instructions} {seed}" not in each["runs"]
                ]
                if panel_rows:
                    yield dim, seed, instructions, panel_rows


def _deviation(entry: dict[str, Any]) -> float:
    accuracies = [accuracy for accuracy, _ in entry["runs"].values()]
    return statistics.stdev(accuracies) if len(accuracies) > 1 else 0.0


def _summary(document: dict[str, Any]) -> dict[str, Any]:
    """Return loss -> dim -> setting -> the floor and what it comes from; ``runs`` has (accuracy, separation)."""
    summary: dict[str, Any] = {}
    for slug, dims in document.items():
        for dim, entries in dims.items():
            for name, entry in entries.items():
                accuracies = [accuracy for accuracy, _ in entry["runs"].values()]
                if len(accuracies) < 2:
                    lowest = mean = deviation = floor_ = None
                else:
                    lowest, mean = min(accuracies), round(statistics.mean(accuracies), 4)
                    deviation, floor_ = round(statistics.stdev(accuracies), 4), floor(accuracies)
                summary.setdefault(slug, {}).setdefault(dim, {})[name] = {
                    "floor": floor_,
                    "seeds": len({key.split()[1] for key in entry["runs"]}),
                    "minimum": lowest,
                    "mean": mean,
                    "deviation": deviation,
                    "separation": min(separation for _, separation in entry["runs"].values()),
                    "runs": dict(sorted(entry["runs"].items())),
                }
    return summary


def _text(summary: dict[str, Any]) -> str:
    """Return JSON with the two numbers of a run on one line."""
    return re.sub(r"\[\s+([^\s,]+),\s+([^\s\]]+)\s+\]", r"[\1, \2]", json.dumps(summary, indent=1)) + "\n"


def _train(job: tuple[int, int, str, list[Row]]) -> tuple[int, int, str, dict[Row, tuple[float, float]]]:
    """Train rows in a process of their own, under an instruction set."""
    dim, seed, instructions, panel_rows = job
    question = json.dumps({"dim": dim, "seed": seed, "rows": panel_rows})
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.recipe_floors", question],
        env=dict(os.environ) | dict(INSTRUCTION_SETS[instructions]),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return dim, seed, instructions, dict(zip(panel_rows, json.loads(process.stdout), strict=True))


def _answer(dim: int, seed: int, panel_rows: list[Row]) -> None:
    """Print (accuracy, separation) of each row: the body of the process."""
    torch.set_num_threads(1)
    trainer = Trainer(experiment(dim, panel_rows, seed))
    while not trainer.finished:
        trainer.advance()
    panels = trainer.frame().panels
    print(json.dumps([(p.test_accuracy, p.metrics["smallest_distance"] / p.metrics["spread"]) for p in panels]))


if __name__ == "__main__":
    question = json.loads(sys.argv[1])
    _answer(question["dim"], question["seed"], [(slug, name) for slug, name in question["rows"]])
