"""Compiled programs are kept where this user's data are, not in a folder that may be emptied."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

#: Says where PyTorch keeps programs, for users whose data are in each of these folders; PyTorch is loaded once.
ASK = """
import json, os, sys
from torch._inductor.runtime.cache_dir_utils import cache_dir
from engine.compiled.cache_folder import choose

answers = []
for folder in sys.argv[1:]:
    os.environ |= {name: folder for name in ("XDG_DATA_HOME", "LOCALAPPDATA", "HOME")}
    os.environ.pop("TORCHINDUCTOR_CACHE_DIR", None)
    choose()
    answers.append(cache_dir())
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """The folder of a user, the folder of PyTorch's programs, the same where it cannot be made, and what was logged."""
    home, blocked = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("blocked") / "file"
    blocked.touch()
    environment = {name: value for name, value in os.environ.items() if name != "TORCHINDUCTOR_CACHE_DIR"}
    command = [sys.executable, "-c", ASK, str(home), str(blocked)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    first, second = map(Path, json.loads(done.stdout))
    return home, first, blocked, second, done.stderr


def test_compiled_programs_are_kept_among_the_data_of_the_user(answers):
    home, folder, *_ = answers
    assert folder.is_relative_to(home)
    assert folder.parts[-3:] == ("loss-geometry", "compiled", torch.backends.cpu.get_cpu_capability().lower())


def test_where_these_cannot_be_written_pytorch_chooses_and_it_is_said(answers):
    *_, blocked, folder, log = answers
    assert not folder.is_relative_to(blocked)
    place = blocked / "loss-geometry" / "compiled" / torch.backends.cpu.get_cpu_capability().lower()
    assert log == f"Compiled programs cannot be kept in {place}: Not a directory\n"
