"""Kuzushiji-MNIST, read from its four IDX files."""

from dataclasses import dataclass
from typing import ClassVar, final

from toy_data import folder
from toy_data.dials import DialSet
from toy_data.samples import Samples

#: One character for each row of the syllabary, in Latin letters, which every font has.
CLASSES = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")


@final
@dataclass(frozen=True, kw_only=True)
class KuzushijiMnist(DialSet):
    """70,000 cursive Japanese characters of 28x28 pixels (Clanuwat et al. 2018), 10,000 of them for testing."""

    slug: ClassVar[str] = "kuzushiji_mnist"

    def read(self) -> Samples:
        """Read the files; raise ``Refusal`` where they are missing or damaged."""
        return folder.load(folder.find(self.slug), CLASSES)
