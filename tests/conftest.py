"""One thread a test process, a mark for every test, and what tests take by folder.

Two processes with two threads each wait for one another on two cores. The command line speaks English, whatever the
machine does. Signals do what they do by default: a shell starts jobs in the background with Ctrl-C ignored, and every
process that a test starts would inherit that.
"""

import os
import signal
import tempfile
from collections import Counter
from pathlib import Path, PurePosixPath

import pytest
import torch

torch.set_num_threads(1)
os.environ["LANGUAGE"] = "en"
# PyTorch's cache of compiled programs does not tell instruction sets apart: engine/compiled/cache_folder.py
os.environ.setdefault(
    "TORCHINDUCTOR_CACHE_DIR",
    str(Path(tempfile.gettempdir()) / f"loss-geometry-compiled-{torch.backends.cpu.get_cpu_capability().lower()}"),
)
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, signal.SIG_DFL)


#: Set to run the tests without the optional room ``engine.compiled``, whose own tests are left out then.
WITHOUT_COMPILED = "LOSS_GEOMETRY_WITHOUT_COMPILED" in os.environ
if WITHOUT_COMPILED:
    from compiled_blocker import block

    block()
    collect_ignore_glob = ["engine/compiled/*"]

HERE = Path(__file__).parent

#: What tests do. ``make test-fast`` runs the first kind alone.
KINDS = ("fast", "slow", "train", "browser")

#: The mark of a folder, a file or a test. The most precise entry counts; what is not named here is ``fast``. A file
#: may say it itself: ``pytestmark = pytest.mark.train``.
MARKS = {
    "app/cli": "slow",
    "app/cli/test_arguments.py": "fast",
    "app/cli/test_language.py": "fast",
    "app/cli/test_terminal.py": "fast",
    "app/page": "slow",
    "app/page/test_page_texts.py": "fast",
    "app/page/test_url_state.py": "fast",
    "app/server": "slow",
    "browser": "browser",
    "docs": "slow",
    "engine": "train",
    "engine/config": "fast",
    "engine/frames/test_codec.py": "fast",
    "engine/recording": "slow",
    "losses/test_loss_contract.py": "slow",
    "losses/test_loss_geometry.py": "slow",
    "losses/test_new_loss.py": "slow",
    "losses/test_own_loss.py": "slow",
    "losses/test_tuples_one_by_one.py::test_memory_stays_bounded": "slow",
    "losses/test_verification.py": "slow",
    "plots/test_curves.py": "slow",
    "plots/test_film.py": "slow",
    "plots/test_saving.py": "slow",
    "toy_data/test_openml.py": "slow",
    "toy_data/test_real_files.py": "slow",
}

#: Fixtures that start a server or fill a folder: a test that uses one is not fast.
SLOW_FIXTURES = frozenset({"server", "library", "trainer_client"})

#: Seconds that a fast test may take on a free core. A run with ``--durations`` names those that took longer.
FAST_SECONDS = 1.0


def pytest_configure(config):
    config.pluginmanager.register(Times(config.getoption("durations")))


def pytest_collection_modifyitems(items):
    for item in items:
        if not any(item.get_closest_marker(kind) for kind in KINDS):
            item.add_marker(kind_of(item))


def kind_of(item):
    """The mark of a test whose file has none."""
    file = PurePosixPath(item.path.relative_to(HERE).as_posix())
    for place in (f"{file}::{item.name.partition('[')[0]}", file, *file.parents):
        if str(place) in MARKS:
            return MARKS[str(place)]
    return "slow" if SLOW_FIXTURES.intersection(item.fixturenames) else "fast"


class Times:
    """Writes what tests take by folder, set-up included, and which fast tests are slow."""

    def __init__(self, shown):
        self.shown = shown is not None
        self.folders = Counter()
        self.fast = Counter()

    def pytest_runtest_logreport(self, report):
        file, _, _ = report.location
        self.folders[PurePosixPath(file).parent] += report.duration
        if "fast" in report.keywords:
            self.fast[report.nodeid] += report.duration

    def pytest_terminal_summary(self, terminalreporter):
        if not self.shown:
            return
        terminalreporter.section("seconds by folder")
        for folder, seconds in self.folders.most_common():
            terminalreporter.line(f"{seconds:8.1f}  {folder}")
        slow = [(test, seconds) for test, seconds in self.fast.most_common() if seconds > FAST_SECONDS]
        if slow:
            terminalreporter.section(f"marked fast, but took more than {FAST_SECONDS} s")
            for test, seconds in slow:
                terminalreporter.line(f"{seconds:8.1f}  {test}")


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
