"""Fashion-MNIST, read from its four IDX files."""

from dataclasses import dataclass
from typing import ClassVar, final

from toy_data import folder
from toy_data.dials import DialSet
from toy_data.samples import Samples

CLASSES = (
    "T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


@final
@dataclass(frozen=True, kw_only=True)
class FashionMnist(DialSet):
    """70,000 pieces of clothing of 28x28 pixels (Xiao, Rasul and Vollgraf 2017), 10,000 of them for testing."""

    slug: ClassVar[str] = "fashion_mnist"

    def read(self) -> Samples:
        """Read the files; raise ``Refusal`` where they are missing or damaged."""
        files = folder.find(self.slug)
        # mean and standard deviation of the training pixels
        return folder.load(files, CLASSES, mean=72.940, deviation=90.021)
