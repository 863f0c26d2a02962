"""``loss-geometry nets``: list the nets and their knobs."""

import argparse

from app.cli.knob_lines import NAME_COLUMNS, print_knob
from app.cli.terminal import pad
from engine.nets import NETS, net_idea, net_title


def run(options: argparse.Namespace) -> int:
    """Print each net with what it is and its knobs."""
    language = options.language
    for slug, net in NETS.items():
        print(f"{pad(slug, NAME_COLUMNS)}{net_title(net, language)}: {net_idea(net, language)}")
        for knob in net.knobs():
            print_knob(knob, f"nets.{slug}", language)
    return 0
