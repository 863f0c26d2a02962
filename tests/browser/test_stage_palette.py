"""The colours of the classes in the browser: those of Python."""

import pytest

from spec.palette import class_colour

pytestmark = pytest.mark.browser


def test_every_class_has_the_same_colour_in_both(page, server):
    page.goto(server.url)
    found = page.evaluate(
        """async () => {
          const { classColour } = await import("/stage/palette.js");
          return Array.from({ length: 256 }, (_, c) => classColour(c));
        }"""
    )
    assert [tuple(colour) for colour in found] == [class_colour(c) for c in range(256)]
