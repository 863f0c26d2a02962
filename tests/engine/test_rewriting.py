"""What is traced in the place of an operation gives its numbers; what it is not meant for stays."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.fx.experimental.proxy_tensor import make_fx

from engine.making import TRACING
from engine.rewriting import REWRITTEN


def traced(function, *given):
    """The function's value as it is compiled, and the names of the operations that it is made of."""
    with TRACING:  # another test's trainer may still have something made
        graph = make_fx(function, decomposition_table=REWRITTEN)(*given)
    return graph(*given), {str(node.target) for node in graph.graph.nodes if node.op == "call_function"}


def numbers(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


sizes = st.integers(1, 40)


@settings(deadline=None)  # the first trace loads the tracer
@given(sizes, sizes, sizes, st.integers(1, 3))
def test_products(rows, inner, columns, count):
    left, right = numbers(count, rows, inner), numbers(count, inner, columns, seed=1)
    found, _ = traced(torch.bmm, left, right)
    torch.testing.assert_close(found, left @ right)


@pytest.mark.parametrize(
    ("rows", "columns", "turned"),
    [(128, 10, True), (128, 2, True), (10, 2, True), (2, 128, False), (10, 10, False), (128, 16, False)],
)
def test_products_of_short_rows_lie_on_their_side(rows, columns, turned):
    found, operations = traced(torch.bmm, numbers(2, rows, 3), numbers(2, 3, columns))
    assert ("aten.transpose.int" in operations) == turned
    assert found.is_contiguous() != turned


@settings(deadline=None)
@given(st.tuples(sizes, sizes), st.integers(-1, 1))
def test_log_softmax(shape, dim):
    scores = 30 * numbers(*shape)
    found, operations = traced(lambda x: torch.log_softmax(x, dim), scores)
    torch.testing.assert_close(found, torch.log_softmax(scores, dim))
    assert "aten._log_softmax.default" not in operations


@pytest.mark.parametrize("score", [math.inf, -math.inf, math.nan, 1e38, -1e38])
def test_log_softmax_of_scores_out_of_bounds(score):
    scores = torch.tensor([[score, 0.0, 1.0], [score, score, score], [score, -score, 0.0]])
    found, _ = traced(lambda x: torch.log_softmax(x, 1), scores)
    torch.testing.assert_close(found, torch.log_softmax(scores, 1), equal_nan=True)


def test_log_softmax_that_changes_the_type():
    scores = numbers(4, 3).bfloat16()
    found, _ = traced(lambda x: torch.log_softmax(x, 1, dtype=torch.float32), scores)
    torch.testing.assert_close(found, torch.log_softmax(scores.float(), 1))


@settings(deadline=None)
@given(st.tuples(sizes, sizes), st.integers(-2, 1), st.integers(0, 99))
def test_one_number_of_each_row_is_read_and_written(shape, dim, seed):
    rows = list(shape)
    rows[dim] = 1
    index = torch.randint(shape[dim], rows, generator=torch.Generator().manual_seed(seed))
    values, source = numbers(*shape), numbers(*rows, seed=1)
    found, operations = traced(lambda x, i: x.gather(dim, i), values, index)
    torch.testing.assert_close(found, values.gather(dim, index), rtol=0, atol=0)
    found, others = traced(lambda x, i, s: x.scatter_add(dim, i, s), values, index, source)
    torch.testing.assert_close(found, values.scatter_add(dim, index, source), rtol=0, atol=0)
    assert not {"aten.gather.default", "aten.scatter_add.default"} & (operations | others)


def test_what_is_not_looked_up_may_be_anything():
    values = torch.tensor([[math.nan, 1.0], [2.0, math.inf]])
    found, _ = traced(lambda x, i: x.gather(1, i), values, torch.tensor([[1], [0]]))
    assert found.flatten().tolist() == [1.0, 2.0]


@pytest.mark.parametrize("form", [(4, 2), (3, 1), (3, 2)])
def test_several_numbers_of_a_row_and_some_rows_are_looked_up(form):
    values = numbers(4, 5)
    index = torch.randint(5, form, generator=torch.Generator().manual_seed(0))
    found, operations = traced(lambda x, i: x.gather(1, i), values, index)
    assert torch.equal(found, values.gather(1, index))
    assert "aten.gather.default" in operations
    found, operations = traced(lambda x, i, s: x.scatter_add(1, i, s), values, index, numbers(*form))
    assert torch.equal(found, values.scatter_add(1, index, numbers(*form)))
    assert "aten.scatter_add.default" in operations
