"""Threads, for the tests that are about them."""

import pytest
import torch


@pytest.fixture
def one_thread():
    """Run on the one thread that all tests run on."""


@pytest.fixture
def two_threads():
    """Run on two threads."""
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)
