"""The way from the page's scripts to the trainer: one client for the whole server."""

from app.presets import FOLDER
from engine.recording.library import runs_folder
from engine.running.client import Client
from spec import Refusal

_open: list[Client] = []


def make_client(device: str = "auto") -> Client:
    """Make the client for the folder of the runs; the presets stand beside it."""
    return Client([runs_folder(), FOLDER], device)


def set_trainer_client(client: Client | None) -> None:
    """Say which client the scripts of this process use."""
    _open[:] = [] if client is None else [client]


def trainer_client() -> Client:
    """Return the server's client; raise ``Refusal`` where the page runs without its server."""
    if not _open:
        raise Refusal("server.not_served")
    return _open[0]
