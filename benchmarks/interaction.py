"""What a person feels: this checkout beside another one, measured by turns in one run and one browser.

    python -m benchmarks.interaction OTHER_CHECKOUT [--rounds 3] [--quick]

For each checkout a server of its own runs from its folder. Rows: seconds from asking for the page to the first moving
frame; milliseconds from a slider's event to a picture with the new value, at 1, 2 and 4 panels; pictures a second
while a recording plays at 2 and 4 panels; frames a second of a live ``cnn`` on MNIST at 2 panels. A quick run takes
one round of few measurements and keeps nothing.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from benchmarks.report import Table, free_port
from benchmarks.serving import wait_ready
from tests.browser.conftest import ARGUMENTS, find_browser

ROOT = Path(__file__).resolve().parents[1]

#: The command line stood in one file, ``app/cli.py``, before it got a folder.
_SERVE = "import importlib, sys; from pathlib import Path; folder = Path(sys.argv.pop(1)); \
importlib.import_module('app.cli.main' if (folder / 'app/cli').is_dir() else 'app.cli').main(sys.argv[1:])"

_DRAG = """
async (slider, value) => {
  const began = performance.now();
  slider.value = value;
  slider.dispatchEvent(new Event("input", {bubbles: true}));
  const target = parseFloat(slider.closest("[data-knob]").querySelector("output").textContent);
  while (performance.now() - began < 5000) {
    await new Promise(requestAnimationFrame);
    if (Math.abs(window.lossGeometry.panels[0].knobs.margin - target) < 1e-3) return performance.now() - began;
  }
  return NaN;
}
"""

_LOSSES = ("arcface", "cosface", "arcface", "cosface")
_OPEN = "window.lossGeometry && window.lossGeometry.frame > 0"


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Run a checkout's server with an empty folder of runs; yield its address."""
    with tempfile.TemporaryDirectory() as runs:
        port = free_port()
        command = [sys.executable, "-c", _SERVE, str(folder), "serve", "--port", str(port), "--runs", runs + "/runs"]
        server = subprocess.Popen(
            command, cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)}, stdout=subprocess.DEVNULL
        )
        try:
            wait_ready(f"http://127.0.0.1:{port}", server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=30)


def _page(browser: Any, address: str) -> Any:
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto(address, wait_until="commit")
    return page


def _opening(browser: Any, address: str) -> float:
    began = time.perf_counter()
    page = _page(browser, address)
    page.wait_for_function(f"{_OPEN} && window.lossGeometry.fps > 0")
    seconds = time.perf_counter() - began
    page.close()
    return seconds


def _query(panels: int) -> str:
    return "&".join(f"p{number}={loss}" for number, loss in enumerate(_LOSSES[:panels], 1))


def _drags(browser: Any, address: str, panels: int, count: int) -> list[float]:
    page = _page(browser, f"{address}/?{_query(panels)}")
    page.wait_for_function(_OPEN)
    slider = page.locator('[data-knob="margin"] input[type=range]').first
    times = []
    for drag in range(count + 1):
        times.append(slider.evaluate(_DRAG, 200 + (drag * 137) % 400))
        page.wait_for_timeout(150)
    page.close()
    return times[1:]  # the first one may fork a recorded run


def _wait_done(address: str, run: str) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"{address}/api/runs/{run}", timeout=10) as answer:
            if json.load(answer)["status"] == "done":
                return
        time.sleep(0.5)
    raise TimeoutError(run)


def _pictures(browser: Any, address: str, panels: int, seconds: float) -> float:
    page = _page(browser, f"{address}/?{_query(panels)}&steps=400")
    page.wait_for_function(_OPEN, timeout=120_000)
    _wait_done(address, page.evaluate("() => lossGeometry.run"))
    page.evaluate("() => lossGeometry.stage.seek(0)")
    page.click("[data-act=loop]")
    page.click("[data-act=play]")
    page.wait_for_timeout(2000)  # until the resolution suits the machine
    rates = []
    for _ in range(int(seconds)):
        page.wait_for_timeout(1000)
        rates.append(page.evaluate("() => lossGeometry.fps"))
    assert page.evaluate("() => lossGeometry.playing")
    page.close()
    return float(statistics.mean(rates))


def _live(browser: Any, address: str, seconds: float, round_: int) -> float:
    query = f"data=mnist&net=cnn&p1=arcface&p2=softmax&steps=20000&seed={round_}"
    page = _page(browser, f"{address}/?{query}")
    page.wait_for_function("window.lossGeometry && window.lossGeometry.frames > 5", timeout=120_000)
    page.wait_for_timeout(2000)
    before, began = page.evaluate("() => lossGeometry.frames"), time.perf_counter()
    page.wait_for_timeout(1000 * seconds)
    rate = float(page.evaluate("() => lossGeometry.frames") - before) / (time.perf_counter() - began)
    run = page.evaluate("() => lossGeometry.run")
    page.close()
    assert run
    return rate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("other", type=Path, help="the checkout to compare with")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one round of few measurements, nothing kept")
    given = parser.parse_args()
    rounds, openings, drags, seconds = (1, 2, 5, 3.0) if given.quick else (given.rounds, 4, 20, 8.0)
    table = Table("interaction", "What a person feels: this version beside another", "measure")
    checkouts = {"now": ROOT, "before": given.other.resolve()}
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=find_browser(), args=ARGUMENTS)
        for round_ in range(rounds):
            names = list(checkouts) if round_ % 2 else list(reversed(checkouts))
            for name in names:
                with ExitStack() as stack:
                    address = stack.enter_context(serve(checkouts[name]))
                    _opening(browser, address)  # the first one warms the server
                    for _ in range(openings):
                        table.add(f"page to first moving frame, s: {name}", _opening(browser, address))
                    for panels in (1, 2, 4):
                        table.add(
                            f"knob to frame, {panels} panels, ms: {name}", *_drags(browser, address, panels, drags)
                        )
                with serve(checkouts[name]) as address:
                    for panels in (2, 4):
                        table.add(
                            f"pictures a second, {panels} panels: {name}",
                            _pictures(browser, address, panels, seconds),
                        )
                with serve(checkouts[name]) as address:
                    table.add(
                        f"live cnn on MNIST, 2 panels, frames a second: {name}",
                        _live(browser, address, seconds, round_),
                    )
        browser.close()
    medians = {row: statistics.median(numbers) for row, numbers in table.rows.items()}
    for row in list(table.rows):
        if row.endswith(": now"):
            ratio = medians[row] / medians[row.replace(": now", ": before")]
            table.notes.append(f"{row.removesuffix(': now')}: {ratio:.2f} times the other version's median.")
    table.write(keep=not given.quick)


if __name__ == "__main__":
    main()
