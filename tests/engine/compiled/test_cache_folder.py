"""Compiled programs are kept where this user's data are, not in a folder that may be emptied."""

import os
import subprocess
import sys
from pathlib import Path


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
        == f"Compiled programs cannot be kept in {tmp_path / 'file' / 'loss-geometry' / 'compiled'}: Not a directory\n"
    )
