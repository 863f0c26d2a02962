"""Becoming the server. Imports nothing heavy: the process that is to be the server imports it all again."""

import os
import sys
from pathlib import Path


def serve(host: str = "127.0.0.1", port: int = 8501, runs: Path | None = None) -> int:
    """Become the server, from whatever working folder; does not return."""
    if runs is not None:
        os.environ["LOSS_GEOMETRY_RUNS"] = str(runs.absolute())
    command = [sys.executable, "-m", "streamlit", "run", str(Path(__file__).with_name("server.py").absolute())]
    os.execv(sys.executable, [*command, "--server.address", host, "--server.port", str(port)])
