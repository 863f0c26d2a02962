"""MNIST, read from its four IDX files."""

from dataclasses import dataclass
from typing import ClassVar, final

from toy_data import folder
from toy_data.dials import DialSet
from toy_data.samples import Samples


@final
@dataclass(frozen=True, kw_only=True)
class Mnist(DialSet):
    """70,000 handwritten digits of 28x28 pixels (LeCun, Cortes and Burges 1998), 10,000 of them for testing."""

    slug: ClassVar[str] = "mnist"

    def read(self) -> Samples:
        """Read the files; raise ``Refusal`` where they are missing or damaged."""
        names = tuple(str(digit) for digit in range(10))
        # mean and standard deviation of the training pixels
        return folder.load(folder.find(self.slug), names, mean=33.318, deviation=78.567)
