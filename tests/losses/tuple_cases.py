"""What the tests of losses over tuples share: their knobs, and triplets one by one."""

from itertools import permutations

from losses import LOSSES
from verification.inputs import K4

WHOLE = {"mining": "all", "average": "all"}
CLASS = {"pairs": "class"}
Z4, Y4 = K4["z"], K4["y"]

TUPLE_KNOBS = [
    ("triplet", WHOLE), ("triplet", {"mining": "all"}), ("triplet", {}), ("triplet", {"mining": "batch_hard"}),
    ("quadruplet", {}), ("quadruplet", {"mining": "hard"}), ("info_nce", {}), ("info_nce", CLASS), ("n_pair", {}),
    ("n_pair", {"variant": "one_vs_one"}), ("n_pair", CLASS), ("circle", {"level": "pair"}),
    ("unified", {"level": "pair"}), ("unified", {"level": "pair", "similarity": "dot"}), ("contrastive", {}),
    ("contrastive", {"balanced": True}),
]  # fmt: skip


def mean(slug, z, y, state=None, **knobs):
    return LOSSES[slug](**knobs)(z, y, state or {}).mean().item()


def anchors_cost(loss, z, y):
    """The number of the first sample, without the scaling of the mean over anchors."""
    anchors = int((y == 0).sum())
    return loss(z, y, {})[0] * anchors / len(y)


def gap(z, a, b, *, squared=True):
    between = ((z[a] - z[b]) ** 2).sum()
    return between if squared else between.sqrt()


def triplets(y):
    return [(a, p, n) for a, p, n in permutations(range(len(y)), 3) if y[a] == y[p] and y[a] != y[n]]
