"""Shapes lie where scores and logits tie, and the numbers of a head agree with scores and logits."""

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
from verification.comparison import Finding, Topic, close, count, facts, knob_list

_SCORES = Topic.of("head_scores", "rule")
_BAND = Topic.of("head_band", "rule")
_RANKS = Topic.of("head_ranks", "rule")
_SOUND = Topic.of("shapes_sound", "contract")

#: A curve on the unit sphere stands for the cone of all rays from the origin through it.
_ON_THE_SPHERE = {Cap.kind, SphereArc.kind, SphereConic.kind}

#: Losses whose margins in space are approximated by arcs that are exact at their ends alone.
_APPROXIMATE = {"combined_margin", "a_softmax", "l_softmax"}

#: How far scores may be from a tie: on an exact curve, and between the ends of an arc that approximates one.
_TIE, _BETWEEN = 1e-7, 1e-3


def scene_of(loss: Loss, seed: int, dim: int = 2, classes: int = 6) -> tuple[Scene, dict[str, Tensor]]:
    """Return a scene with a random state, and that state."""
    state = state_of(loss, seed, classes=classes, dim=dim)
    means = np.random.default_rng(seed).standard_normal((classes, dim))
    arrays = {name: tensor.numpy() for name, tensor in state.items()}
    return Scene(classes=classes, dim=dim, state=arrays, means=means), state


def shapes(loss: type[Loss], knobs: Knobs) -> Iterator[Finding]:
    """Boundaries lie on ties of scores, margins on ties of logits, levels where the scalar is constant."""
    for dim, seeds in ((2, 4), (3, 2)):
        for seed in range(seeds):
            yield from on_the_rule(loss(**knobs), seed, dim)


def on_the_rule(loss: Loss, seed: int, dim: int) -> Iterator[Finding]:
    """Check the shapes of a loss for one random state."""
    scene, state = scene_of(loss, seed, dim)
    settings = knob_list({knob.name: getattr(loss, knob.name) for knob in loss.knobs()})
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
            if dim == 3 and loss.slug in _APPROXIMATE:
                yield from _tie(margin, logits[[0, -1]], shape, _TIE, where)
                yield from _tie(Topic.of("margin_between", "logits", **space), logits, shape, _BETWEEN, where)
            else:
                yield from _tie(margin, logits, shape, _TIE, where)
        elif shape.role is Role.LEVEL:
            scalar = loss.observe(points, label, state)[loss.branches[0]]
            yield from close(Topic.of("level", "observed", **space), scalar, scalar[:1].expand_as(scalar), 1e-9, where)


def _tie(topic: Topic, values: Tensor, shape: Shape, within: float, where: str) -> Iterator[Finding]:
    """Compare the owner's value with the largest of the others, and with the rival's where there is a rival."""
    others = values.clone()
    others[:, shape.owner] = -math.inf
    best = others.amax(dim=1)
    size = values.abs().amax(dim=1).clamp_min(1)
    yield from close(topic, values[:, shape.owner] / size, best / size, within, where)
    if shape.rival >= 0:
        yield from close(topic, values[:, shape.rival] / size, best / size, within, where)


def head(loss: type[Loss], knobs: Knobs) -> Iterator[Finding]:
    """The head assigns points to the same classes as the scores, and has the margin band of the logits."""
    one, where = loss(**knobs), knob_list(knobs)
    state, (z, y) = state_of(one, 1), batch_of(2, samples=200)
    numbers, scores, logits = one.head(state), one.scores(z, state), one.logits(z, y, state)
    if numbers is None or scores is None or logits is None:
        yield facts(_SCORES, {"all or none": numbers is None and scores is None and logits is None}, where)
        return
    yield count(_SCORES, int((numbers.scores(z).argmax(dim=1) == scores.argmax(dim=1)).sum()), len(z), where)
    if without_margin(numbers):  # there is no band
        return
    # a sample lies in the band where its class no longer wins once that class is the label
    best = scores.argmax(dim=1)
    winner = torch.nn.functional.one_hot(best, 6).bool()
    logits_of_winner = one.logits(z, best, state)
    assert logits_of_winner is not None  # there were logits for other labels
    rule = logits_of_winner[winner] - logits_of_winner[~winner].reshape(200, 5).amax(dim=1)
    band = numbers.targets(z)[winner] - numbers.scores(z)[~winner].reshape(200, 5).amax(dim=1)
    clear = rule.abs() > 1e-6
    if numbers.kind is HeadKind.COSINE:  # modes beyond pi other than the monotonic one are outside the head's domain
        clear &= label_angle(z, best, numbers.weight) < math.pi - numbers.angle
    yield count(_BAND, int(((rule > 0) == (band > 0))[clear].sum()), int(clear.sum()), where)


def ranks(loss: type[Loss], knobs: Knobs) -> Iterator[Finding]:
    """With each class in turn as the label, the head ranks classes as the logits do."""
    one = loss(**knobs)
    state, (z, _) = state_of(one, 1), batch_of(2, samples=50)
    numbers = one.head(state)
    if numbers is None or without_margin(numbers):
        return
    each = [one.logits(z, torch.full((50,), c), state) for c in range(6)]
    rule = torch.stack([row[:, c] for c, row in enumerate(each) if row is not None], dim=1)
    same = (numbers.targets(z).argsort(dim=1) == rule.argsort(dim=1)).all(dim=1)
    yield count(_RANKS, int(same.sum()), 50)


def without_margin(head: object) -> bool:
    """Return whether a head has no margin."""
    plain = {"factor": 1.0, "blend": 0.0, "angle": 0.0, "cosine": 0.0, "score": 0.0, "distance": 0.0}
    return all(getattr(head, name) == number for name, number in plain.items())
