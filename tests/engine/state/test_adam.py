"""There is one Adam: by PyTorch's kernel, by formula, and as ``torch.optim.Adam`` takes it, the steps are the same."""

import pytest
import torch

from engine.state.adam import BETA1, BETA2, EPSILON, AdamBuffers, corrections, move_rows

STEPS = 25


def gradients(count):
    """Large and tiny gradients, some of them zero."""
    random = torch.Generator().manual_seed(0)
    scale = torch.logspace(-9, 2, 48)
    for step in range(count):
        yield torch.randn(48, generator=random) * scale * (step % 5 > 0)


def start():
    values = torch.randn(48, generator=torch.Generator().manual_seed(1))
    return AdamBuffers(values, torch.zeros(48), torch.zeros(48))


@pytest.fixture
def theirs():
    """The weights after the steps of ``torch.optim.Adam``, one after another."""
    values = start().values.requires_grad_()
    optimizer, after = torch.optim.Adam([values], lr=0.01), []
    for gradient in gradients(STEPS):
        values.grad = gradient
        optimizer.step()
        after.append(values.detach().clone())
    return after


def test_the_constants_are_those_of_the_paper_and_of_pytorch():
    group = torch.optim.Adam([torch.zeros(1)]).defaults
    assert ((BETA1, BETA2), EPSILON) == (group["betas"], group["eps"]) == ((0.9, 0.999), 1e-8)


def test_the_kernel_takes_the_steps_of_pytorch_s_optimizer(theirs):
    rows, steps = [start(), start()], [torch.tensor(0.0), torch.tensor(0.0)]
    for number, gradient in enumerate(gradients(STEPS)):
        move_rows(rows, [gradient, gradient], steps, 0.01)
        for row in rows:
            torch.testing.assert_close(row.values, theirs[number], rtol=1e-6, atol=1e-7)
        assert [float(step) for step in steps] == [number + 1] * 2


def test_the_formula_takes_the_steps_of_pytorch_s_optimizer(theirs):
    own, one = start(), torch.tensor(1.0)
    for number, gradient in enumerate(gradients(STEPS)):
        own.move(gradient, one, torch.tensor(0.01), torch.tensor(corrections(number)))
        torch.testing.assert_close(own.values, theirs[number], rtol=1e-5, atol=1e-6)


def test_the_formula_takes_no_step_where_the_share_is_zero():
    own, before = start(), start()
    gradient = torch.full((48,), float("nan"))
    own.move(gradient, torch.tensor(0.0), torch.tensor(0.0), torch.tensor(corrections(3)))
    assert torch.equal(own.values, before.values)
    assert not own.first.any()
