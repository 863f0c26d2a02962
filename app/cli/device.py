"""On which device the command line trains."""

import os

import torch

from engine.running.worker import choose_device
from spec import Refusal

#: The environment variable that names the device, for the app and for the command line.
VARIABLE = "LOSS_GEOMETRY_DEVICE"

_AUTO = "auto"


def chosen(wanted: str | None = None) -> str:
    """Return the device that is wanted, or that the environment names, or the best one that is tried and tested.

    Raises ``Refusal`` where it is not here.
    """
    wanted = wanted or os.environ.get(VARIABLE) or _AUTO
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    allowed = (_AUTO, "cpu", *(name for name, is_there in there.items() if is_there))
    if wanted not in allowed:
        raise Refusal("cli.wrong.device", value=repr(wanted[:40]), allowed=", ".join(allowed))
    return choose_device(wanted)
