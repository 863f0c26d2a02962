"""A recording says from which step on its steps are compiled."""

from concurrent.futures import Future

from engine_parts import experiment

from engine import Recording, Trainer, record


def test_the_fast_mode_says_from_where_on_it_is_one(monkeypatch, tmp_path):
    compiled = Future()
    monkeypatch.setattr("engine.compiled.step.request_step", lambda state: compiled)
    own = experiment("softmax", steps=12, steps_per_frame=4, points=40, mode="fast")
    steps = Trainer.advance

    def advance(self, most=1):
        if self.step == 6:
            compiled.set_result(lambda *given: None)
        steps(self, most)

    monkeypatch.setattr(Trainer, "advance", advance)
    list(record(own, tmp_path / "run.lossgeo"))
    with Recording(tmp_path / "run.lossgeo") as recording:
        stage = next(event for event in recording.events if event.kind == "stage")
    assert stage.body == {"stage": "compiled", "precision": "float32"}
    assert 7 <= stage.step <= 8
