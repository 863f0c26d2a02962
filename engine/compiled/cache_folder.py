"""The folder in which PyTorch keeps compiled programs, so that the next process finds them."""

import logging
import os
from pathlib import Path
from tempfile import TemporaryFile

import torch

from engine.machine.data_folder import data_folder

_LOG = logging.getLogger(__name__)

_VARIABLE = "TORCHINDUCTOR_CACHE_DIR"


def choose() -> None:
    """Choose the folder, unless its variable is set; before PyTorch's compiler is loaded, which tracing does too.

    There is one for each instruction set: PyTorch's cache does not tell them apart, and a program compiled for another
    one crashes. Where the folder cannot be written, PyTorch chooses one for temporary files.
    """
    instructions = torch.backends.cpu.get_cpu_capability().lower()
    folder = os.environ.setdefault(_VARIABLE, str(data_folder() / "loss-geometry" / "compiled" / instructions))
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return
    except OSError as error:
        del os.environ[_VARIABLE]
        _LOG.warning("Compiled programs cannot be kept in %s: %s", folder, error.strerror)


def mark(fingerprint: str) -> Path | None:
    """Return the file that says that a program is in the folder, by the program's hash; ``None`` without a folder."""
    folder = os.environ.get(_VARIABLE)
    return None if folder is None else Path(folder) / f"{fingerprint}.compiled"
