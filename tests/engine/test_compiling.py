"""What was compiled is kept where this user's data are, not in a folder that may be emptied."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from torch._inductor.cpu_vec_isa import VecISA

from engine.compiling import _trusting


def test_compiled_programs_are_kept_among_the_data_of_the_user(tmp_path):
    said = "import engine; from torch._inductor.runtime.cache_dir_utils import cache_dir; print(cache_dir())"
    given = {name: value for name, value in os.environ.items() if name != "TORCHINDUCTOR_CACHE_DIR"}
    given |= {name: str(tmp_path) for name in ("XDG_DATA_HOME", "LOCALAPPDATA", "HOME")}
    found = subprocess.run([sys.executable, "-c", said], env=given, capture_output=True, text=True, check=True)
    folder = Path(found.stdout.strip())
    assert folder.is_relative_to(tmp_path)
    assert folder.parts[-2:] == ("loss-geometry", "compiled")


def test_a_processor_is_asked_again_after_it_was_trusted():
    """What is compiled beside, or after a failure, is compiled as PyTorch means it."""
    asked = VecISA.check_build
    with suppress(ZeroDivisionError), _trusting():
        assert VecISA().check_build("no program")
        raise ZeroDivisionError
    assert VecISA.check_build is asked
