"""The device on which the command line trains."""

import os

import torch

from engine.running.worker import choose_device
from spec import Refusal

#: The environment variable that names the device, for the app and for the command line.
VARIABLE = "LOSS_GEOMETRY_DEVICE"

_AUTO = "auto"


def resolve_device(name: str | None = None) -> str:
    """Return the device of this name, else the one that the environment names, else a GPU by NVIDIA or the CPU.

    Raises ``Refusal`` where this machine does not have it.
    """
    name = name or os.environ.get(VARIABLE) or _AUTO
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    allowed = (_AUTO, "cpu", *(device for device, is_present in present.items() if is_present))
    if name not in allowed:
        raise Refusal("cli.wrong.device", value=repr(name[:40]), allowed=", ".join(allowed))
    return choose_device(name)
