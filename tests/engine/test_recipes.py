"""Every loss trains as it stands, in the plane and in space, and its settings do what docs/recipes.md says of them.

One seed each; benchmarks/results/recipes.md has more. A floor is the lowest accuracy there less four digits of 360 (of
a setting, with fewer seeds there, less seven), as another machine rounds otherwise. The paper's batch of N-pair loss
differs so much from seed to seed that its floor is that of twelve: 0.756 to 0.889. InfoNCE's is that of nine seeds
of ten in the plane; the tenth ends at 0.911.
"""

import pytest

from engine import Experiment, Panel, Trainer
from losses import OURS, HeadKind

#: By loss and setting, the test accuracy that is reached in the plane and in space (``None``: not trained here).
FLOORS: dict[tuple[str, str], tuple[float, float | None]] = {
    ("softmax", ""): (0.925, 0.945),
    ("logistic", ""): (0.92, 0.95),
    ("center", ""): (0.925, 0.95),
    ("center", "paper"): (0.91, None),
    ("l_softmax", ""): (0.935, 0.95),
    ("a_softmax", ""): (0.94, 0.95),
    ("a_softmax", "annealed"): (0.91, None),
    ("nsl", ""): (0.94, 0.95),
    ("nsl", "paper"): (0.935, None),
    ("cosface", ""): (0.95, 0.95),
    ("cosface", "paper"): (0.835, 0.96),
    ("arcface", ""): (0.945, 0.95),
    ("arcface", "paper"): (0.935, None),
    ("combined_margin", ""): (0.945, 0.95),
    ("combined_margin", "paper"): (0.83, 0.96),
    ("l_gm", ""): (0.935, 0.95),
    ("l_gm", "paper"): (0.94, None),
    ("contrastive", ""): (0.945, 0.95),
    ("triplet", ""): (0.935, 0.95),
    ("triplet", "paper"): (0.945, None),
    ("quadruplet", ""): (0.93, 0.95),
    ("n_pair", ""): (0.595, 0.95),
    ("n_pair", "paper"): (0.735, 0.905),
    ("n_pair", "plane"): (0.92, None),
    ("info_nce", ""): (0.94, 0.95),
    ("focal", ""): (0.92, 0.945),
    ("focal", "paper"): (0.905, None),
    ("ghm_c", ""): (0.925, 0.945),
    ("ghm_c", "paper"): (0.91, None),
    ("ghm_r", ""): (0.905, 0.94),
    ("ghm_r", "paper"): (0.38, None),
    ("circle", ""): (0.95, 0.95),
    ("circle", "paper"): (0.935, None),
    ("circle", "pairs"): (0.92, None),
    ("unified", ""): (0.95, 0.95),
    ("unified", "pairs"): (0.935, None),
    ("huber", ""): (0.86, 0.955),
    ("hinge", ""): (0.925, 0.95),
    ("hinge", "squared"): (0.915, None),
    ("multiclass_svm", ""): (0.94, 0.945),
}

#: What is asked of every loss as it stands, less four digits.
TRAINED = 0.93 - 4 / 360

#: Where it falls short in the plane, by the reason in its docstring, what gets there instead: a setting in the plane,
#: or the loss as it stands in space.
INSTEAD = {"huber": ("", 3), "ghm_r": ("", 3), "n_pair": ("plane", 2)}

#: Settings of papers with which two classes merge in the plane: margins that ask for more room than it has, errors of
#: boxes, and twenty samples a step.
MERGED = {("cosface", "paper"), ("combined_margin", "paper"), ("ghm_r", "paper"), ("n_pair", "paper")}


def groups(dim: int, size: int = 8):
    """The rows that are trained together, as panels of one experiment."""
    rows = [row for row, floors in FLOORS.items() if floors[dim - 2] is not None]
    return [pytest.param(dim, rows[i : i + size], id=f"{dim}-{rows[i][0]}") for i in range(0, len(rows), size)]


def panel(slug: str, name: str) -> Panel:
    """A loss in one of its settings; "" is as it stands."""
    return Panel(loss=slug, knobs=next((each.knobs for each in OURS[slug].settings if each.slug == name), {}))


def test_every_loss_and_setting_has_its_floor():
    rows = [(slug, "") for slug in OURS]
    rows += [(slug, setting.slug) for slug, cls in OURS.items() for setting in cls.settings]
    assert sorted(FLOORS) == sorted(rows)


@pytest.mark.parametrize("slug", OURS)
def test_every_loss_reaches_what_is_asked(slug):
    setting, dim = INSTEAD.get(slug, ("", 2))
    assert FLOORS[slug, setting][dim - 2] >= TRAINED
    assert FLOORS[slug, ""][1] >= TRAINED
    assert (FLOORS[slug, ""][0] < TRAINED) == (slug in INSTEAD)


@pytest.mark.parametrize(("dim", "rows"), groups(2) + groups(3))
def test_accuracy_is_not_below_its_floor_and_nothing_collapses(dim, rows):
    trainer = Trainer(Experiment(dim=dim, panels=tuple(panel(*row) for row in rows)))
    while not trainer.finished:
        trainer.advance()
    frames = dict(zip(rows, trainer.frame().panels, strict=True))
    found = {row: (frame.test_accuracy, FLOORS[row][dim - 2]) for row, frame in frames.items()}
    assert {row: (accuracy, floor) for row, (accuracy, floor) in found.items() if accuracy < floor} == {}
    for row, frame in frames.items():
        assert frame.stopped is None
        if dim == 3 or row not in MERGED:
            assert frame.metrics["smallest_distance"] > 0.1 * frame.metrics["spread"], row
            if frame.head.kind in {HeadKind.LINEAR, HeadKind.COSINE}:  # classes told by distance may lie in line
                assert frame.metrics["smallest_angle"] > 0.01, row
