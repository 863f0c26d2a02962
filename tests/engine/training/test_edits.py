"""Knobs moved while training: every kind, live or given at once, and what is refused."""

import dataclasses

import numpy as np
import pytest
import torch
from engine_parts import advance, bytes_of, experiment, same_frames, weights_of

from engine import Edit, Trainer, train
from spec import Refusal

EDITS = [
    Edit(6, 0, "margin", 0.1),
    Edit(6, 0, "beyond", "easy"),
    Edit(10, 1, "bias", False),
    Edit(14, None, "learning_rate", 0.004),
    Edit(20, 1, "bias", True),
    Edit(25, None, "scale", 8.0),
]


def applied_live(whole, edits):
    trainer, frames = Trainer(whole), []
    while True:
        for edit in edits:
            if edit.step == trainer.step:
                trainer.apply(edit)
        if trainer.step % whole.steps_per_frame == 0 or trainer.finished:
            frames.append(trainer.frame())
        if trainer.finished:
            return frames
        trainer.advance()


def test_edits_given_at_once_are_edits_made_live():
    whole = experiment("arcface", "softmax", "contrastive", steps_per_frame=10)
    given, live = list(train(whole, EDITS)), applied_live(whole, EDITS)
    assert [frame.step for frame in given] == [frame.step for frame in live]
    assert all(same_frames(one, other) for one, other in zip(given, live, strict=True))
    assert not same_frames(given[-1], list(train(whole))[-1])


def test_a_panel_with_edits_is_the_same_beside_others_and_alone():
    beside = Trainer(experiment("arcface", "softmax", "center"))
    alone = Trainer(experiment("softmax"))
    for step in range(30):
        for edit in EDITS:
            if edit.step == step:
                beside.apply(edit)
                if edit.panel in (1, None) and edit.knob in ("bias", "learning_rate"):
                    alone.apply(dataclasses.replace(edit, panel=0 if edit.panel == 1 else None))
        beside.advance()
        alone.advance()
    assert weights_of(beside, 1) == weights_of(alone, 0)


def test_a_number_moves_the_loss_at_once_and_the_weights_with_the_next_step():
    trainer, still = (advance(Trainer(experiment("arcface", "arcface")), 10) for _ in range(2))
    before = trainer.frame()
    trainer.apply(Edit(10, 1, "margin", 0.9))
    after = trainer.frame()
    assert bytes_of(before, 0) == bytes_of(after, 0)
    assert np.array_equal(before.panels[1].embeddings, after.panels[1].embeddings)
    assert after.panels[1].loss > before.panels[1].loss
    assert after.panels[1].knobs["margin"] == 0.9
    advance(trainer, 5)
    advance(still, 5)
    assert weights_of(trainer, 0) == weights_of(still, 0)
    assert weights_of(trainer, 1) != weights_of(still, 1)


def test_an_edit_to_the_same_value_changes_only_the_schedule():
    trainer, still = (Trainer(experiment("softmax", "center")) for _ in range(2))
    trainer.apply(Edit(0, 0, "bias", True))
    assert weights_of(trainer, 0) == weights_of(still, 0)
    assert advance(trainer, 3).train_state.horizon == still.train_state.horizon


def test_a_switch_takes_state_away_and_brings_it_back_afresh():
    trainer = advance(Trainer(experiment("arcface", "softmax", "center")), 10)
    kept = {panel: weights_of(trainer, panel) for panel in (0, 2)}
    weight = trainer.state(1)["weight"].clone()
    assert trainer.state(1)["bias"].abs().max() > 0
    trainer.apply(Edit(10, 1, "bias", False))
    assert list(trainer.state(1)) == ["weight"]
    assert torch.equal(trainer.state(1)["weight"], weight)
    trainer.apply(Edit(10, 1, "bias", True))
    assert torch.equal(trainer.state(1)["weight"], weight)
    assert trainer.state(1)["bias"].tolist() == [0.0] * 4
    assert {panel: weights_of(trainer, panel) for panel in (0, 2)} == kept, "neighbours move in memory, not in value"
    advance(trainer, 5)
    assert trainer.state(1)["bias"].abs().max() > 0


def test_all_panels_means_those_that_have_the_knob():
    trainer = Trainer(experiment("arcface", "softmax", "cosface"))
    trainer.apply(Edit(0, None, "scale", 9.0))
    knobs = [panel.knobs for panel in trainer.frame().panels]
    assert knobs[0]["scale"] == knobs[2]["scale"] == 9.0
    assert "scale" not in knobs[1]


def test_the_learning_rate_is_a_panel_s_own():
    trainer = Trainer(experiment("softmax", "softmax"))
    trainer.apply(Edit(0, 1, "learning_rate", 0.001))
    one, other = trainer.train_state.rates_at(trainer.step)
    assert one == pytest.approx(0.01 / 20)  # the first step of the warm-up
    assert other == pytest.approx(0.001 * 0.3)  # an edit's restart is not warmed up
    advance(trainer, 10)
    assert weights_of(trainer, 0) != weights_of(trainer, 1)
    assert weights_of(trainer, 0) == weights_of(advance(Trainer(experiment("softmax")), 10), 0)


REFUSED = [
    (Edit(0, 2, "margin", 0.1), "panel is 2, but must be a whole number between 0 and 1"),
    (Edit(0, -1, "margin", 0.1), "panel is -1"),
    (Edit(0, True, "margin", 0.1), "panel is True"),
    (Edit(0, 1, "margin", 0.1), "knob 'margin'; there are: learning_rate, temperature, bias"),
    (Edit(0, None, "marge", 0.1), "knob 'marge'"),
    (Edit(0, 0, "margin", 99.0), "margin is 99"),
    (Edit(0, 0, "margin", float("nan")), "margin is nan"),
    (Edit(0, 0, "margin", True), "must be a number"),
    (Edit(0, 0, "margin", "wide"), "must be a number"),
    (Edit(0, 0, "beyond", "nothing"), "must be one of"),
    (Edit(0, 1, "bias", 1), "must be true or false"),
    (Edit(0, 0, "learning_rate", 0.0), "learning_rate is 0"),
    (Edit(0, None, "learning_rate", 2), "learning_rate is 2"),
    (Edit(1, 0, "margin", 0.1), "belongs to step 1, but the run is at step 0"),
]


@pytest.mark.parametrize(("edit", "sentence"), REFUSED)
def test_what_makes_no_sense_is_refused_and_changes_nothing(edit, sentence):
    trainer = Trainer(experiment("arcface", "softmax"))
    before = trainer.frame()
    with pytest.raises(Refusal, match=sentence):
        trainer.apply(edit)
    assert same_frames(trainer.frame(), before)
    assert trainer.edits == []
    assert trainer.train_state.horizon == 40


def test_a_value_that_one_of_the_panels_refuses_is_taken_by_none():
    trainer = Trainer(experiment("arcface", "contrastive"))  # 4 is a margin for distances, not for angles
    with pytest.raises(Refusal, match="margin is 4"):
        trainer.apply(Edit(0, None, "margin", 4.0))
    assert trainer.losses[1] == experiment("contrastive").panels[0].make()


def test_an_edit_at_the_end_lets_the_run_go_on():
    trainer = advance(Trainer(experiment("arcface")), 40)
    assert trainer.finished
    with pytest.raises(Refusal, match="ended at step 40"):
        trainer.advance()
    trainer.apply(Edit(40, 0, "margin", 0.6))
    assert not trainer.finished
    assert trainer.train_state.horizon == 80
    assert advance(trainer, 40).finished


def test_train_refuses_edits_after_the_end():
    with pytest.raises(Refusal, match="belongs to step 90"):
        list(train(experiment("arcface"), [Edit(90, 0, "margin", 0.1)]))
