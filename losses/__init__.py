"""Loss functions as values: maths, knobs, geometry, citation. One loss, one file, one name."""

from losses.base import (
    Advice,
    Citation,
    Family,
    Loss,
    Profile,
    Randomness,
    Setting,
    State,
    knob_help,
    loss_idea,
    loss_term,
    loss_title,
)
from losses.catalogue import LOSSES, OURS
from losses.head import Head, HeadKind
from losses.shape import Scene, Shape
from losses.toolkit.score_plane import Plane
from losses.toolkit.tuple_mining import Tuples

__all__ = [
    "LOSSES",
    "OURS",
    "Advice",
    "Citation",
    "Family",
    "Head",
    "HeadKind",
    "Loss",
    "Plane",
    "Profile",
    "Randomness",
    "Scene",
    "Setting",
    "Shape",
    "State",
    "Tuples",
    "knob_help",
    "loss_idea",
    "loss_term",
    "loss_title",
]
