"""Checkpoints: go on to the bit, and refuse what is damaged or another's."""

import pytest
from engine_parts import SIX, Trainer, advance, experiment, same_frames, weights_of, with_bomb

from engine import Edit
from spec import Refusal

EDITS = [Edit(5, 3, "margin", 0.1), Edit(9, 0, "bias", False), Edit(9, None, "learning_rate", 0.02)]


def trained(whole, edits, steps):
    trainer = Trainer(whole)
    for step in range(steps + 1):
        for edit in edits:
            if edit.step == step:
                trainer.apply(edit)
        if step < steps:
            trainer.advance()
    return trainer


@pytest.mark.parametrize("net", ["mlp", "cnn"])
def test_a_restored_run_goes_on_to_the_bit(net):
    whole = experiment(*SIX, net=net)
    trainer = trained(whole, EDITS, 17)
    restored = Trainer.restore(whole, EDITS, trainer.checkpoint())
    assert restored.step == 17
    assert restored.train_state.horizon == trainer.train_state.horizon
    assert same_frames(restored.frame(), trainer.frame())
    for each in (trainer, restored):
        advance(each, 10)
        each.apply(Edit(27, 0, "bias", True))
        advance(each, 5)
    assert same_frames(restored.frame(), trainer.frame())
    assert restored.checkpoint() == trainer.checkpoint()


def test_edits_after_the_checkpoint_are_left_to_the_caller():
    whole = experiment("arcface", "softmax", "center", "arcface")
    trainer = trained(whole, [], 9)
    saved = trainer.checkpoint()  # at step 9, before the edits of step 9
    restored = Trainer.restore(whole, [Edit(9, 1, "bias", False)], saved)
    assert restored.edits == []
    assert list(restored.state(1)) == ["weight", "bias"]
    trainer.apply(Edit(9, 1, "bias", False))
    after = Trainer.restore(whole, [Edit(9, 1, "bias", False)], trainer.checkpoint())
    assert list(after.state(1)) == ["weight"]


def test_a_checkpoint_of_the_first_step_is_the_start():
    whole = experiment("center")
    restored = Trainer.restore(whole, [], Trainer(whole).checkpoint())
    assert weights_of(advance(restored, 20), 0) == weights_of(advance(Trainer(whole), 20), 0)


def test_a_stopped_panel_stays_stopped(monkeypatch):
    with_bomb(monkeypatch)
    whole = experiment("bomb", "softmax")
    trainer = advance(Trainer(whole), 12)
    restored = Trainer.restore(whole, [], trainer.checkpoint())
    assert restored.stopped == trainer.stopped
    assert list(restored.stopped) == [0]
    assert same_frames(advance(restored, 5).frame(), advance(trainer, 5).frame())


def test_what_is_damaged_or_another_s_is_refused():
    whole = experiment("softmax")
    trainer = trained(whole, [Edit(3, 0, "bias", False)], 5)
    saved = trainer.checkpoint()
    edits = trainer.edits
    others = [b"", b"12345678", saved[:-1], saved[: len(saved) // 2], b"\xff" * 200, b"\x02" + bytes(7) + b"{}"]
    for bad in others:
        with pytest.raises(Refusal, match="checkpoint is damaged"):
            Trainer.restore(whole, edits, bad)
    with pytest.raises(Refusal, match="does not belong"):
        Trainer.restore(experiment("softmax", seed=1), edits, saved)
    with pytest.raises(Refusal, match="does not belong"):
        Trainer.restore(whole, [], saved)
    with pytest.raises(Refusal, match="does not belong"):
        Trainer.restore(whole, [Edit(3, 0, "temperature", 2.0)], saved)
