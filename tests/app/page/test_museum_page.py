"""The page of the museum: every exhibit in both languages, with its numbers and its picture."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from museum import EXHIBITS
from museum.book import numbers
from spec import LANGUAGES, text

MAIN = str(Path(__file__).parents[3] / "app" / "main.py")


def open_page(language="en"):
    page = AppTest.from_file(MAIN, default_timeout=60)
    page.run()
    page.switch_page("views/museum.py")
    page.query_params.clear()
    page.query_params.update({"lang": language})
    page.run()
    return page


def whole(page):
    assert not page.exception
    assert not page.error
    assert not page.warning
    assert len(page.get("plotly_chart")) == 1
    kinds = (page.markdown, page.caption, page.subheader, page.info)
    return " ".join(str(element.value) for kind in kinds for element in kind)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_exhibit_shows_its_words_its_numbers_and_its_code(language):
    page = open_page(language)
    for slug, exhibit in EXHIBITS.items():
        page.radio(key="exhibit").set_value(slug).run()
        words = whole(page)
        for name in ("title", "mistake", "wild", "identity", "see"):
            assert text(f"museum.{slug}.{name}", language) in words
        assert text("museum.page.numbers", language, **numbers(exhibit)) in words
        assert [block.value for block in page.code] == [exhibit.code]
        assert [formula.value.strip("$ \n") for formula in page.latex] == [exhibit.loss.formula]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_switch_shows_either_side_or_both(language):
    page = open_page(language)
    charts = {}
    for side in ("right", "wrong", "both"):
        page.segmented_control(key="sides").set_value(side).run()
        assert whole(page)
        charts[side] = page.get("plotly_chart")[0].proto.spec
    assert len(set(charts.values())) == 3


def test_the_language_is_switched_and_the_exhibit_stays():
    page = open_page()
    page.radio(key="exhibit").set_value("half_missing").run()
    page.segmented_control(key="language").set_value("zh").run()
    assert text("museum.half_missing.title", "zh") in whole(page)
