"""Draws the picture of the README: ``python -m docs.picture`` opens the app and photographs its first screen."""

from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks.serving import served
from tests.browser.conftest import ARGUMENTS, find_browser

OUT = Path(__file__).with_name("studio.png")


def main() -> None:
    with served() as address, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=find_browser(), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.goto(address)
        page.wait_for_function("window.lossGeometry && window.lossGeometry.frame > 60")
        page.keyboard.press("Space")
        page.wait_for_function("window.lossGeometry.stage.settled")
        page.screenshot(path=OUT)
        browser.close()


if __name__ == "__main__":
    main()
