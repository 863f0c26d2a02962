"""The folder in which PyTorch keeps what it compiled, so that the next process finds it."""

import logging
import os
from pathlib import Path
from tempfile import TemporaryFile

from engine.machine.data_folder import data_folder

_LOG = logging.getLogger(__name__)

_NAMED = "TORCHINDUCTOR_CACHE_DIR"


def choose() -> None:
    """Name the folder, unless it has a name; before PyTorch's compiler is loaded, which tracing does as well.

    Where it cannot be written, PyTorch takes one that may be emptied.
    """
    folder = os.environ.setdefault(_NAMED, str(data_folder() / "loss-geometry" / "compiled"))
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return
    except OSError as error:
        del os.environ[_NAMED]
        _LOG.warning("What is compiled cannot be kept in %s: %s", folder, error.strerror)
