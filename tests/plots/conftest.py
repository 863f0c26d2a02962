"""A recording that is short and known to the pixel."""

import pytest
from film_parts import CORNERS, panel, recorded


@pytest.fixture
def corners(tmp_path):
    frames = [panel(CORNERS * share) for share in (0.2, 0.6, 1.0)]
    with recorded(tmp_path / "corners.lossgeo", frames, range(4)) as recording:
        yield recording
