"""What the recipes for real images reach (engine/recipes.py), per seed.

python -m benchmarks.images [--recipe mnist_cnn] [--seeds 3] [--device cpu]
"""

import argparse
import time

from benchmarks.report import Table
from engine import Trainer
from engine.recipes import RECIPES
from engine.threads import spared


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--recipe", choices=RECIPES, default="mnist_cnn")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    recipe = RECIPES[given.recipe]
    table = Table(f"images_{given.recipe}", f"The recipe {given.recipe}", "test accuracy")
    for seed in range(given.seeds):
        trainer = Trainer(recipe.model_copy(update={"seed": seed}), device=given.device)
        began = time.perf_counter()
        with spared():
            while not trainer.finished:
                trainer.advance(100)
            seconds = time.perf_counter() - began
            frame = trainer.frame()
        for panel, seen in zip(recipe.panels, frame.panels, strict=True):
            table.add(panel.loss, seen.test_accuracy)
        accuracies = ", ".join(f"{panel.test_accuracy:.4f}" for panel in frame.panels)
        table.notes.append(
            f"Seed {seed}: {accuracies} after {trainer.step} steps in {seconds:.0f} s ({trainer.stage})."
        )
        print(table.notes[-1], flush=True)
    table.write()


if __name__ == "__main__":
    main()
