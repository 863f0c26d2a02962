"""Worked numbers of the losses on pairs, triplets, quadruplets and similarities."""

from typing import Any

from verification.printed_numbers import Worked

_CLASS = {"pairs": "class"}


def _row(slug: str, inputs: str, text: str, **knobs: Any) -> Worked:
    return Worked(slug=slug, knobs=knobs, inputs=inputs, printed=[text])


def _triplets(at_02: str, at_1: str, **knobs: Any) -> tuple[Worked, Worked]:
    return _row("triplet", "k3", at_02, margin=0.2, **knobs), _row("triplet", "k3", at_1, margin=1.0, **knobs)


def _anchor(slug: str, margin: float, gamma: float, text: str, over: float = 1.0) -> Worked:
    knobs = {"margin": margin, "gamma": gamma, "level": "pair"}
    return Worked(slug=slug, knobs=knobs, inputs="similarities", reading="anchor", printed=[text], over=over)


WORKED_TUPLES = (
    _row("contrastive", "pair", "0.125000", margin=1),
    _row("contrastive", "strangers", "0.125000", margin=1),
    _row("contrastive", "far_strangers", "0.000000", margin=1),
    _row("contrastive", "k3", "0.103949", margin=1),
    _row("contrastive", "k3", "0.464936", margin=1, balanced=True),
    _row("contrastive", "k3", "0.394248", margin=2),
    *_triplets("0.192083", "0.555833", mining="all", average="all"),
    *_triplets("0.512222", "1.111667", mining="all"),
    *_triplets("0.110000", "0.610000"),
    *_triplets("0.110000", "0.610000", average="all"),
    *_triplets("0.393835", "1.193835", mining="batch_hard", distance="euclidean", average="all"),
    *_triplets("0.506667", "1.278333", mining="batch_hard", average="all"),
    _row("quadruplet", "k3", "0.901667", margin=1, second_margin=0.5),
    _row("n_pair", "k4", "0.451306", regularization=0, **_CLASS),
    _row("n_pair", "k4", "0.497717", regularization=0, variant="one_vs_one", **_CLASS),
    _row("n_pair", "k4", "0.452311", regularization=0.002, **_CLASS),
    Worked(
        slug="n_pair",
        knobs={"regularization": 0.002, **_CLASS},
        less={"regularization": 0},
        inputs="k4",
        printed=["0.001005"],
    ),
    _row("info_nce", "k4", "0.438544", temperature=1, **_CLASS),
    _row("info_nce", "k4", "0.163094", temperature=0.5, **_CLASS),
    _row("info_nce", "k4", "5.25639e-04", temperature=0.1, **_CLASS),
    _row("info_nce", "k4", "3.29803e-05", temperature=0.07, **_CLASS),
    _row("info_nce", "k4", "0.759326", temperature=1),
    _row("info_nce", "k4", "0.313106", temperature=0.5),
    _anchor("circle", 0.25, 1, "2.118779"),
    _anchor("circle", 0.25, 8, "4.241552"),
    _anchor("circle", 0.25, 64, "31.040001"),
    _anchor("circle", 0.25, 256, "124.160000"),
    _anchor("circle", 0.4, 80, "23.200000"),
    Worked(
        slug="circle",
        knobs={"margin": 0.25, "gamma": 64, "level": "pair"},
        inputs="one_pair",
        reading="anchor",
        printed=["0.865893"],
    ),
    Worked(
        slug="circle",
        knobs={"margin": 0.25, "gamma": 8},
        inputs="k1",
        reading="each",
        printed=["5.561055", "6.805207", "5.381714"],
    ),
    _row("circle", "k1", "5.915992", margin=0.25, gamma=8),
    _row("circle", "k4", "1.301080", margin=0.25, gamma=8, level="pair"),
    _anchor("unified", 0.25, 1, "1.857922"),
    _anchor("unified", 0.25, 8, "3.024972"),
    _anchor("unified", 0.25, 64, "22.400000"),
    _anchor("unified", 0, 8, "1.295188"),
    # the greater gamma, the nearer to the hinge of the hardest: 0.6 - 0.5 + 0.25
    _anchor("unified", 0.25, 10, "0.362452", over=10),
    _anchor("unified", 0.25, 100, "0.350000", over=100),
    _anchor("unified", 0.25, 1000, "0.350000", over=1000),
    _row("unified", "k1", "1.458412", margin=0.1, gamma=16),
)
