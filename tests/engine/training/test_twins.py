"""Same seed, same bytes; same start and same batches in every panel; beside others the same as alone."""

import subprocess
import sys

import pytest
import torch
from engine_parts import SIX, advance, bytes_of, experiment, same_frames, weights_of

from engine import Trainer, train
from losses import LOSSES


def test_train_yields_the_same_bytes_twice():
    once, again = (list(train(experiment("arcface", "center", steps_per_frame=15))) for _ in range(2))
    assert [frame.step for frame in once] == [0, 15, 30, 40]
    assert all(same_frames(one, other) for one, other in zip(once, again, strict=True))
    assert not same_frames(once[0], once[1])


SCRIPT = """
import hashlib
import torch
torch.set_num_threads(1)
from engine_parts import SIX, bytes_of, experiment
from engine import train
frame = list(train(experiment(*SIX, steps=25, net="{net}")))[-1]
print(hashlib.sha256(b"".join(bytes_of(frame, panel) for panel in range(6))).hexdigest())
"""


def test_two_processes_come_to_the_same_bytes(request):
    places = [str(request.config.rootpath), str(request.path.parents[1])]  # engine_parts.py is beside the folders
    script = f"import sys; sys.path[:0] = {places}\n" + SCRIPT.format(net="mlp")
    answers = {
        subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, timeout=60).stdout for _ in "ab"
    }
    assert len(answers) == 1
    assert len(answers.pop().strip()) == 64


def test_every_loss_is_the_same_beside_all_others_and_alone():
    settings = {"dials": {"classes": 5, "per_class": 30}, "batch": 50, "steps": 20}
    beside = advance(Trainer(experiment(*LOSSES, **settings)), 20)
    seen = beside.frame()
    assert beside.stopped == {}
    for number, slug in enumerate(LOSSES):
        alone = advance(Trainer(experiment(slug, **settings)), 20)
        assert weights_of(alone, 0) == weights_of(beside, number), slug
        assert bytes_of(alone.frame(), 0) == bytes_of(seen, number), slug


@pytest.mark.parametrize(
    ("threads", "net", "steps", "settings"),
    [
        ("one_thread", "mlp", 300, {}),
        ("one_thread", "mlp", 60, {"batch": 37, "dim": 3}),  # no size is a multiple of what a vector register holds
        ("one_thread", "cnn", 40, {"batch": 31}),
        # few steps: with several threads on a busy machine each operation waits for the slowest
        ("two_threads", "mlp", 5, {"batch": 300, "dials": {"classes": 10, "per_class": 40}}),
        ("two_threads", "cnn", 3, {}),
    ],
)
def test_a_panel_beside_others_is_the_panel_alone_to_the_bit(request, threads, net, steps, settings):
    """Six losses, the state of some moved by rule, and one loss twice: against seven trainers of one panel each."""
    request.getfixturevalue(threads)
    panels = [*SIX, ("arcface", {"margin": 0.2, "beyond": "easy"})]
    settings = {"net": net, "steps": steps, **settings}
    beside = advance(Trainer(experiment(*panels, **settings)), steps)
    seen = beside.frame()
    for number, panel in enumerate(panels):
        alone = advance(Trainer(experiment(panel, **settings)), steps)
        assert weights_of(alone, 0) == weights_of(beside, number), panel
        assert bytes_of(alone.frame(), 0) == bytes_of(seen, number), panel


def test_other_neighbours_make_no_difference_on_one_thread():
    results = set()
    for panels in (["focal"], ["softmax", "focal"], ["contrastive", "arcface", "focal", "center"]):
        trainer = advance(Trainer(experiment(*panels)), 40)
        results.add(weights_of(trainer, panels.index("focal")))
    assert len(results) == 1


def test_twins_share_start_and_batches_and_the_seed_changes_both():
    one = Trainer(experiment("softmax", "arcface")).twins
    other = Trainer(experiment("contrastive")).twins
    assert one == other
    assert all(len(digest) == 64 for digest in one.values())
    seeded = Trainer(experiment("softmax", seed=1)).twins
    assert seeded["initial"] != one["initial"]
    assert seeded["batches"] != one["batches"]
    frame = Trainer(experiment(*SIX)).frame()
    assert len({panel.embeddings.tobytes() for panel in frame.panels}) == 1


def test_the_global_generator_is_neither_read_nor_moved():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    one = weights_of(advance(Trainer(experiment("softmax")), 3), 0)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert weights_of(advance(Trainer(experiment("softmax")), 3), 0) == one
