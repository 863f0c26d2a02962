"""``loss-geometry losses``: list the losses and their knobs."""

import argparse

from app.cli.knob_lines import NAME_COLUMNS, print_knob
from app.cli.terminal import pad
from losses import LOSSES, loss_title


def run(options: argparse.Namespace) -> int:
    """Print each loss with its source and its knobs."""
    language = options.language
    for slug, loss in LOSSES.items():
        cite = loss.cite
        print(f"{pad(slug, NAME_COLUMNS)}{loss_title(loss, language)}: {cite.authors}, {cite.year}, {cite.where}")
        for knob in loss.knobs():
            print_knob(knob, f"losses.{slug}", language)
    return 0
