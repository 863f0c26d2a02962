"""Starting the server. This module imports nothing heavy: the server's process imports everything again."""

import errno
import os
import socket
import sys
from pathlib import Path

from spec import Knob, Refusal

#: The port of the app.
PORT = Knob(name="port", kind="whole", default=8501, low=1, high=65535)

_RUNS_VARIABLE = "LOSS_GEOMETRY_RUNS"


def serve(host: str = "127.0.0.1", port: int = int(PORT.default), runs: Path | None = None) -> int:
    """Turn this process into the server; it does not return. The working folder does not matter.

    Raises ``Refusal`` where the folder of the recordings cannot be made, or the address cannot be listened on.
    """
    if runs is not None:
        os.environ[_RUNS_VARIABLE] = str(runs.absolute())
    _check_address(host, port)
    if folder := os.environ.get(_RUNS_VARIABLE):
        _make_folder(Path(folder))
    script = Path(__file__).absolute().parents[1] / "server" / "asgi.py"
    command = [sys.executable, "-m", "streamlit", "run", str(script)]
    os.execv(sys.executable, [*command, "--server.address", host, "--server.port", str(port)])


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        # `FileExistsError` means that a file of this name is there
        number = errno.ENOTDIR if isinstance(error, FileExistsError) else error.errno
        reason = os.strerror(number) if number else type(error).__name__
        raise Refusal("cli.serve.runs", folder=folder, reason=reason) from None


def _check_address(host: str, port: int) -> None:
    """Listen for a moment where the server will: its own complaint would be long, and in English alone."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET  # as Streamlit chooses
    try:
        address = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)[0][4]
    except (OSError, UnicodeError):
        raise Refusal("cli.serve.host", host=repr(host[:40])) from None
    try:
        with socket.socket(family) as probe:
            if os.name == "posix":  # elsewhere this option would let two servers share a port
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Refusal("cli.serve.busy", port=port) from None
        reason = error.strerror or type(error).__name__
        raise Refusal("cli.serve.address", host=host, port=port, reason=reason) from None
