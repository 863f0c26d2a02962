"""The clock, the keys, the knobs and the socket of the stage."""

import re
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stage_page import MOUNT, data_for, show
from stage_run import make_run

pytestmark = pytest.mark.browser


def until(told: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for what another thread does."""
    deadline = time.monotonic() + seconds
    while not told():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def frame_is(page: Any, frame: int) -> None:
    page.wait_for_function("f => lossGeometry.frame === f", arg=frame)


def test_scripts_read_the_run_through_one_object(page: Any, fake: Any) -> None:
    run = make_run(kinds=("cosine", "linear"), count=60, frames=12)
    show(page, fake, run, frame=4)
    told = page.evaluate("() => { const { run, frame, frames, fps, playing, panels } = lossGeometry; "
                         "return { run, frame, frames, fps, playing, panels }; }")  # fmt: skip
    assert (told["run"], told["frame"], told["frames"], told["playing"]) == ("run", 4, 12, False)
    assert [panel["slug"] for panel in told["panels"]] == ["cosine", "linear"]
    assert told["panels"][0]["step"] == 16
    assert told["panels"][0]["knobs"]["margin"] == 0.3
    assert told["panels"][0]["train_accuracy"] == pytest.approx(0.1 + 0.88 * 4 / 11)


def test_a_run_is_shown_at_its_newest_frame_and_plays_from_its_start(page: Any, fake: Any) -> None:
    show(page, fake, make_run(count=60, frames=12), motion="no-preference")
    frame_is(page, 11)
    page.click("[data-act=play]")
    page.wait_for_function("() => lossGeometry.playing && lossGeometry.frame < 6")
    page.wait_for_function("() => !lossGeometry.playing && lossGeometry.frame === 11")
    assert page.evaluate("() => lossGeometry.fps") > 0


def test_between_two_frames_points_lie_between(page: Any, fake: Any) -> None:
    show(page, fake, make_run(count=60, frames=3), motion="no-preference", frame=0)
    page.select_option("[data-act=speed]", "0.25")
    page.click("[data-act=play]")
    page.wait_for_function("() => { const s = lossGeometry.stage.views[0].scene.share; return s > 0.2 && s < 0.8; }")


def test_without_motion_frames_are_not_blended(page: Any, fake: Any) -> None:
    show(page, fake, make_run(count=60, frames=12), frame=0)
    page.evaluate(
        """() => {
          window.shares = new Set();
          const look = () => {
            window.shares.add(lossGeometry.stage.views[0].scene.share);
            requestAnimationFrame(look);
          };
          look();
        }"""
    )
    page.click("[data-act=play]")
    page.wait_for_function("() => lossGeometry.frame === 11")
    assert page.evaluate("() => [...window.shares]") == [0]


def test_keys_move_and_inputs_keep_theirs(page: Any, fake: Any) -> None:
    show(page, fake, make_run(count=60, frames=30), frame=20)
    for key, frame in (("ArrowRight", 21), ("ArrowLeft", 20), ("Shift+ArrowLeft", 10), ("Home", 0), ("End", 29)):
        page.keyboard.press(key)
        frame_is(page, frame)
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    page.wait_for_function("() => lossGeometry.playing")
    page.keyboard.press("Space")
    page.wait_for_function("() => !lossGeometry.playing")
    page.keyboard.press("Home")
    frame_is(page, 0)
    page.evaluate(
        "() => { const i = document.createElement('input'); i.id = 'other'; document.body.append(i); i.focus(); }"
    )
    page.keyboard.type(" f")
    page.keyboard.press("End")
    assert page.input_value("#other") == " f"
    assert page.evaluate("() => [lossGeometry.playing, lossGeometry.frame, document.fullscreenElement]") == [
        False,
        0,
        None,
    ]


def test_the_scrubber_seeks_and_shows_edits(page: Any, fake: Any) -> None:
    run = make_run(count=60, frames=30)
    run.events.append({"kind": "edit", "step": 40, "frame": 10, "body": {"panel": 0, "knob": "margin", "value": 0.4}})
    show(page, fake, run)
    page.locator(".lg-scrub").fill("17")
    frame_is(page, 17)
    mark = page.locator(".lg-mark")
    assert mark.get_attribute("title") == "Step 40: margin set to 0.4"
    mark.click()
    frame_is(page, 10)


def test_a_dragged_knob_sends_at_most_25_edits_a_second_and_the_last_value(page: Any, fake: Any) -> None:
    run = make_run(kinds=("cosine", "linear"), count=60, frames=12)
    run.live = True
    show(page, fake, run, frame=7)
    slider = page.locator("[data-panel='1'] [data-knob=margin] input")
    page.evaluate(
        """async () => {
          const input = document.querySelector("[data-panel='1'] [data-knob=margin] input");
          const send = WebSocket.prototype.send;
          window.times = [];  // of the page's clock: messages may reach a busy server in a heap
          WebSocket.prototype.send = function (text) { window.times.push(performance.now()); send.call(this, text); };
          for (let i = 0; i < 100; i++) {
            input.value = 300 + i;
            input.dispatchEvent(new Event("input", { bubbles: true }));
            await new Promise((done) => setTimeout(done, 5));
          }
          input.dispatchEvent(new Event("change", { bubbles: true }));
        }"""
    )
    until(lambda: bool(fake.heard) and fake.heard[-1]["value"] == 0.399)
    edits = fake.heard
    assert {(e["type"], e["panel"], e["knob"], e["frame"]) for e in edits} == {("edit", 1, "margin", 7)}
    times = page.evaluate("() => window.times")
    assert len(times) == len(edits)
    span = (times[-1] - times[0]) / 1000
    assert 2 < len(edits) <= 25 * span + 3
    assert slider.input_value() == "399"
    told = page.evaluate("() => window.told")
    assert told == [{"name": "edit", "run": "run", "panel": 1, "knob": "margin", "value": 0.399, "frame": 7}]


def test_a_knob_follows_the_frame_and_linked_knobs_move_together(page: Any, fake: Any) -> None:
    show(page, fake, make_run(kinds=("cosine", "linear"), count=60, frames=12), frame=3)
    values = page.locator("[data-knob=margin] .lg-value")
    assert values.all_inner_texts() == ["0.3 rad", "0.3 rad"]
    assert page.locator(".lg-limit").first.get_attribute("title") == "Ten classes in the plane allow no more."
    page.click("[data-act=linked]")
    page.locator("[data-panel='0'] [data-knob=margin] input").fill("500")
    assert values.all_inner_texts() == ["0.5 rad", "0.5 rad"]
    until(lambda: bool(fake.heard))
    assert fake.heard[-1]["panel"] is None


def test_a_menu_and_the_learning_rate_are_edits_too(page: Any, fake: Any) -> None:
    show(page, fake, make_run(count=60, frames=12), frame=3)
    page.select_option("[data-knob=beyond] select", "raw")
    until(lambda: any(e["knob"] == "beyond" and e["value"] == "raw" for e in fake.heard))
    page.locator("[data-knob=learning_rate] input").fill("0")
    until(lambda: any(e["knob"] == "learning_rate" and e["value"] == 1e-4 and e["panel"] is None for e in fake.heard))


def test_a_fork_takes_over_without_an_empty_canvas(page: Any, fake: Any) -> None:
    run, other = make_run(count=60, frames=12), make_run("other", count=60, frames=5, seed=1)
    fake.runs["other"] = other
    show(page, fake, run, frame=4)
    fake.on_edit = lambda run, _: (
        {"type": "forked", "id": "other", "owner": "token", "from": 4} if run == "run" else None
    )
    page.evaluate(
        """() => {
          window.empty = 0;
          const look = () => {
            if (lossGeometry.frame === null || !lossGeometry.stage.views.length) window.empty++;
            requestAnimationFrame(look);
          };
          look();
        }"""
    )
    page.locator("[data-panel='0'] [data-knob=margin] input").press("ArrowRight")
    page.locator("[data-panel='0'] [data-knob=margin] input").fill("600")
    page.wait_for_function("() => lossGeometry.run === 'other'")
    until(lambda: any(name == "other" for name, _ in fake.sockets))
    longer = make_run(count=60, frames=9, seed=1)
    for body in longer.frames[5:]:
        fake.append(other, body)
    frame_is(page, 8)
    assert page.evaluate("() => window.empty") == 0
    # one drag is one fork: what came after the first edit goes to the new run
    until(lambda: [e["value"] for e in fake.heard if e["run"] == "other"][-1:] == [0.6])
    assert len([e for e in fake.heard if e["run"] == "run"]) == 1
    forks = [told for told in page.evaluate("() => window.told") if told["name"] == "fork"]
    assert forks[0]["id"] == "other"
    assert forks[0]["owner"] == "token"
    # Python hears of it a moment later and still says the old run: the stage stays
    page.evaluate("data => window.view.update(data)", data_for(run))
    page.evaluate("data => window.view.update({ ...data, run: 'other' })", data_for(run))
    frame_is(page, 8)
    assert page.evaluate("() => lossGeometry.run") == "other"


def test_a_live_run_is_followed_and_the_trainer_is_told(page: Any, fake: Any) -> None:
    run, longer = make_run(count=60, frames=3), make_run(count=60, frames=12)
    run.live = True
    show(page, fake, run)
    for body in longer.frames[3:8]:
        fake.append(run, body)
    frame_is(page, 7)
    assert page.evaluate("() => lossGeometry.playing")
    page.click("[data-act=train]")
    page.click("[data-act=train]")
    page.select_option("[data-act=pace]", "30")
    page.click("[data-act=step]")
    until(lambda: len(fake.heard) >= 4)
    assert [heard["type"] for heard in fake.heard] == ["pause", "resume", "pace", "step"]
    assert fake.heard[2]["frames_per_second"] == 30
    page.keyboard.press("ArrowLeft")
    frame_is(page, 6)
    fake.append(run, longer.frames[8])
    page.wait_for_function("() => lossGeometry.frames === 9")
    assert page.evaluate("() => lossGeometry.frame") == 6
    page.click("[data-act=follow]")
    frame_is(page, 8)


def test_a_cut_connection_is_made_again(page: Any, fake: Any) -> None:
    run, longer = make_run(count=60, frames=3), make_run(count=60, frames=6)
    run.live = True
    show(page, fake, run)
    opened = fake.opened
    fake.drop()
    until(lambda: fake.opened > opened)
    until(lambda: bool(fake.sockets))
    fake.append(run, longer.frames[3])
    frame_is(page, 3)


def test_wheel_drag_and_double_click_move_the_view(page: Any, fake: Any) -> None:
    show(page, fake, make_run(kinds=("cosine", "linear"), count=60, frames=3), frame=1)
    look = (
        "() => lossGeometry.stage.views.map(({ camera, rect }) => "
        "[...camera.center.slice(0, 2), camera.unitsPerPixel(rect)])"
    )
    first = page.evaluate(look)
    assert first[0] == first[1]
    box = page.locator("[data-panel='1'] .lg-plot").bounding_box()
    x, y = box["x"] + 200, box["y"] + 150
    under = "([x, y]) => { const { camera, rect } = lossGeometry.stage.views[1]; return camera.toWorld(x, y, rect); }"
    before = page.evaluate(under, [200, 150])
    page.mouse.move(x, y)
    page.mouse.wheel(0, -240)
    page.wait_for_function(f"([u]) => ({look})()[1][2] < u", arg=[first[1][2]])
    assert page.evaluate(under, [200, 150]) == pytest.approx(before, abs=0.02)
    page.mouse.down()
    page.mouse.move(x + 60, y + 30, steps=4)
    page.mouse.up()
    page.wait_for_function("() => lossGeometry.stage.settled")
    assert page.evaluate(under, [260, 180]) == pytest.approx(before, abs=0.02)
    page.click("[data-act=locked]")
    page.mouse.move(x, y)
    page.mouse.wheel(0, -120)
    page.wait_for_function(f"() => ({look})()[0][2] !== ({look})()[1][2]")
    page.click("[data-act=locked]")
    page.mouse.dblclick(x, y)
    page.wait_for_function(f"([u]) => Math.abs(({look})()[1][2] - u) < 1e-9", arg=[first[1][2]])


def test_a_run_that_is_not_there_is_told_in_one_sentence(browser: Any, fake: Any) -> None:
    page = browser.new_page()
    run = make_run("gone", count=10, frames=1)
    page.goto(fake.url)
    page.evaluate(MOUNT, data_for(run))
    page.wait_for_function("() => document.querySelector('.lg-message').textContent === 'There is no such run.'")
    page.close()


def test_every_text_of_the_modules_is_in_the_catalogue() -> None:
    root = Path(__file__).parents[2]
    catalogue = tomllib.loads((root / "spec/texts/stage.toml").read_text(encoding="utf-8"))
    script = "\n".join(path.read_text(encoding="utf-8") for path in sorted((root / "app/stage").rglob("*.js")))
    direct = set(re.findall(r'\bt\("([a-z_]+)"', script))
    made = set(re.findall(r'(?:create(?:Button|Toggle|Menu)\(t, |number\()"([a-z_]+)"', script))
    assert {"play", "follow", "speed", "loss"} <= made
    assert direct <= set(catalogue)
    assert made <= set(catalogue)
    assert all(entry["en"] and entry["zh"] for entry in catalogue.values())
    unused = [name for name in catalogue if not re.search(rf"\b{name.removesuffix('_help')}\b", script)]
    assert not unused
