"""The curves without a browser: every loss, every knob, and what is compared."""

import pytest
from page_parts import everything, link_of, opened, troubles

from losses import LOSSES
from spec import knobs_of, text


@pytest.mark.parametrize("loss", LOSSES)
def test_the_curves_follow_every_knob(client, loss):
    page = opened({"curve": loss}, "curves")
    for knob in knobs_of(LOSSES[loss]):
        key = f"curve.{loss}.{knob.name}"
        if knob.kind == "switch":
            page.toggle(key=key).set_value(not knob.default).run()
        elif knob.kind == "choice":
            page.selectbox(key=key).set_value(knob.choices[-1]).run()
        else:
            page.select_slider(key=key).set_value(next(end for end in knob.slider if end != knob.default)).run()
        assert not page.exception
        assert not troubles(page)
        assert link_of(page).curve.knobs[knob.name] != knob.default


def test_curves_are_compared_with_a_few_values_of_a_knob(client):
    page = opened({"curve": "arcface"}, "curves")
    page.selectbox(key="compare").set_value("margin").run()
    page.multiselect(key="against.arcface.margin").set_value(["0", "1.2"]).run()
    assert not page.exception
    assert link_of(page).against == (0.0, 1.2)
    page.selectbox(key="curve").set_value("focal").run()
    assert (link_of(page).compare, link_of(page).against) == ("", ())
    page.selectbox(key="compare").set_value("default").run()
    assert link_of(page).compare == "default"


def test_a_value_to_compare_with_that_is_not_allowed_is_refused(client):
    page = opened({"curve": "arcface", "compare": "margin", "against": "0.1"}, "curves")
    page.multiselect(key="against.arcface.margin").set_value(["0.1", "0.3"]).run()
    assert link_of(page).against == (0.1, 0.3)


def test_without_a_run_of_the_loss_the_curves_say_where_to_open_one(client):
    page = opened({"curve": "focal"}, "curves")
    assert [info.value for info in page.info] == [text("ui.curves.no_run", "en")]
    page = opened({"curve": "arcface"}, "curves")
    assert not page.info
    assert text("ui.curves.live", "en") in everything(page)
