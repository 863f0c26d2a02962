"""Shapes lie where the rule says, and the few numbers of a head say what scores and logits say."""

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from losses import HeadKind, Loss, Scene
from losses.shape import ROW, Cap, Role, Shape, SphereArc, SphereConic
from losses.toolkit.stable_ops import label_angle
from spec import Message
from verification.cases import Knobs, batch_of, state_of
from verification.comparison import Finding, Topic, close, count, facts, knobs_shown

_SCORES = Topic.of("head_scores", "rule")
_BAND = Topic.of("head_band", "rule")
_RANKS = Topic.of("head_ranks", "rule")
_SOUND = Topic.of("shapes_sound", "contract")

#: Curves on the unit sphere stand for all that lies behind them, seen from the origin.
_ON_THE_SPHERE = {Cap.kind, SphereArc.kind, SphereConic.kind}

#: Losses whose margins in space are followed by arcs that are exact at their ends alone.
_TRACED = {"combined_margin", "a_softmax", "l_softmax"}

#: What a tie may be off by, and between the ends of an arc that follows a curve (a twentieth of a degree).
_TIE, _BETWEEN = 1e-7, 1e-3


def scene_of(loss: Loss, seed: int, dim: int = 2, classes: int = 6) -> tuple[Scene, dict[str, Tensor]]:
    """Return a scene with a random state, and that state."""
    state = state_of(loss, seed, classes=classes, dim=dim)
    means = np.random.default_rng(seed).standard_normal((classes, dim))
    arrays = {name: tensor.numpy() for name, tensor in state.items()}
    return Scene(classes=classes, dim=dim, state=arrays, means=means), state


def shapes(loss: type[Loss], knobs: Knobs) -> Iterator[Finding]:
    """Boundaries lie on ties of scores, margins on ties of the changed logits, levels where the loss is constant."""
    for dim, seeds in ((2, 4), (3, 2)):
        for seed in range(seeds):
            yield from on_the_rule(loss(**knobs), seed, dim)


def on_the_rule(loss: Loss, seed: int, dim: int) -> Iterator[Finding]:
    """The same for one random state."""
    scene, state = scene_of(loss, seed, dim)
    settings = knobs_shown({knob.name: getattr(loss, knob.name) for knob in loss.knobs()})
    for shape in loss.shapes(scene):
        points, row = torch.from_numpy(shape.points(11, 4.0)), shape.encode()
        where = f"{type(shape).__name__} of {shape.owner} against {shape.rival}; dim={dim}, seed={seed}; {settings}"
        true = {
            "points": bool(torch.isfinite(points).all()) and points.shape == (11, dim),
            "row": row.shape == (ROW,) and bool(np.isfinite(row).all()) and row[0] == shape.kind,
        }
        if shape.kind in _ON_THE_SPHERE:
            true["unit length"] = bool(((points.norm(dim=1) - 1).abs() < 1e-9).all())
            points = points * torch.linspace(0.3, 7, 11)[:, None]
        yield facts(_SOUND, true, where)
        label = torch.full((len(points),), max(shape.owner, 0))
        logits, scores = loss.logits(points, label, state), loss.scores(points, state)
        space = {"space": Message.of(f"verify.word.dim_{dim}")}
        if shape.role is Role.BOUNDARY and scores is not None:
            yield from _tie(Topic.of("boundary", "scores", **space), scores, shape, _TIE, where)
        elif shape.role is Role.MARGIN and logits is not None:
            margin = Topic.of("margin", "logits", **space)
            if dim == 3 and loss.slug in _TRACED:
                yield from _tie(margin, logits[[0, -1]], shape, _TIE, where)
                yield from _tie(Topic.of("margin_between", "logits", **space), logits, shape, _BETWEEN, where)
            else:
                yield from _tie(margin, logits, shape, _TIE, where)
        elif shape.role is Role.LEVEL:
            seen = loss.observe(points, label, state)[loss.branches[0]]
            yield from close(Topic.of("level", "observed", **space), seen, seen[:1].expand_as(seen), 1e-9, where)


def _tie(topic: Topic, values: Tensor, shape: Shape, within: float, where: str) -> Iterator[Finding]:
    """The owner's value equals the largest of the others, which is the rival's where there is one."""
    others = values.clone()
    others[:, shape.owner] = -math.inf
    best = others.amax(dim=1)
    size = values.abs().amax(dim=1).clamp_min(1)
    yield from close(topic, values[:, shape.owner] / size, best / size, within, where)
    if shape.rival >= 0:
        yield from close(topic, values[:, shape.rival] / size, best / size, within, where)


def head(loss: type[Loss], knobs: Knobs) -> Iterator[Finding]:
    """The head gives points to the classes that the scores give them to, and draws the margin band of the logits."""
    some, where = loss(**knobs), knobs_shown(knobs)
    state, (z, y) = state_of(some, 1), batch_of(2, samples=200)
    few, scores, logits = some.head(state), some.scores(z, state), some.logits(z, y, state)
    if few is None or scores is None or logits is None:
        yield facts(_SCORES, {"all or none": few is None and scores is None and logits is None}, where)
        return
    yield count(_SCORES, int((few.scores(z).argmax(dim=1) == scores.argmax(dim=1)).sum()), len(z), where)
    if without_margin(few):  # no band is drawn, so none can be wrong
        return
    # a sample lies in the band where the class that it is given to no longer wins once it is the label
    best = scores.argmax(dim=1)
    given_to = torch.nn.functional.one_hot(best, 6).bool()
    changed = some.logits(z, best, state)
    assert changed is not None  # it was there for other labels
    rule = changed[given_to] - changed[~given_to].reshape(200, 5).amax(dim=1)
    drawn = few.targets(z)[given_to] - few.scores(z)[~given_to].reshape(200, 5).amax(dim=1)
    clear = rule.abs() > 1e-6
    if few.kind is HeadKind.COSINE:  # modes beyond pi other than the monotonic one are outside the head's domain
        clear &= label_angle(z, best, few.weight) < math.pi - few.angle
    yield count(_BAND, int(((rule > 0) == (drawn > 0))[clear].sum()), int(clear.sum()), where)


def ranks(loss: type[Loss], knobs: Knobs) -> Iterator[Finding]:
    """With the margin as if each class in turn were the label, the head ranks classes as the logits do."""
    some = loss(**knobs)
    state, (z, _) = state_of(some, 1), batch_of(2, samples=50)
    few = some.head(state)
    if few is None or without_margin(few):
        return
    each = [some.logits(z, torch.full((50,), c), state) for c in range(6)]
    rule = torch.stack([row[:, c] for c, row in enumerate(each) if row is not None], dim=1)
    same = (few.targets(z).argsort(dim=1) == rule.argsort(dim=1)).all(dim=1)
    yield count(_RANKS, int(same.sum()), 50)


def without_margin(head: object) -> bool:
    """Tell whether a head has no margin in it."""
    plain = {"factor": 1.0, "blend": 0.0, "angle": 0.0, "cosine": 0.0, "score": 0.0, "distance": 0.0}
    return all(getattr(head, name) == number for name, number in plain.items())
