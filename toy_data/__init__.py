"""What the nets are trained on: small data sets as values with dials."""

from collections.abc import Mapping
from types import MappingProxyType

from spec import Message
from toy_data.base import DataSet
from toy_data.blobs import Blobs
from toy_data.digits import Digits
from toy_data.fashion_mnist import FashionMnist
from toy_data.folder import VARIABLE
from toy_data.kuzushiji_mnist import KuzushijiMnist
from toy_data.mnist import Mnist
from toy_data.moons import Moons
from toy_data.rings import Rings
from toy_data.samples import Samples
from toy_data.spirals import Spirals
from toy_data.user_data import Own
from toy_data.usps import Usps

_CATALOGUE: tuple[type[DataSet], ...] = (
    Digits,
    Mnist,
    FashionMnist,
    KuzushijiMnist,
    Usps,
    Blobs,
    Moons,
    Rings,
    Spirals,
    Own,
)

#: Every data set by its slug, in the order of menus and docs.
DATA_SETS: Mapping[str, type[DataSet]] = MappingProxyType({data.slug: data for data in _CATALOGUE})


def available() -> dict[str, Message | None]:
    """Return for each data set ``None`` where it can be loaded now, or else why not and what to do."""
    return {slug: data.trouble() for slug, data in DATA_SETS.items()}


__all__ = ["DATA_SETS", "VARIABLE", "DataSet", "Samples", "available"]
