"""Saving a trainer as bytes and going on from them, to the bit."""

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from engine.config.edits import Edit
from spec import Message, Refusal

if TYPE_CHECKING:
    from engine.training.trainer import Trainer


def save(trainer: "Trainer") -> bytes:
    """Write the tensors and, in the header, whose they are: experiment, step, and how many edits had been made."""
    first, second = trainer.weights.moments
    tensors = {
        "weights": trainer.weights.values,
        "moments/first": first,
        "moments/second": second,
        "losses": trainer.last_losses,
        "norms": trainer.norms,
    }
    for panel, rule_state in enumerate(trainer.rule_state):
        tensors |= {f"ruled/{panel}/{name}": tensor for name, tensor in rule_state.items()}
    header = {
        "key": trainer.experiment.key,
        "step": trainer.step,
        "edits": len(trainer.edits),
        "history": _digest(trainer.edits),
        "stopped": {panel: [message.key, dict(message.values)] for panel, message in trainer.stopped.items()},
    }
    return save_tensors({k: v.contiguous() for k, v in tensors.items()}, metadata={"trainer": json.dumps(header)})


def load(trainer: "Trainer", edits: Sequence[Edit], saved: bytes) -> None:
    """Bring a new trainer of the same experiment to the saved step; raise ``Refusal`` where that cannot be."""
    try:
        tensors = load_tensors(saved)
        length = int.from_bytes(saved[:8], "little")
        header = json.loads(json.loads(saved[8 : 8 + length])["__metadata__"]["trainer"])
        made = edits[: header["edits"]]
        if header["key"] != trainer.experiment.key or header["history"] != _digest(made):
            raise Refusal("data.checkpoint")
        for edit in made:
            trainer.step = edit.step
            trainer.apply(edit)
        trainer.weights.restore(tensors["weights"], tensors["moments/first"], tensors["moments/second"], header["step"])
        trainer.last_losses = tensors["losses"].to(trainer.device)
        trainer.norms = tensors["norms"].to(trainer.device)
        trainer.rule_state = [
            {name: tensors[f"ruled/{panel}/{name}"].to(trainer.device) for name in rule_state}
            for panel, rule_state in enumerate(trainer.rule_state)
        ]
        trainer.step = header["step"]
        trainer.stopped = {int(panel): Message.of(key, **values) for panel, (key, values) in header["stopped"].items()}
    except (SafetensorError, RuntimeError, KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError):
        raise Refusal("data.checkpoint") from None


def _digest(edits: Sequence[Edit]) -> str:
    written = json.dumps([[edit.step, edit.panel, edit.knob, edit.value] for edit in edits])
    return hashlib.sha256(written.encode()).hexdigest()
