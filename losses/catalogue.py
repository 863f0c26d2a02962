"""Which losses there are: ours, and those that installed packages bring along."""

from losses.base import Citation, Family, Loss
from spec.entry_points import Kind

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
