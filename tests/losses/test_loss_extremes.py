"""Hard places beyond those that every loss is tried at."""

import pytest
import torch

from losses import LOSSES
from verification.cases import gradients


@pytest.mark.parametrize("gamma", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_focal_keeps_its_gradient_where_the_probability_rounds_to_one(gamma, activation, dtype):
    loss = LOSSES["focal"](gamma=gamma, activation=activation, bias=False)
    z = torch.tensor([[60.0, 0.0], [-60.0, 0.0]], dtype=dtype)
    state = {"weight": torch.tensor([[1.0, 0.0], [-1.0, 0.0]], dtype=dtype)}
    found, value = gradients(loss, z, torch.tensor([0, 0]), state)
    assert torch.isfinite(value)
    assert torch.isfinite(found[1]).all()
    assert found[1][1, 0] < 0, "the wrong sample is still pulled"
