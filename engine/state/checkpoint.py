"""The state of a run as bytes, from which it goes on to the bit."""

import hashlib
import json
from collections.abc import Sequence

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from engine.config.edits import Edit
from engine.state.knob_changes import apply_edit
from engine.state.train_state import TrainState
from spec import Message, Refusal


def save(state: TrainState) -> bytes:
    """Write the tensors and, in the header, whose they are: experiment, step, and the edits so far (safetensors)."""
    first, second = state.weights.moments
    tensors = {
        "weights": state.weights.values,
        "moments/first": first,
        "moments/second": second,
        "losses": state.last_losses,
        "norms": state.norms,
    }
    for panel, rule_state in enumerate(state.rule_state):
        tensors |= {f"ruled/{panel}/{name}": tensor for name, tensor in rule_state.items()}
    header = {
        "key": state.experiment.key,
        "step": state.step,
        "edits": len(state.edits),
        "history": _digest(state.edits),
        "stopped": {panel: [message.key, dict(message.values)] for panel, message in state.stopped.items()},
    }
    return save_tensors({k: v.contiguous() for k, v in tensors.items()}, metadata={"trainer": json.dumps(header)})


def load(state: TrainState, edits: Sequence[Edit], saved: bytes) -> None:
    """Bring the start of the same experiment to a saved step.

    ``edits`` are those of the run in their order; the ones after the checkpoint are not applied. Raises ``Refusal``
    where the checkpoint is damaged or belongs to another experiment.
    """
    try:
        tensors = load_tensors(saved)
        length = int.from_bytes(saved[:8], "little")
        header = json.loads(json.loads(saved[8 : 8 + length])["__metadata__"]["trainer"])
        before = edits[: header["edits"]]
        if header["key"] != state.experiment.key or header["history"] != _digest(before):
            raise Refusal("data.checkpoint")
        for edit in before:
            state.step = edit.step
            apply_edit(state, edit)
        state.weights.restore(tensors["weights"], tensors["moments/first"], tensors["moments/second"])
        state.last_losses = tensors["losses"].to(state.device)
        state.norms = tensors["norms"].to(state.device)
        state.rule_state = [
            {name: tensors[f"ruled/{panel}/{name}"].to(state.device) for name in rule_state}
            for panel, rule_state in enumerate(state.rule_state)
        ]
        state.step = header["step"]
        for panel, (key, values) in header["stopped"].items():
            state.stopped[int(panel)] = Message.of(key, **values)
    except (SafetensorError, RuntimeError, KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError):
        raise Refusal("data.checkpoint") from None


def _digest(edits: Sequence[Edit]) -> str:
    written = json.dumps([[edit.step, edit.panel, edit.knob, edit.value] for edit in edits])
    return hashlib.sha256(written.encode()).hexdigest()
