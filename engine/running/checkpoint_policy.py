"""At which steps a run has a checkpoint, and how large a recording may grow."""

import math

from engine.training.trainer import Trainer

#: MiB at which a live recording ends, so that a run nobody stops does not fill the disk.
MAX_MIB = 2048

#: Share of a recording for checkpoints: those of large nets come less often.
_SHARE = 0.25

#: Steps between two checkpoints at least. A fork trains at most so many steps again, about a second of a small net.
_MIN_STEPS = 100

#: Bytes of a checkpoint at most; SQLite stores at most 1e9 at once. A run without checkpoints plays, but has no forks.
MAX_CHECKPOINT = 2**29


def checkpoint_size(trainer: Trainer) -> int:
    """Return about how many bytes a checkpoint has: the weights, and Adam's two means of each."""
    return 3 * trainer.weights.values.nbytes


def make_checkpoint(trainer: Trainer) -> bytes | None:
    """Return a trainer's checkpoint, or ``None`` where it is too large to store."""
    return trainer.checkpoint() if checkpoint_size(trainer) <= MAX_CHECKPOINT else None


def steps_between(trainer: Trainer) -> int:
    """Return how many steps lie between two checkpoints of a run."""
    budget = _SHARE * MAX_MIB * 2**20
    return max(_MIN_STEPS, math.ceil(trainer.train_state.horizon * checkpoint_size(trainer) / budget))
