"""USPS, read from its four IDX files."""

from dataclasses import dataclass
from typing import ClassVar, final

from spec import param
from toy_data import folder
from toy_data.dials import DialSet
from toy_data.samples import Samples


@final
@dataclass(frozen=True, kw_only=True)
class Usps(DialSet):
    """9,298 digits of 16x16 pixels from envelopes (Hull 1994), 2,007 of them for testing, which are the harder ones."""

    slug: ClassVar[str] = "usps"
    per_class: int = param(1200, symbol="n", low=5, high=1200, slider=(10, 1200), log=True, whole=True)

    def read(self) -> Samples:
        """Read the files; raise ``Refusal`` where they are missing or damaged."""
        return folder.load(folder.find(self.slug), tuple(str(digit) for digit in range(10)))
