"""The pace of a run: it is kept where it can be; where it cannot, frames take their share of the time."""

import pytest

from engine import Experiment, Panel, Trainer
from engine.running.pacing import FLOW_SECONDS, FREE_CORE_SHARE, MIN_LOOKS, TRAINING_CORE_SHARE, Pace
from spec import Refusal


class Clock:
    """Time that passes when the test says so."""

    def __init__(self, monkeypatch) -> None:
        self.now = 100.0
        monkeypatch.setattr("engine.running.pacing.time.monotonic", lambda: self.now)


def run(pace: Pace, clock: Clock, *, step: float, sample: float, fixed: float = 0.0, frames: int = 60):
    """Let a run of such costs go on, its frames made beside it.

    Returns seconds of the second half, those in which a frame was being made, and how many frames there were.
    """
    spent, done = [], 0.0
    while len(spent) < frames:
        clock.now = max(clock.now, pace.due)
        clock.now += step
        if 0 < done <= clock.now:
            pace.count_frame(spent[-1][1])
            done = 0.0
        if not pace.count_steps(1, step):
            continue
        framed = pace.frame_due and not done
        if framed:
            cost = fixed + sample * pace.looks
            spent.append((clock.now, cost))
            done = clock.now + cost
        pace.end_period(with_frame=framed)
    half = spent[frames // 2 :]
    return half[-1][0] - half[0][0], sum(cost for _, cost in half[:-1]), len(half) - 1


def test_what_can_be_kept_is_kept(monkeypatch):
    clock = Clock(monkeypatch)
    pace = Pace(4, 2000, 1e-6)
    seconds, _, frames = run(pace, clock, step=0.002, sample=2e-6)
    assert pace.looks == 2000
    assert frames / seconds == pytest.approx(30, rel=0.05)


@pytest.mark.parametrize("share", [TRAINING_CORE_SHARE, FREE_CORE_SHARE])
@pytest.mark.parametrize("step", [0.0005, 0.003, 0.02, 0.3])
@pytest.mark.parametrize("sample", [3e-6, 2e-5, 2e-4])
def test_late_frames_take_their_share_of_the_time(monkeypatch, step, sample, share):
    pace, clock = Pace(4, 12_000, sample, share), Clock(monkeypatch)
    pace.fps = 1000  # never kept
    seconds, background_frames, frames = run(pace, clock, step=step, sample=sample)
    # a step more or less, and never fewer samples than a few
    assert background_frames / seconds <= share + 0.05 or background_frames / frames < step
    flow = 4 * step * max(1, int(FLOW_SECONDS / (4 * step)))  # whole periods
    if sample * MIN_LOOKS <= flow * share:  # samples are left out before the flow of pictures suffers
        assert frames / seconds >= 1 / max(FLOW_SECONDS, 4 * step) * 0.7


def test_a_run_rests_for_as_many_steps_as_it_took_when_frames_were_left_out(monkeypatch):
    pace, clock = Pace(4, 500, 1e-6, FREE_CORE_SHARE), Clock(monkeypatch)
    began, steps, longest, before = clock.now, 0, 0.0, clock.now
    count_steps = pace.count_steps

    def counted(number, seconds):
        nonlocal steps, longest, before
        steps += number
        longest, before = max(longest, clock.now - before), clock.now
        return count_steps(number, seconds)

    monkeypatch.setattr(pace, "count_steps", counted, raising=False)
    run(pace, clock, step=0.001, sample=2e-4)  # 100 ms a frame
    assert steps / (clock.now - began) == pytest.approx(4 * 30, rel=0.1)
    assert longest <= 1.1 / 30  # no bursts of steps, and no long rests after them


def test_samples_are_left_out_before_frames_and_never_all(monkeypatch):
    pace, clock = Pace(1, 10_000, 1e-4), Clock(monkeypatch)
    run(pace, clock, step=0.01, sample=1e-3)
    assert pace.looks == MIN_LOOKS
    few = Pace(1, 40, 1.0)
    assert few.looks == 40


def test_the_first_frame_does_not_keep_anybody_waiting():
    assert Pace(1, 12_000, 1e-3).looks == MIN_LOOKS
    assert Pace(1, 12_000, 1e-5).looks == 12_000
    assert 1000 < Pace(1, 12_000, 1e-4).looks < 3000


def test_samples_come_back_when_the_machine_is_free_again(monkeypatch):
    pace, clock = Pace(4, 4000, 1e-5), Clock(monkeypatch)
    run(pace, clock, step=0.02, sample=5e-4)
    few = pace.looks
    run(pace, clock, step=0.001, sample=1e-6)
    assert few < 4000
    assert pace.looks == 4000


def test_who_moves_a_knob_does_not_wait_for_frames_that_are_left_out(monkeypatch):
    pace, clock = Pace(4, 12_000, 2e-5), Clock(monkeypatch)
    pace.fps = 1000
    run(pace, clock, step=0.003, sample=2e-5)
    pace.count_frame(0.24)
    assert not pace.frame_due
    assert not pace.count_steps(1, 0.003)
    pace.hasten_frame()
    assert pace.frame_due
    assert pace.steps_left == 3


def trainer() -> Trainer:
    settings = {"data": "blobs", "batch": 32, "points": 300, "steps": 40}
    return Trainer(Experiment.parse({**settings, "panels": (Panel(loss="arcface"), Panel(loss="contrastive"))}))


def test_a_finished_run_takes_no_more_steps():
    own = trainer()
    while not own.finished:
        own.advance(7)
    assert own.step == 40
    with pytest.raises(Refusal):
        own.advance()
