"""The trainer's client, which pages and routes share: one for the whole server process."""

from app.presets import FOLDER
from engine.recording.library import runs_folder
from engine.running.client import Client
from spec import Refusal

#: The client in use; empty where no server runs.
_clients: list[Client] = []


def make_client(device: str = "auto") -> Client:
    """Make a client for the folder of the runs and, beside it, the folder of the presets."""
    return Client([runs_folder(), FOLDER], device)


def set_trainer_client(client: Client | None) -> None:
    """Set the client that ``trainer_client`` returns; ``None`` takes it away."""
    _clients[:] = [] if client is None else [client]


def trainer_client() -> Client:
    """Return the server's client; raise ``Refusal`` where the page runs without its server."""
    if not _clients:
        raise Refusal("server.not_served")
    return _clients[0]
