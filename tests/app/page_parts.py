"""A page without a browser, and the texts that it shows."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from app.page.url_state import read

ROOT = Path(__file__).parents[2]
MAIN = str(ROOT / "app" / "main.py")


def opened(query=None, view="studio"):
    page = AppTest.from_file(MAIN, default_timeout=30)
    if view != "studio":
        page.run()
        page.switch_page(f"views/{view}.py")
    page.query_params.clear()
    page.query_params.update(query or {})
    page.run()
    assert not page.exception
    return page


def link_of(page):
    query = {name: [value] if isinstance(value, str) else value for name, value in page.query_params.items()}
    link, wrong = read(query)
    assert not wrong
    return link


def everything(page):
    kinds = (page.markdown, page.caption, page.subheader, page.warning, page.error, page.info, page.button)
    return " ".join(
        str(getattr(element, "value", "")) + getattr(element, "label", "") for kind in kinds for element in kind
    )


def troubles(page):
    return [element.value for element in (*page.error, *page.warning)]
