"""A description of the machine, which goes with every measurement."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch


def machine() -> dict[str, Any]:
    """Return processor, cores that this process may use, load, and versions."""
    return {
        "processor": _processor(),
        "cores": torch.multiprocessing.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "system": platform.system(),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "commit": _commit(),
    }


def sentence(described: dict[str, Any]) -> str:
    """Return the description as one line under a table."""
    gpu = f", {described['gpu']}" if described["gpu"] else ""
    return (
        f"{described['processor']}, {described['cores']} cores{gpu}, load {described['load']}; "
        f"Python {described['python']}, torch {described['torch']}, {described['system']}; {described['date']}, commit "
        f"{described['commit']}."
    )


def _commit() -> str:
    """Return the commit, with a + if files have changed since, or ``unknown`` without Git."""
    command = ["git", "describe", "--always", "--abbrev=9", "--dirty=+", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
