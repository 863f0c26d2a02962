"""Test accuracy of every loss with its defaults and its settings, on the digits, in the plane and in space.

    python -m benchmarks.recipes [--dim 2 3] [--seeds 10] [--setting-seeds 3] [--losses arcface softmax]
    python -m benchmarks.recipes --floors [--losses arcface softmax]

Prints a table, writes ``benchmarks/results/recipes.{md,json}`` (``recipes_3d`` in space), and writes the table of
``docs/recipes.md`` from both. The test set is the data set's own split. Seconds are processor time of all training
steps, without frames. Losses that are not named keep their earlier results.
``--floors`` measures instead how low a trained accuracy may be: ``benchmarks/recipe_floors.py``.
"""

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks import recipe_floors
from benchmarks.machine import machine, sentence
from engine import Experiment, Panel, Trainer
from losses import LOSSES

RESULTS = Path(__file__).parent / "results"
NAMES = {2: "recipes", 3: "recipes_3d"}
WHERE = {2: "the plane", 3: "space"}
PAGE = Path(__file__).parents[1] / "docs" / "recipes.md"
TABLE = ("<!-- written by python -m benchmarks.recipes -->", "<!-- to here -->")
TARGET, SECONDS = 0.93, 15.0  # accuracy and seconds that defaults must reach in nine seeds of ten ...
TARGETS = {"arcface": (0.95, 10.0), "softmax": (0.92, 10.0)}  # ... and the same for what a newcomer sees first


def entries(losses: list[str]) -> list[tuple[str, Panel]]:
    """Return the panels to train with the names of their rows: each loss with its defaults, then its settings."""
    panels = []
    for slug in losses:
        panels.append((slug, Panel(loss=slug)))
        panels += [(f"{slug}: {each.slug}", Panel(loss=slug, knobs=each.knobs)) for each in LOSSES[slug].settings]
    return panels


def run(panel: Panel, seed: int, dim: int) -> dict[str, Any]:
    trainer = Trainer(Experiment.parse({"panels": [panel.model_dump()], "seed": seed, "dim": dim}))
    start = time.process_time()
    while not trainer.finished:
        trainer.advance()
    seconds = time.process_time() - start
    last = trainer.frame().panels[0]
    return {
        "seed": seed,
        "accuracy": last.test_accuracy,
        "train_accuracy": last.train_accuracy,
        "seconds": seconds,
        "separation": last.metrics["smallest_distance"] / last.metrics["spread"],
        "angle": last.metrics["smallest_angle"],
        "stopped": last.stopped is not None,
    }


def row(name: str, runs: list[dict[str, Any]]) -> str:
    accuracies, seconds = [each["accuracy"] for each in runs], [each["seconds"] for each in runs]
    separation, angle = (statistics.median(each[key] for each in runs) for key in ("separation", "angle"))
    least, longest = TARGETS.get(name, (TARGET, SECONDS))
    good = sum(each["accuracy"] >= least and each["seconds"] <= longest for each in runs)
    met = "-" if ":" in name else f"{good} of {len(runs)} (≥ {least:.2f} in {longest:.0f} s)"
    return (
        f"| {name} | {len(runs)} | {statistics.median(accuracies):.3f} | {min(accuracies):.3f} | {max(accuracies):.3f} "
        f"| {separation:.1f} | {angle:.2f} | {statistics.median(seconds):.1f} | {max(seconds):.1f} | {met} |"
    )


def page() -> None:
    """Write the results that exist into docs/recipes.md."""
    files = {dim: RESULTS / f"{name}.json" for dim, name in NAMES.items()}
    runs = {dim: json.loads(path.read_text("utf-8"))["runs"] for dim, path in files.items() if path.is_file()}
    lines = ["", "| loss | " + " | ".join(f"{WHERE[dim]}, median | lowest | n" for dim in runs) + " |"]
    lines.append("|---" * (1 + 3 * len(runs)) + "|")
    for name in dict.fromkeys(name for each in runs.values() for name in each):
        cells = []
        for each in runs.values():
            accuracies = [one["accuracy"] for one in each.get(name, [])]
            cells += [f"{statistics.median(accuracies):.3f}", f"{min(accuracies):.3f}"] if accuracies else ["", ""]
            cells.append(str(len(accuracies)))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    before, _, rest = PAGE.read_text("utf-8").partition(TABLE[0])
    after = rest.partition(TABLE[1])[2]
    PAGE.write_text(before + "\n".join([TABLE[0], *lines, "", TABLE[1]]) + after, encoding="utf-8")


def measure(dim: int, losses: list[str], seeds: int, setting_seeds: int) -> None:
    description = machine()
    head = Experiment(panels=(Panel(loss="softmax"),))  # for the defaults of everything else
    lines = [
        f"# Losses as they stand, and their settings, on digits in {WHERE[dim]}",
        "",
        f"Net {head.net}, {head.steps} steps of {head.batch} samples; n seeds; test accuracy on 360 digits (one digit "
        "is 0.003). The seed sets the start and the order of batches; the split is fixed. Separation: smallest "
        "distance of two class means over the mean distance to the own one (training); angle: the smallest between "
        "the directions of two class means (radians). Seconds of the processor, on one thread.",
        "",
        "| loss | n | accuracy, median | lowest | highest | separation | angle | seconds | longest | target met |",
        "|---" * 10 + "|",
    ]
    print("\n".join(lines), flush=True)
    RESULTS.mkdir(exist_ok=True)
    out = RESULTS / NAMES[dim]
    file = out.with_suffix(".json")
    results = json.loads(file.read_text("utf-8"))["runs"] if file.is_file() else {}
    for name, panel in entries(losses):
        results[name] = [run(panel, seed, dim) for seed in range(setting_seeds if ":" in name else seeds)]
        print(row(name, results[name]), flush=True)
    results = {name: results[name] for name, _ in entries(list(LOSSES)) if name in results}
    lines += [*(row(name, runs) for name, runs in results.items()), "", sentence(description), ""]
    print(lines[-2])
    out.with_suffix(".md").write_text("\n".join(lines), encoding="utf-8")
    document = {"machine": description, "dim": dim, "target": TARGET, "targets": TARGETS, "runs": results}
    file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--losses", nargs="+", default=list(LOSSES), choices=list(LOSSES))
    parser.add_argument("--seeds", type=int, default=10, help="for each loss as it stands")
    parser.add_argument("--setting-seeds", type=int, default=3, help="for each setting")
    parser.add_argument("--dim", type=int, nargs="+", default=[2, 3], choices=(2, 3))
    parser.add_argument("--floors", action="store_true", help="measure the floors of the test instead")
    options = parser.parse_args()
    if options.floors:
        recipe_floors.measure(options.losses)
        return
    torch.set_num_threads(1)  # as the worker does on two cores: the other one is the server's
    for dim in options.dim:
        measure(dim, options.losses, options.seeds, options.setting_seeds)
    page()


if __name__ == "__main__":
    main()
