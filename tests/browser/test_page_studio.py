"""The whole page in a real browser on a real server: it moves, its knobs act, its link restores it."""

import io
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from spec import text

pytestmark = pytest.mark.browser

sys.path.insert(0, str(Path(__file__).parents[1] / "app"))
from app_server import served  # noqa: E402  (the server is the one of the HTTP tests)

#: A run that is trained in a moment.
SMALL = "data=blobs&p1=arcface&steps=80&batch=16&points=60"

SECONDS = 60_000  # a busy machine renders a frame in a second


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with served(tmp_path_factory.mktemp("page") / "runs") as server:
        yield server


@pytest.fixture
def tab(browser):
    """A page whose scripts must not fail; Streamlit itself asks for two addresses in vain on pages with a path."""
    opened = browser.new_page(viewport={"width": 1400, "height": 900})
    opened.set_default_timeout(SECONDS)
    faults = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on(
        "console", lambda told: faults.append(told.text) if told.type == "error" and "404" not in told.text else None
    )
    yield opened
    opened.close()
    assert not faults


def stage(tab, site, path):
    tab.goto(site.url + path)
    tab.wait_for_function("() => window.lossGeometry?.frame !== undefined && lossGeometry.frame !== null")


def query(tab):
    return {name: values[0] for name, values in parse_qs(urlsplit(tab.url).query).items()}


def picture(tab):
    image = pytest.importorskip("PIL.Image", reason="Pillow comes with Streamlit")
    shot = tab.locator(".lg-view").screenshot(animations="allow")
    return np.asarray(image.open(io.BytesIO(shot)).convert("RGB"))


def drag(tab, name, share):
    """Drag a slider under the last picture to a share of its length."""
    slider = tab.locator(f".lg-knob[data-knob={name}] input").last
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    begin = tab.evaluate("([input]) => input.value / input.max", [slider.element_handle()])
    tab.mouse.move(box["x"] + box["width"] * begin, middle)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] * share, middle, steps=5)
    tab.mouse.up()


def test_the_first_screen_moves_by_itself_and_is_full_of_colour(tab, site):
    stage(tab, site, "/")
    tab.wait_for_function("() => lossGeometry.frame >= 2")
    before, first = tab.evaluate("() => lossGeometry.frame"), picture(tab)
    tab.wait_for_function("before => lossGeometry.frame >= before + 10", arg=before)
    last = picture(tab)
    assert (first != last).any(axis=2).mean() > 0.02
    tab.click("[data-act=regions]")
    tab.wait_for_function("() => lossGeometry.frame >= 100")
    colours, counts = np.unique(picture(tab).reshape(-1, 3), axis=0, return_counts=True)
    vivid = [c for c, n in zip(colours, counts, strict=True) if n > 60 and int(c.max()) - int(c.min()) > 40]
    assert len(vivid) >= 8
    assert [panel["slug"] for panel in tab.evaluate("() => lossGeometry.panels")] == ["softmax", "arcface"]


def test_a_knob_that_is_dragged_acts_and_the_link_follows(tab, site):
    stage(tab, site, f"/?{SMALL}")
    tab.wait_for_function("() => lossGeometry.panels[0].step === 80")
    run, before, frames = (
        query(tab)["run"],
        *(tab.evaluate(f"() => lossGeometry.{what}") for what in ("panels[0]", "frames")),
    )
    drag(tab, "margin", 0.9)
    tab.wait_for_function("() => lossGeometry.panels[0].knobs.margin > 0.9")
    # more than one: training goes on; where the test is late it may have ended again
    tab.wait_for_function("frames => lossGeometry.frames > frames + 1", arg=frames)
    tab.wait_for_url("**p1.margin=**")
    margin = float(query(tab)["p1.margin"])
    assert margin > 0.9
    tab.wait_for_function(
        "margin => Math.abs(lossGeometry.panels[0].knobs.margin - margin) < 1e-6 && lossGeometry.panels[0].step > 80",
        arg=margin,
    )
    assert query(tab)["run"] == run, "the visitor owns the run: no fork"
    assert tab.evaluate("() => lossGeometry.panels[0].loss") != before["loss"]
    tab.get_by_text(f"{margin:g} rad").first.wait_for()  # the controls beside the picture followed
    tab.reload()
    tab.wait_for_function("run => window.lossGeometry?.run === run && lossGeometry.frame !== null", arg=run)
    tab.wait_for_function("margin => Math.abs(lossGeometry.panels[0].knobs.margin - margin) < 1e-6", arg=margin)


def test_an_edit_of_a_recording_forks_and_the_link_names_the_fork(tab, site):
    stage(tab, site, "/?run=finished")
    tab.wait_for_url("**p1=arcface**")
    drag(tab, "temperature", 0.8)
    tab.wait_for_function("() => lossGeometry.run !== 'finished'")
    tab.wait_for_function("() => lossGeometry.panels[1].knobs.temperature > 2")
    tab.wait_for_url("**p2.temperature=**")
    fork = tab.evaluate("() => lossGeometry.run")
    tab.wait_for_url(f"**run={fork}**")
    assert site.get(f"/api/runs/{fork}").json()["parent"]["run"] == "finished"


def test_train_starts_the_settings_beside_the_picture(tab, site):
    stage(tab, site, f"/?{SMALL}&seed=1")
    run = query(tab)["run"]
    tab.locator("summary").filter(has_text=text("ui.studio.training", "en")).click()
    tab.locator(".st-key-seed").get_by_role("slider").press("ArrowRight")
    tab.wait_for_url("**seed=2**")
    assert query(tab)["run"] == run, "the picture stays until Train is pressed"
    tab.locator("[class*=st-key-train] button").click()
    tab.wait_for_function("run => lossGeometry.run !== run", arg=run)
    tab.wait_for_function("() => lossGeometry.panels[0].step === 80")
    described = site.get(f"/api/runs/{query(tab)['run']}").json()
    assert described["experiment"]["seed"] == 2


def test_a_frame_in_the_link_is_where_the_clock_stands(tab, site):
    stage(tab, site, "/?run=finished&frame=7&p1=arcface&p2=softmax")
    tab.wait_for_function("() => lossGeometry.frame === 7 && !lossGeometry.playing")
    tab.evaluate("() => lossGeometry.stage.seek(12)")
    tab.wait_for_url("**frame=12**")


def test_the_language_is_switched_without_starting_the_picture_anew(tab, site):
    stage(tab, site, "/?run=finished&frame=7&p1=arcface&p2=softmax")
    tab.wait_for_function("() => lossGeometry.frame === 7")
    tab.evaluate("() => { window.before = lossGeometry; }")
    tab.get_by_text(text("ui.language.zh", "zh"), exact=True).click()
    tab.wait_for_url("**lang=zh**")
    tab.get_by_role("button", name=text("ui.studio.train", "zh")).wait_for()
    assert tab.evaluate("() => window.before === lossGeometry && lossGeometry.frame") == 7
    tab.get_by_role("link", name=text("ui.nav.curves", "zh")).click()
    tab.wait_for_url("**/curves?**lang=zh**")
    tab.wait_for_url("**run=finished**")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_curves_stand_over_the_histogram_of_the_run(tab, site, language):
    tab.goto(f"{site.url}/curves?run=finished&p1=arcface&p2=softmax&curve=arcface&lang={language}")
    chart = tab.locator(".js-plotly-plot").first
    chart.wait_for()
    tab.get_by_text(text("ui.curves.live", language)).wait_for()
    bars = tab.locator("canvas.lg-histogram").first
    bars.wait_for()
    axis, canvas = chart.locator(".xaxislayer-below, .plot").first.bounding_box(), bars.bounding_box()
    assert abs(canvas["x"] - chart.bounding_box()["x"]) < 3
    assert canvas["y"] > axis["y"]


def test_a_wrong_link_is_a_sentence_and_a_moving_picture(tab, site):
    stage(tab, site, "/?run=nobody&steps=1e999")
    tab.get_by_text("nobody").first.wait_for()
    assert "Traceback" not in tab.content()
    tab.wait_for_function("() => lossGeometry.frame > 0")
