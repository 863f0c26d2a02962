"""``loss-geometry presets``: train the runs that the app opens with."""

import argparse
from pathlib import Path

from app import presets
from app.cli.commands.train import train_into
from engine.recording.file_format import SUFFIX
from spec import Refusal


def run(options: argparse.Namespace) -> int:
    """Train every preset on the CPU, so that its recording is the same wherever it is made; return the status."""
    if options.out == "":
        raise Refusal("cli.wrong.folder", option="--out")
    folder = presets.FOLDER if options.out is None else Path(options.out)
    for preset in presets.PRESETS:
        path = folder / f"{preset.slug}{SUFFIX}"
        path.unlink(missing_ok=True)
        if status := train_into(path, preset.experiment, "cpu", options.language):
            return status
    return 0
