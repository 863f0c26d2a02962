"""What the tests of the user's own data share: samples, files of them, and what a refusal must be."""

import numpy as np
import pytest
from PIL import Image

from spec import Refusal
from toy_data.user_data import read

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 256, size=(30, 6, 5), dtype=np.uint8)
FEATURES = RNG.normal(5, 3, size=(30, 4))
LABELS = np.arange(30) % 3


def save(place, name="a.npz", **arrays):
    np.savez(place / name, **arrays)
    return place / name


def refused(path, sentence):
    with pytest.raises(Refusal, match=sentence) as caught:
        read(path)
    said = str(caught.value)
    assert "\n" not in said
    assert str(path.parent) not in said, "the sentence names the file, not its place"
    assert caught.value.message.render("zh") != said


def shapes(place, size=(12, 10), name="shapes", ending="png", **options):
    """Pictures of two classes: bright at the left, bright at the right."""
    width = size[0]
    for label, side in (("left", slice(0, width // 2)), ("right", slice(width // 2, width))):
        (place / name / label).mkdir(parents=True, exist_ok=True)
        for k in range(5):
            pixels = np.zeros((size[1], size[0]), dtype=np.uint8)
            pixels[:, side] = 200 + k
            Image.fromarray(pixels).save(place / name / label / f"{k}.{ending}", **options)
    return place / name
