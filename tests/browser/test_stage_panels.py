"""Up to six panels on the stage, and the samples under the pointer."""

from typing import Any

import pytest
from stage_page import show
from stage_run import make_run

pytestmark = pytest.mark.browser

SIX = ("cosine", "linear", "euclidean", "mahalanobis", "cosine", "linear")

RECTS = "() => lossGeometry.stage.views.map(({ rect }) => [rect.left, rect.top, rect.width, rect.height])"

PIXEL = """(sample) => {
  const { scene, lens, rect } = lossGeometry.stage.views[0], { p, dim } = scene;
  const z = [0, 1].map((d) => p.quantum[d] + p.quantum[dim] * p.embeddings[sample * dim + d]);
  const at = (row) => lens.view[row] * z[0] + lens.view[row + 4] * z[1] + lens.view[row + 12];
  const view = document.querySelector(".lg-view").getBoundingClientRect();
  return [view.left + rect.left + (at(0) / 2 + 0.5) * rect.width,
    view.top + rect.top + (0.5 - at(1) / 2) * rect.height];
}"""


def columns(rects: list[list[float]]) -> int:
    return len({round(left) for left, *_ in rects})


def test_six_panels_stand_by_the_shape_of_the_window(page: Any, fake: Any) -> None:
    show(page, fake, make_run(kinds=SIX, count=60, frames=3), frame=1)
    rects = page.evaluate(RECTS)
    assert (len(rects), columns(rects)) == (6, 3)
    assert min(min(width, height) for _, _, width, height in rects) >= 200
    page.set_viewport_size({"width": 800, "height": 1900})
    page.wait_for_function(f"() => new Set(({RECTS})().map(([left]) => Math.round(left))).size === 2")
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function(f"() => new Set(({RECTS})().map(([left]) => Math.round(left))).size === 1")
    rects = page.evaluate(RECTS)
    assert all(width > 340 and height > 230 for _, _, width, height in rects)
    assert page.evaluate("() => document.documentElement.scrollWidth") == 390
    page.evaluate("() => window.scrollTo(0, 900)")
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_timeout(300)
    assert page.evaluate("() => window.scrollY") == 900, "the page stays where the reader is"
    page.set_viewport_size({"width": 1400, "height": 900})
    page.wait_for_function(f"() => new Set(({RECTS})().map(([left]) => Math.round(left))).size === 3")


def test_four_panels_stand_two_by_two(page: Any, fake: Any) -> None:
    show(page, fake, make_run(kinds=SIX[:4], count=60, frames=2), frame=1)
    rects = page.evaluate(RECTS)
    assert (len(rects), columns(rects)) == (4, 2)


def test_scripts_switch_layers_and_select(page: Any, fake: Any) -> None:
    show(page, fake, make_run(count=60, frames=2), frame=1)
    names = ["regions", "band", "train_points", "test_points", "shapes", "classes"]
    assert page.evaluate("() => lossGeometry.stage.layers") == dict.fromkeys(names, True)
    before = page.evaluate("() => lossGeometry.stage.snapshot()")
    page.evaluate("() => lossGeometry.stage.show('shapes', false)")
    page.wait_for_function("() => lossGeometry.stage.settled")
    assert page.evaluate("() => lossGeometry.stage.layers.shapes") is False
    assert page.locator("[data-act=shapes]").get_attribute("aria-pressed") == "false"
    assert page.evaluate("() => lossGeometry.stage.snapshot()") != before
    page.evaluate("() => lossGeometry.stage.show('shapes', true)")
    page.wait_for_function("() => lossGeometry.stage.settled")
    assert page.evaluate("() => lossGeometry.stage.snapshot()") == before
    page.evaluate("() => lossGeometry.stage.select(3)")
    assert page.evaluate("() => lossGeometry.stage.snapshot()") != before
    page.keyboard.press("Escape")
    assert page.evaluate("() => lossGeometry.stage.selection") is None
    refuse = "(act) => { try { act(); return null; } catch (error) { return error.message; } }"
    told = page.evaluate(f"() => ({refuse})(() => lossGeometry.stage.show('clouds', true))")
    assert told == f"There is no layer clouds; there are {', '.join(names)}."
    told = page.evaluate(f"() => ({refuse})(() => lossGeometry.stage.select(60))")
    assert told == "There is no sample 60; there are 60, the first is 0."


def test_a_sample_under_the_pointer_has_a_card_and_a_click_selects_it(page: Any, fake: Any) -> None:
    run = make_run(count=40, frames=2)
    show(page, fake, run, frame=1)
    x, y = page.evaluate(PIXEL, 7)
    page.mouse.move(x, y)
    card = page.locator(".lg-card")
    card.wait_for()
    assert card.inner_text().startswith(f"Class {run.labels[7]}")
    assert "sample 7" in card.inner_text()
    assert card.locator("canvas").count() == 1
    page.mouse.click(x, y)
    page.wait_for_function("() => lossGeometry.stage.selection === 7")
    page.mouse.move(x + 120, y)
    page.mouse.down()
    page.mouse.move(x + 150, y + 10, steps=3)
    page.mouse.up()
    assert page.evaluate("() => lossGeometry.stage.selection") == 7, "a drag selects nothing"
