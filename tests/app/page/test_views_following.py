"""What is done on the stage ends up in the link, and nowhere else."""

import pytest

from app.page.experiment_knobs import with_knob, with_panel, with_settings
from app.page.run_view import apply_result
from app.page.stage_component import Fork, KnobEdit, Rest, StageResult
from app.page.url_state import Link
from app.presets import PRESETS
from engine import Experiment, Panel
from spec import Refusal

TWO = Experiment(panels=(Panel(loss="arcface"), Panel(loss="cosface")))


def test_nothing_done_changes_nothing():
    link = Link(experiment=TWO, run="a", frame=3)
    assert apply_result(link, StageResult()) == link


def test_an_edit_of_the_own_run_moves_the_knob_of_one_panel_and_names_the_run():
    link = apply_result(Link(experiment=TWO, frame=3), StageResult(edit=KnobEdit("a", 0, "margin", 0.5, 3)))
    assert (link.run, link.frame) == ("a", None)
    assert [panel.knobs["margin"] for panel in link.experiment.panels] == [0.5, 0.15]


def test_an_edit_of_all_panels_moves_every_knob_of_that_name():
    link = apply_result(Link(experiment=TWO, run="a"), StageResult(edit=KnobEdit("a", None, "scale", 8.0, 3)))
    assert [panel.knobs["scale"] for panel in link.experiment.panels] == [8.0, 8.0]
    link = apply_result(link, StageResult(edit=KnobEdit("a", None, "beyond", "easy", 3)))
    assert "beyond" not in link.experiment.panels[1].knobs


def test_the_learning_rate_of_all_is_the_experiments_and_that_of_one_panel_its_own():
    one = apply_result(Link(experiment=TWO), StageResult(edit=KnobEdit("a", 1, "learning_rate", 0.05, 3)))
    assert [panel.learning_rate for panel in one.experiment.panels] == [None, 0.05]
    assert one.experiment.learning_rate == TWO.learning_rate
    both = apply_result(one, StageResult(edit=KnobEdit("a", None, "learning_rate", 0.02, 4)))
    assert both.experiment == with_settings(TWO, learning_rate=0.02)


def test_a_fork_is_what_the_link_names_from_then_on():
    done = StageResult(edit=KnobEdit("petals", 0, "margin", 0.5, 9), fork=Fork("b", None, 9))
    link = apply_result(Link(experiment=TWO, run="petals", frame=9), done)
    assert (link.run, link.frame, link.experiment.panels[0].knobs["margin"]) == ("b", None, 0.5)


def test_where_the_clock_rests_is_kept_until_it_moves():
    link = apply_result(Link(run="a"), StageResult(rest=Rest("a", 12)))
    assert link.frame == 12
    assert apply_result(link, StageResult(rest=Rest("a", None))).frame is None


def test_changes_are_checked_like_everything_that_comes_in():
    assert with_settings(TWO, dim="3").dim == 3
    assert with_panel(TWO, 1, Panel(loss="focal")).panels[1].loss == "focal"
    for wrong in ({"dim": 4}, {"data": "imagenet"}, {"steps": 0}):
        with pytest.raises(Refusal):
            with_settings(TWO, **wrong)
    with pytest.raises(Refusal):
        with_knob(TWO, 0, "margin", 9.0)


def test_every_example_differs_from_the_others():
    assert len({preset.experiment for preset in PRESETS}) == len(PRESETS)
