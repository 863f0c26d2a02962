"""The runs that the app opens with: experiments whose recordings come along."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine import Experiment, Panel

#: Where their recordings lie: ``<slug>.lossgeo``.
FOLDER = Path(__file__).parent / "presets"


@dataclass(frozen=True)
class Preset:
    """An experiment worth looking at first; its title and story stand under ``ui.preset.<slug>``."""

    slug: str
    experiment: Experiment

    @property
    def file(self) -> Path:
        """Where its recording lies, if it was made."""
        return FOLDER / f"{self.slug}.lossgeo"


def _of(*panels: Panel, dim: int = 2) -> Experiment:
    # fewer points and frames than the default, since these recordings come along with the program
    return Experiment.parse({"panels": panels, "dim": dim, "points": 1000, "steps_per_frame": 6})


#: The first one is what an empty link shows.
PRESETS: Sequence[Preset] = (
    Preset("petals", _of(Panel(loss="softmax"), Panel(loss="arcface"))),
    Preset("clusters", _of(Panel(loss="contrastive"), Panel(loss="center"))),
    Preset("focus", _of(Panel(loss="softmax"), Panel(loss="focal"))),
    Preset(
        "sphere",
        # on the sphere ten classes have room for twice the margin of the plane (losses.md, section 0.6)
        _of(Panel(loss="cosface", knobs={"margin": 0.4}), Panel(loss="arcface", knobs={"margin": 0.6}), dim=3),
    ),
)
