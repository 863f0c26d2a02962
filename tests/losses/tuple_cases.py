"""What the tests of losses over tuples share: their variants, and triplets one by one."""

from itertools import permutations, product

from losses import LOSSES, OURS, Loss
from verification.cases import batch_of, state_of
from verification.inputs import K4

WHOLE = {"mining": "all", "average": "all"}
CLASS = {"pairs": "class"}
Z4, Y4 = K4["z"], K4["y"]

#: The losses that say which tuples of a batch cost something.
TUPLE_SLUGS = [slug for slug, cls in OURS.items() if cls.active is not Loss.active]


def _combinations(slug):
    """All combinations of choices and switches with which a loss looks at tuples, and not at class vectors."""
    words = {k.name: k.choices or (True, False) for k in OURS[slug].knobs() if k.kind in {"choice", "switch"}}
    for values in product(*words.values()):
        knobs = dict(zip(words, values, strict=True))
        if OURS[slug](**knobs).active(*batch_of(1), state_of(OURS[slug](**knobs), 1)) is not None:
            yield slug, {name: value for name, value in knobs.items() if value != getattr(OURS[slug](), name)}


#: Every loss over tuples in every variant.
TUPLE_KNOBS = [row for slug in TUPLE_SLUGS for row in _combinations(slug)]


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
