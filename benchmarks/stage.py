"""Pictures a second of four panels: the stage against Plotly charts redrawn in a fragment, in one browser.

Both are in a page of one Streamlit server and show the same synthetic run of 4 panels with 2,000 points and regions.
The charts get their regions as a heat map of 80 x 80 cells. The stage computes them at every pixel, at a lower
resolution while it moves if a picture takes more than 30 ms. A picture of the charts counts when all four show the
same frame of the run.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from benchmarks.report import Table, free_port
from tests.browser.conftest import ARGUMENTS, find_browser

ROOT = Path(__file__).resolve().parents[1]
ROUNDS, SECONDS = 5, 8

_APP = """
import sys
sys.path[:0] = [{root!r}, {tests!r}]
import streamlit as st
from stage_run import make_run
from stage_server import Fake

fake = Fake()
fake.runs["run"] = make_run("run", kinds=("linear", "cosine", "euclidean", "mahalanobis"))
app = st.App("page.py", routes=[route for route in fake.application().routes if route.path != "/"])
"""

_PAGE = """
import sys
sys.path[:0] = [{root!r}, {tests!r}]
import numpy as np
import plotly.graph_objects as go
import streamlit as st
import torch
from app.page.stage_component import stage
from stage_run import make_run

KINDS = ("linear", "cosine", "euclidean", "mahalanobis")
st.set_page_config(layout="wide")
run = st.cache_resource(make_run)("run", kinds=KINDS)
if st.query_params.get("show") == "stage":
    panels = [{{"panel": k, "title": kind, "slug": kind, "knobs": []}} for k, kind in enumerate(KINDS)]
    stage(run="run", owner=None, language="en", panels=panels, key="stage")
else:
    @st.fragment(run_every=0.05)
    def charts():
        frame = st.session_state["frame"] = (st.session_state.get("frame", -1) + 1) % len(run.frames)
        side = np.linspace(-4, 4, 80)
        grid = torch.tensor(np.stack(np.meshgrid(side, side), axis=2).reshape(-1, 2), dtype=torch.float32)
        for k, column in enumerate(st.columns(4)):
            cells = run.heads[frame][k].scores(grid).argmax(dim=1).reshape(80, 80).numpy()
            z = run.embeddings[frame][k]
            figure = go.Figure([
                go.Heatmap(x=side, y=side, z=cells, showscale=False, opacity=0.4, hoverinfo="skip"),
                go.Scattergl(x=z[:, 0], y=z[:, 1], mode="markers", marker={{"color": run.labels, "size": 4}}),
            ])
            figure.update_layout(title=f"frame {{frame}}", height=480, showlegend=False, margin={{"l": 10, "r": 10}})
            column.plotly_chart(figure, key=f"chart{{k}}")
    charts()
"""

_CHARTS = """
(seconds) => new Promise((done) => {
  const began = performance.now();
  let last = "", count = 0;
  const look = () => {
    const titles = [...document.querySelectorAll(".js-plotly-plot .gtitle")].map((title) => title.textContent);
    if (titles.length === 4 && new Set(titles).size === 1 && titles[0] !== last) { last = titles[0]; count++; }
    const passed = (performance.now() - began) / 1000;
    if (passed < seconds) requestAnimationFrame(look); else done(count / passed);
  };
  look();
})
"""

_STAGE = """
(seconds) => new Promise((done) => {
  const draw = WebGL2RenderingContext.prototype.clear, began = performance.now();
  let count = 0;
  WebGL2RenderingContext.prototype.clear = function (bits) { count++; draw.call(this, bits); };
  setTimeout(() => {
    WebGL2RenderingContext.prototype.clear = draw;
    done((1000 * count) / (performance.now() - began));
  }, seconds * 1000);
})
"""


def main() -> None:
    table = Table("stage", "Four panels of 2,000 moving points with regions", "pictures a second")
    places = {"root": str(ROOT), "tests": str(ROOT / "tests" / "browser")}
    with tempfile.TemporaryDirectory() as folder:
        for name, body in (("main.py", _APP), ("page.py", _PAGE)):
            (Path(folder) / name).write_text(body.format(**places), encoding="utf-8")
        port = free_port()
        command = [sys.executable, "-m", "streamlit", "run", "main.py", "--server.port", str(port)]
        options = ["--server.headless", "true", "--browser.gatherUsageStats", "false"]
        server = subprocess.Popen([*command, *options], cwd=folder, stdout=subprocess.DEVNULL, env={**os.environ})
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(f"{address}/_stcore/health")
            with sync_playwright() as play:
                browser = play.chromium.launch(executable_path=find_browser(), args=ARGUMENTS)
                for _ in range(ROUNDS):  # in turns, so that a busy minute of the machine slows down both
                    table.add("stage (WebGL2, resolution lowered while moving)", _stage(browser, address))
                    table.add("st.plotly_chart in st.fragment(run_every=0.05)", _charts(browser, address))
                browser.close()
        finally:
            server.terminate()
            server.wait(timeout=30)
    ours, theirs = (statistics.median(numbers) for numbers in table.rows.values())
    ratio = f"{ours / theirs:.1f}" if theirs else "no bound: the charts showed no whole picture"
    table.notes.append(f"Ratio of the medians: {ratio}. Software rendering, 1400 x 900, {SECONDS} s a round.")
    table.write()


def _wait(address: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(address)


def _stage(browser: Any, address: str) -> float:
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto(f"{address}/?show=stage")
    loaded = "window.lossGeometry?.frames > 0 && lossGeometry.stage.loaded === lossGeometry.frames"
    page.wait_for_function(loaded, timeout=60000)
    page.evaluate("() => lossGeometry.stage.seek(0)")
    page.click("[data-act=loop]")
    page.click("[data-act=play]")
    page.wait_for_timeout(2000)  # until the resolution has adapted to the machine
    measured = float(page.evaluate(_STAGE, SECONDS))
    assert page.evaluate("() => lossGeometry.playing")
    page.close()
    return measured


def _charts(browser: Any, address: str) -> float:
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto(f"{address}/?show=charts")
    page.wait_for_function("document.querySelectorAll('.js-plotly-plot .gtitle').length === 4", timeout=120000)
    measured = float(page.evaluate(_CHARTS, SECONDS))
    page.close()
    return measured


if __name__ == "__main__":
    main()
