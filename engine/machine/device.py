"""The device that trains, by its name."""

import torch

from spec import Refusal


def device_of(name: str) -> torch.device:
    """Return a device of this machine by its name; raise ``Refusal`` where it has no such device."""
    kinds = ["cpu", *["cuda"] * torch.cuda.is_available(), *["mps"] * torch.backends.mps.is_available()]
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    if device is None or device.type not in kinds or device.index:  # streams and graphs are those of the first
        raise Refusal("data.device", value=repr(name)[:40], allowed=", ".join(kinds))
    return device
