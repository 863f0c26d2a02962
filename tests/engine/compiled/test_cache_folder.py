"""What was compiled is kept where this user's data are, not in a folder that may be emptied."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from engine.compiled.inductor import _trusting

#: A process that makes something ready, of a kind that would go on for ever, and ends as soon as that has begun.
ENDING = """
import subprocess, sys, threading
from dataclasses import dataclass
import torch
from torch.fx.experimental.proxy_tensor import make_fx
from engine.compiled.background import Job, made

begun = threading.Event()

@dataclass(frozen=True, kw_only=True)
class Endless(Job):
    what: str

    def make(self, example):
        if self.what == "tracing":
            from torch._inductor import standalone_compile
        begun.set()
        while True:
            if self.what == "tracing":
                make_fx(lambda x: torch.vmap(torch.sin)(x).cos().sum())(*example)
            else:
                subprocess.run([sys.executable, "-c", "import time; time.sleep(20)"])

made(Endless(sizes=(), device="cpu", threads=1, what=sys.argv[1]), [torch.zeros(3, 3)])
assert begun.wait(60) or sys.argv[1] == "loading"
sys.exit(3)
"""


def kept(folder):
    """Where PyTorch keeps programs, asked in a process whose user has this folder for data."""
    said = (
        "from engine.compiled.cache_folder import choose; choose(); "
        "from torch._inductor.runtime.cache_dir_utils import cache_dir; print(cache_dir())"
    )
    given = {name: value for name, value in os.environ.items() if name != "TORCHINDUCTOR_CACHE_DIR"}
    given |= {name: str(folder) for name in ("XDG_DATA_HOME", "LOCALAPPDATA", "HOME")}
    found = subprocess.run([sys.executable, "-c", said], env=given, capture_output=True, text=True, check=True)
    return Path(found.stdout.strip()), found.stderr


def test_compiled_programs_are_kept_among_the_data_of_the_user(tmp_path):
    folder, said = kept(tmp_path)
    assert folder.is_relative_to(tmp_path)
    assert folder.parts[-2:] == ("loss-geometry", "compiled")
    assert not said


def test_where_these_cannot_be_written_pytorch_chooses_and_it_is_said(tmp_path):
    (tmp_path / "file").touch()
    folder, said = kept(tmp_path / "file")
    assert not folder.is_relative_to(tmp_path / "file")
    assert (
        said
        == f"What is compiled cannot be kept in {tmp_path / 'file' / 'loss-geometry' / 'compiled'}: Not a directory\n"
    )


@pytest.mark.parametrize("what", ["tracing", "waiting"])
def test_a_process_ends_as_it_should_while_something_is_made_ready(what):
    given = [sys.executable, "-c", ENDING, what]
    ended = subprocess.run(given, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "", "")


def test_a_processor_is_asked_again_after_it_was_trusted():
    """What is compiled beside, or after a failure, is compiled as PyTorch means it."""
    from torch._inductor.cpu_vec_isa import VecISA  # takes two seconds

    asked = VecISA.check_build
    with suppress(ZeroDivisionError), _trusting():
        assert VecISA().check_build("no program")
        raise ZeroDivisionError
    assert VecISA.check_build is asked
