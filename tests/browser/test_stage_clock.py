"""The clock of the stage: when the page hears where it rests (tests/stage has the rest)."""

from typing import Any

import pytest
from stage_page import MOUNT, data_for
from stage_run import make_run

pytestmark = pytest.mark.browser


def test_the_page_is_told_where_the_clock_rests_but_not_what_it_asked_for(page: Any, fake: Any) -> None:
    run = make_run(count=60, frames=12)
    fake.runs[run.id] = run
    page.goto(fake.url)
    page.evaluate(MOUNT, data_for(run, frame=4))
    page.wait_for_function("() => window.lossGeometry?.frame === 4")
    page.wait_for_timeout(1500)  # twice as long as it takes to be told
    assert page.evaluate("() => window.rests") == []
    page.evaluate("() => lossGeometry.stage.seek(6)")
    page.wait_for_function("() => window.rests.length > 0")
    assert page.evaluate("() => window.rests") == [6]
