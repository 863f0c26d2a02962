"""Which losses there are: ours by their files, in the order of menus, then those of installed packages."""

import importlib
from collections.abc import Mapping
from types import MappingProxyType

from losses.base import Citation, Family, Loss
from spec.entry_points import Catalogue, Kind

#: Our losses, in the order of menus and documents: a slug is the name of a file in this folder.
SLUGS = (
    "softmax",
    "logistic",
    "center",
    "l_softmax",
    "a_softmax",
    "nsl",
    "cosface",
    "arcface",
    "combined_margin",
    "l_gm",
    "contrastive",
    "triplet",
    "quadruplet",
    "n_pair",
    "info_nce",
    "focal",
    "ghm_c",
    "ghm_r",
    "circle",
    "unified",
    "huber",
    "hinge",
    "multiclass_svm",
)

#: Losses of packages: the name of the entry point is the slug, the value ``module:Class``.
KIND = Kind[Loss](
    word="loss",
    group="loss_geometry.losses",
    base=Loss,
    base_name="losses.Loss",
    attributes={"slug": str, "title": str, "formula": str, "family": Family, "cite": Citation, "branches": tuple},
    example="poly_1:Poly1",
)


def load(reference: str) -> type[Loss]:
    """Return the loss that ``module:Class`` names; raise ``Refusal`` where there is none that could be used."""
    return KIND.load(reference)


def _ours(slug: str) -> type[Loss]:
    """Return the loss in the file of a slug: the one class there that has this slug."""
    module = importlib.import_module(f"losses.{slug}")
    classes = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, Loss)]
    return next(each for each in classes if vars(each).get("slug") == slug)


#: Our losses by their slugs.
OURS: Mapping[str, type[Loss]] = MappingProxyType({slug: _ours(slug) for slug in SLUGS})

#: All losses by their slugs: ours, then those of installed packages (docs/own_loss.md).
LOSSES: Mapping[str, type[Loss]] = Catalogue(OURS, KIND)
