"""Which steps of a run have a checkpoint, and how much a recording may hold."""

import math

from engine.training.trainer import Trainer

#: A recording ends here, so that a run that is left alone does not fill the disk.
LIMIT_MIB = 2048

#: Share of it that the checkpoints of a run may take: those of large nets come less often.
_SHARE = 0.25

#: Steps between two checkpoints at least: a fork trains at most so many steps again, a second or so of a small net.
_EVERY = 100

#: Bytes of a checkpoint at most; SQLite takes up to 1e9 at once. Without one a run plays, but cannot be forked.
_LARGEST = 2**29


def checkpoint_of(trainer: Trainer) -> bytes | None:
    """Return a trainer's checkpoint, or ``None`` where it would be too large to be kept."""
    return trainer.checkpoint() if trainer.checkpoint_size <= _LARGEST else None


def steps_between(trainer: Trainer) -> int:
    """Return how many steps of a run lie between two checkpoints."""
    room = _SHARE * LIMIT_MIB * 2**20
    return max(_EVERY, math.ceil(trainer.horizon * trainer.checkpoint_size / room))
