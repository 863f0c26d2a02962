"""Private and deprecated parts of PyTorch are called in one file, and training goes on where they are missing."""

import re
from pathlib import Path

import pytest
import torch
from engine_parts import advance, experiment, weights_of

from engine import Trainer
from engine.compiled import background, private_torch
from engine.steps.family_step import PATIENCE

ENGINE = Path(private_torch.__file__).parents[1]

#: Parts that are private, deprecated, or meant for PyTorch's own use.
PRIVATE = re.compile(
    r"\btorch\._(?!_)\w+|\btorch\.jit|\btorch\.utils\._\w+|\btorch\.[\w.]+ import _|\btorch\.ops\.\w+\._is\w+"
    r"|PyThreadState\w*|sys\._current_frames|threading\._\w+"
)

#: What other files may call, with the reason. PyTorch documents both, and has no public name for them.
ALLOWED = {
    "torch.utils._python_dispatch": "TorchDispatchMode sees each operation; PyTorch's notes on extending it name it",
    "torch._subclasses": "FakeTensorMode has tensors without numbers; PyTorch's notes on fake tensors import it so",
}


def test_private_parts_are_called_in_one_file():
    calls = {
        (str(path.relative_to(ENGINE)), call)
        for path in ENGINE.rglob("*.py")
        for call in PRIVATE.findall(path.read_text())
        if call not in ALLOWED
    }
    assert {file for file, _ in calls} == {"compiled/private_torch.py"}


@pytest.mark.parametrize("name", ["_create_graph_by_tracing", "_set_graph_executor_optimize"])
def test_where_torchscript_is_missing_python_goes_on_with_the_same_bytes(monkeypatch, name):
    settings = {"steps": 3 * PATIENCE}
    background.clear()
    recorded = Trainer(experiment("nsl", "nsl", **settings))
    advance(recorded, PATIENCE)
    recorded.stepper.wait()
    assert recorded.stepper.families[0].recorded.result() is not None
    background.clear()
    with monkeypatch.context() as patched:
        patched.delattr(torch._C, name)
        python = advance(Trainer(experiment("nsl", "nsl", **settings)), PATIENCE)
        python.stepper.wait()
    assert python.stepper.families[0].recorded.result() is None
    for trainer in (recorded, python):
        advance(trainer, 10)
    assert weights_of(python, 0) == weights_of(recorded, 0)
    background.clear()


def test_a_function_that_torchscript_cannot_record_is_none():
    assert private_torch.to_torchscript(lambda x: ("text",), [torch.zeros(2)]) is None
    assert private_torch.to_torchscript(lambda x: (x + 1,), [torch.zeros(2)])(torch.ones(2))[0].tolist() == [2.0, 2.0]
