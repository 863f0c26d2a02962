"""What a number comes out as does not depend on where it stands, where registers are filled up."""

import pytest
import torch

from engine.steps.simd_padding import PadToRegisters


def bytes_of(tensor):
    return tensor.contiguous().numpy().tobytes()


def numbers(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_a_number_comes_out_alike_by_itself_and_among_others(one_thread):
    many = numbers(6001)
    plain = [torch.nn.functional.softplus(part) for part in (many, *many.split(1))]
    with PadToRegisters() as filling:
        filled = [torch.nn.functional.softplus(part) for part in (many, *many.split(1))]
    assert filling.used
    assert bytes_of(filled[0]) == bytes_of(torch.cat(filled[1:]))
    torch.testing.assert_close(filled[0], plain[0])


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_of_numbers_that_threads_part_each_is_in_a_whole_register(threads):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        many = numbers(131_072 + 5)  # a third of these ends within a register
        with PadToRegisters():
            assert bytes_of(torch.sigmoid(many)) == bytes_of(torch.cat([torch.sigmoid(part) for part in many.split(7)]))
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("form", [(5, 7), (37, 10)])
def test_operations_on_two_tensors_take_them_as_they_are_broadcast(form, one_thread):
    one, other = numbers(*form).abs(), numbers(1, form[1], seed=1).abs()
    for function in (torch.atan2, torch.pow, torch.logaddexp):
        with PadToRegisters():
            seen = function(one, other)
            each = [[function(a, b) for a, b in zip(row, other[0], strict=True)] for row in one]
        torch.testing.assert_close(seen, function(one, other))
        assert seen.shape == form
        assert bytes_of(seen) == bytes_of(torch.stack([torch.stack(row) for row in each]))


@pytest.mark.parametrize(
    ("rows", "inner", "columns"), [(2, 128, 37), (3, 128, 50), (25, 2, 25), (10, 33, 3), (1, 5, 1), (8, 2, 10)]
)
@pytest.mark.parametrize("turned", [False, True])
def test_products_round_the_same_alone_and_beside_others(rows, inner, columns, turned, one_thread):
    left = numbers(6, inner, rows).mT if turned else numbers(6, rows, inner)
    right = numbers(6, inner, columns, seed=1)
    with PadToRegisters() as filling:
        beside = torch.bmm(left, right)
        alone = [torch.mm(a.clone(), b.clone()) for a, b in zip(left, right, strict=True)]
    assert filling.used
    assert bytes_of(beside) == bytes_of(torch.stack(alone))
    torch.testing.assert_close(beside, torch.bmm(left, right))


def test_options_are_passed_on(one_thread):
    many = numbers(37)
    with PadToRegisters():
        seen = torch.nn.functional.gelu(many, approximate="tanh")
    torch.testing.assert_close(seen, torch.nn.functional.gelu(many, approximate="tanh"))
    assert not torch.equal(seen, torch.nn.functional.gelu(many))


def test_gradients_come_through(one_thread):
    own = numbers(3, 5).requires_grad_()
    other = own.detach().clone().requires_grad_()
    with PadToRegisters():
        torch.nn.functional.softplus(own @ own.mT).sum().backward()
    torch.nn.functional.softplus(other @ other.mT).sum().backward()
    torch.testing.assert_close(own.grad, other.grad)


def test_what_fits_is_left_as_it_is():
    with PadToRegisters() as filling:
        torch.nn.functional.softplus(numbers(64))
        torch.mm(numbers(64, 2), numbers(2, 10))
        torch.pow(numbers(7), 2)
        torch.exp(numbers(7))
    assert not filling.used
