"""How a fork reaches its frame: from the checkpoint before it, through the edits in between."""

from collections.abc import Iterator, Sequence

from engine.config.edits import Edit
from engine.training.trainer import Trainer


def replay(trainer: Trainer, edits: Sequence[Edit], step: int) -> Iterator[None]:
    """Train up to ``step``, with the ``edits`` that the trainer does not have yet; yield before each step."""
    while True:
        for edit in edits[len(trainer.edits) :]:
            if edit.step == trainer.step:
                trainer.apply(edit)
        if trainer.step == step:
            return
        yield
        trainer.advance()
