"""The accuracy of the recipes for real images (engine/config/recipes.py), for several seeds.

python -m benchmarks.images [--recipe mnist_cnn] [--seeds 3] [--device cpu] [--threads 2]
"""

import argparse
import time

import torch
from tqdm import tqdm

from benchmarks.report import Table
from engine import Frame, Trainer
from engine.config.recipes import RECIPES
from engine.machine.threads import spare

#: How often the accuracy is measured, including the end.
LOOKS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--recipe", choices=RECIPES, default="mnist_cnn")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=spare(), help="threads to compute with; one core is left free")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    recipe = RECIPES[given.recipe]
    where = f"{given.threads} threads" if given.device == "cpu" else given.device
    table = Table(f"images_{given.recipe}", f"The recipe {given.recipe}", "test accuracy")
    for seed in range(given.seeds):
        trainer = Trainer(recipe.model_copy(update={"seed": seed}), device=given.device)
        seconds, looks = _trained(trainer, f"seed {seed}")
        for panel, seen in zip(recipe.panels, looks[-1].panels, strict=True):
            table.add(panel.loss, seen.test_accuracy)
        table.notes.append(
            f"Seed {seed}: {'; '.join(_accuracies(frame) for frame in looks)} after each fifth of {trainer.step} steps "
            f"in {seconds:.0f} s ({trainer.stage}, {trainer.stepper.precision}, {where})."
        )
        print(table.notes[-1], flush=True)
    table.write()


def _trained(trainer: Trainer, what: str) -> tuple[float, list[Frame]]:
    """Train to the end; return the seconds of the steps, and the frames at each look."""
    total = trainer.experiment.steps
    seconds, looks = 0.0, []
    with tqdm(total=total, desc=what, unit="step") as bar:
        for look in range(1, LOOKS + 1):
            began = time.perf_counter()
            while trainer.step < (goal := total * look // LOOKS) and not trainer.finished:
                trainer.advance(min(100, goal - trainer.step))
                bar.update(trainer.step - bar.n)
            if trainer.device.type == "cuda":
                torch.cuda.synchronize()
            seconds += time.perf_counter() - began
            looks.append(trainer.frame())
            bar.set_postfix_str(_accuracies(looks[-1]))
    return seconds, looks


def _accuracies(frame: Frame) -> str:
    return ", ".join(f"{panel.test_accuracy:.4f}" for panel in frame.panels)


if __name__ == "__main__":
    main()
