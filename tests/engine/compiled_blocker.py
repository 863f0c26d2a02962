"""Takes the optional room ``engine.compiled`` away from a process, as if its folder were not there.

``LOSS_GEOMETRY_WITHOUT_COMPILED=1 pytest tests`` runs the tests that way (``tests/conftest.py``).
"""

import sys
from importlib.abc import MetaPathFinder

ROOM = "engine.compiled"


class Blocker(MetaPathFinder):
    """Finds no module of the room, and keeps others from finding it."""

    def find_spec(self, name, path=None, target=None):
        if name == ROOM or name.startswith(f"{ROOM}."):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def block():
    """Take the room away, before anything of it is loaded."""
    assert ROOM not in sys.modules, "the room is loaded already"
    sys.meta_path.insert(0, Blocker())
