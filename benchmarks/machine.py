"""Which machine a number was measured on: no measurement without it."""

import os
import platform
from pathlib import Path
from typing import Any

import torch


def machine() -> dict[str, Any]:
    """Describe the machine: processor, cores that this process may use, load, and versions."""
    return {
        "processor": _processor(),
        "cores": torch.multiprocessing.cpu_count(),
        "threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 1),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "system": platform.system(),
    }


def sentence(described: dict[str, Any]) -> str:
    """Write the description as one line under a table."""
    gpu = f", {described['gpu']}" if described["gpu"] else ""
    return (
        f"{described['processor']}, {described['cores']} cores ({described['threads']} threads used){gpu}, load "
        f"{described['load']}; Python {described['python']}, torch {described['torch']}, {described['system']}."
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
