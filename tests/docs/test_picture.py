"""The moving picture of the README is what the Makefile's command draws."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine import Recording
from plots.film import Film

ROOT = Path(__file__).parents[2]

#: Bytes that a reader of the README has to load at most.
MOST = 1_500_000


(_COMMAND,) = re.findall(r"loss-geometry render (.*)", (ROOT / "Makefile").read_text(encoding="utf-8"))
RECORDED, DRAWN, *_WORDS = shlex.split(_COMMAND)
OPTIONS = dict(zip(_WORDS[::2], _WORDS[1::2], strict=True))


def test_the_readme_shows_it():
    assert f"]({DRAWN})" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert (ROOT / DRAWN).stat().st_size < MOST


def test_its_frames_are_those_of_the_recording():
    width, height = map(int, OPTIONS["--size"].split("x"))
    with Recording(ROOT / RECORDED) as recording, Image.open(ROOT / DRAWN) as picture:
        film = Film.of(recording, last=int(OPTIONS["--to"]), every=int(OPTIONS["--every"]), size=(width, height))
        assert (picture.n_frames, picture.size) == (len(film.frames), (width, height))
        # GIF counts in hundredths of a second
        assert picture.info["duration"] == pytest.approx(1000 / float(OPTIONS["--fps"]), abs=10)
        for place in (0, picture.n_frames - 1):
            picture.seek(place)
            shown, drawn = np.asarray(picture.convert("RGB"), int), film.draw(film.frames[place]).astype(int)
            assert np.abs(shown - drawn).mean() < 2, "run `make picture`"
