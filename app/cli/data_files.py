"""Data sets on this computer: whether one is here, and which one a name or a path means."""

import os
from pathlib import Path

from spec import Message, Refusal
from toy_data import DATA_SETS, VARIABLE, folder
from toy_data.public_sets import SOURCES
from toy_data.user_data import Own, at_hand, check_name

#: Names of the user's files that one line shows.
_MOST_NAMES = 5


def describe_availability(slug: str) -> Message:
    """Say whether a data set is here or how to get it, without reading its files."""
    if slug == Own.slug:
        names = at_hand()
        listed = ", ".join(names[:_MOST_NAMES]) + (", ..." if len(names) > _MOST_NAMES else "")
        return Message.of("cli.data.own", names=listed) if names else Message.of("data.own_none", variable=VARIABLE)
    if slug in SOURCES:
        try:
            folder.find(slug)
        except Refusal as refusal:
            return refusal.message
        return Message.of("cli.data.files", slug=slug)
    return Message.of("cli.data.ready")


def locate_data(name: str) -> tuple[str, str | None]:
    """Return the data set that a name means, and the name of the file where it is one of the user's own.

    ``name`` is a data set, a path, or the name of a file in the data folder. An experiment names a file without its
    path, so that a recording or a link cannot point elsewhere; the folder of a path is therefore added to the folders
    in which this process looks for files. Raises ``Refusal`` for anything else.
    """
    if name in DATA_SETS:
        return name, None
    path = Path(name)
    if name and _exists(path):
        path = path.resolve()
        check_name(path.name)
        if unusable := [part for part in path.parent.parts if os.pathsep in part]:
            values = {"folder": repr(unusable[-1]), "sign": repr(os.pathsep), "file": path.name, "variable": VARIABLE}
            raise Refusal("data.own_parted", **values)
        os.environ[VARIABLE] = os.pathsep.join(filter(None, (str(path.parent), os.environ.get(VARIABLE))))
        return Own.slug, path.name
    if name in at_hand():
        check_name(name)
        return Own.slug, name
    raise Refusal("data.check_unknown", name=repr(name[:40]), allowed=", ".join(DATA_SETS))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # the name is too long for a file
        return False
