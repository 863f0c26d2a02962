"""``loss-geometry serve``: start the app."""

import argparse
from pathlib import Path

from app.cli import launch
from spec import Refusal


def run(options: argparse.Namespace) -> int:
    """Become the server."""
    port = int(launch.PORT.check(options.port))
    if options.runs == "":
        raise Refusal("cli.wrong.folder", option="--runs")
    return launch.serve(options.host, port, None if options.runs is None else Path(options.runs))
