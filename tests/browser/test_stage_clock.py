"""The clock of the stage: how it follows a run that is being trained, and when the page hears where it rests."""

from typing import Any

import pytest
from stage_page import data_for, show
from stage_run import make_run

pytestmark = pytest.mark.browser

RESTS = """async (data) => {
  const { mount } = await import("/stage/index.js");
  window.rests = [];
  window.view = mount(document.getElementById("root"), data, { rested: (at) => window.rests.push(at.frame) });
}"""


def test_the_page_is_told_where_the_clock_rests_but_not_what_it_asked_for(page: Any, fake: Any) -> None:
    run = make_run(count=60, frames=12)
    fake.runs[run.id] = run
    page.goto(fake.url)
    page.evaluate(RESTS, data_for(run, frame=4))
    page.wait_for_function("() => window.lossGeometry?.frame === 4")
    page.wait_for_timeout(1500)  # twice as long as it takes to be told
    assert page.evaluate("() => window.rests") == []
    page.evaluate("() => lossGeometry.stage.seek(6)")
    page.wait_for_function("() => window.rests.length > 0")
    assert page.evaluate("() => window.rests") == [6]


LIVE = """async ([seconds, frameEvery, pictureEvery]) => {
  const { createPlayer } = await import("/stage/state/clock.js");
  window.clock ??= { player: createPlayer(() => ({ count: 1, frames: [{ id: 0 }] })), now: 0, id: 0 };
  const { clock } = window, seen = [];
  let frame = clock.now, picture = clock.now;
  const end = clock.now + 1000 * seconds;
  while (clock.now < end) {
    if (frame <= picture) { clock.now = frame; clock.player.arrive(clock.id++, frame); frame += frameEvery; }
    else {
      clock.now = picture;
      clock.player.advance(picture, pictureEvery / 1000);
      seen.push([clock.id - 1 - clock.player.position, clock.player.position % 1]);
      picture += pictureEvery;
    }
  }
  return seen.slice(-20);
}"""


def test_the_newest_frame_is_not_glided_to_where_pictures_come_slower_than_frames(page: Any, fake: Any) -> None:
    show(page, fake, make_run(count=60, frames=3))
    quick = page.evaluate(LIVE, [3, 100, 16])
    assert max(lag for lag, _ in quick) <= 1
    assert sum(0.01 < share < 0.99 for _, share in quick) > 10
    page.evaluate(LIVE, [2, 33, 75])
    slow = page.evaluate(LIVE, [3, 33, 75])
    assert max(lag for lag, _ in slow) == 0
    again = page.evaluate(LIVE, [6, 100, 16])
    assert sum(0.01 < share < 0.99 for _, share in again) > 10
