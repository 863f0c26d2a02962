"""The runs that the app opens with: experiments whose recordings come with the program."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine import Experiment, Panel

#: The folder of their recordings, ``<slug>.lossgeo``.
FOLDER = Path(__file__).parent / "presets"


@dataclass(frozen=True)
class Preset:
    """An experiment to look at first; its title and story are the texts ``ui.preset.<slug>``."""

    slug: str
    experiment: Experiment

    @property
    def file(self) -> Path:
        """The path of its recording, which `loss-geometry presets` writes."""
        return FOLDER / f"{self.slug}.lossgeo"


def _experiment(*panels: Panel, dim: int = 2) -> Experiment:
    # fewer points and frames than the default keep the recordings small
    return Experiment.parse({"panels": panels, "dim": dim, "points": 1000, "steps_per_frame": 6})


#: The presets; an empty link shows the first one.
PRESETS: Sequence[Preset] = (
    Preset("petals", _experiment(Panel(loss="softmax"), Panel(loss="arcface"))),
    Preset("clusters", _experiment(Panel(loss="contrastive"), Panel(loss="center"))),
    Preset("focus", _experiment(Panel(loss="softmax"), Panel(loss="focal"))),
    Preset(
        "sphere",
        # on the sphere ten classes have room for twice the margin of the plane (losses.md, section 0.6)
        _experiment(Panel(loss="cosface", knobs={"margin": 0.4}), Panel(loss="arcface", knobs={"margin": 0.6}), dim=3),
    ),
)
