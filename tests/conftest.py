"""One thread a test process: two processes with two threads each wait for one another on two cores.

The command line speaks English, whatever the machine does.
"""

import os

import pytest
import torch

torch.set_num_threads(1)
os.environ["LANGUAGE"] = "en"


#: Set to run the tests without the optional room ``engine.compiled``, whose own tests are left out then.
WITHOUT_COMPILED = "LOSS_GEOMETRY_WITHOUT_COMPILED" in os.environ
if WITHOUT_COMPILED:
    from compiled_blocker import block

    block()
    collect_ignore_glob = ["engine/compiled/*"]


@pytest.fixture
def no_compiler(monkeypatch):
    """Let nothing be compiled, which would go on beside the next tests and bring modules while pytest counts them."""
    if not WITHOUT_COMPILED:
        from engine.compiled import background

        background.clear()
        monkeypatch.setattr("engine.compiled.inductor.Compilation.make", lambda job, example: None)


@pytest.fixture
def one_thread():
    """Run on the one thread that all tests run on."""


@pytest.fixture
def two_threads():
    """Run on two threads."""
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)
