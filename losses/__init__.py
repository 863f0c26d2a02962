"""Loss functions as values: maths, knobs, geometry, citation. One loss, one file, one name."""

from collections.abc import Mapping
from types import MappingProxyType

from losses.a_softmax import ASoftmax
from losses.arcface import ArcFace
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
from losses.catalogue import KIND
from losses.center import Center
from losses.circle import Circle
from losses.combined_margin import CombinedMargin
from losses.contrastive import Contrastive
from losses.cosface import CosFace
from losses.focal import Focal
from losses.ghm_c import GHMC
from losses.ghm_r import GHMR
from losses.head import Head, HeadKind
from losses.hinge import Hinge
from losses.huber import Huber
from losses.info_nce import InfoNCE
from losses.l_gm import LGM
from losses.l_softmax import LSoftmax
from losses.logistic import Logistic
from losses.multiclass_svm import MulticlassSVM
from losses.n_pair import NPair
from losses.nsl import NSL
from losses.quadruplet import Quadruplet
from losses.shape import Scene, Shape
from losses.softmax import Softmax
from losses.toolkit.score_plane import Plane
from losses.toolkit.tuple_mining import Tuples
from losses.triplet import Triplet
from losses.unified import Unified
from spec.entry_points import Catalogue

_CATALOGUE: tuple[type[Loss], ...] = (
    Softmax,
    Logistic,
    Center,
    LSoftmax,
    ASoftmax,
    NSL,
    CosFace,
    ArcFace,
    CombinedMargin,
    LGM,
    Contrastive,
    Triplet,
    Quadruplet,
    NPair,
    InfoNCE,
    Focal,
    GHMC,
    GHMR,
    Circle,
    Unified,
    Huber,
    Hinge,
    MulticlassSVM,
)

#: Our losses by their slugs, in the order of menus and docs. The slug is the name of the file.
OURS: Mapping[str, type[Loss]] = MappingProxyType({loss.slug: loss for loss in _CATALOGUE})

#: Every loss there is: ours, then those of installed packages (docs/own_loss.md).
LOSSES: Mapping[str, type[Loss]] = Catalogue(OURS, KIND)

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
