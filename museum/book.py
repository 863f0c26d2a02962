"""The museum as a document."""

from typing import Any

from museum import EXHIBITS
from museum.exhibit import Exhibit, number
from spec import text


def markdown() -> str:
    """Return the document ``docs/bug_museum.md``: every exhibit with its code, and the numbers of both versions."""
    rows = []
    for slug, exhibit in EXHIBITS.items():
        cells = (f"[{text(f'museum.{slug}.title')}](#{slug})", exhibit.loss.title, *numbers(exhibit).values())
        rows.append(f"| {' | '.join(cells)} |")
    head = [
        f"# {text('museum.page.title')}",
        "",
        f"<!-- Made by `python -m museum` from `museum/` and `spec/texts/museum.toml`. -->\n{text('museum.page.idea')}",
        "",
        "| mistake | loss | expected | right | wrong |",
        "|---|---|---|---|---|",
        *rows,
    ]
    return "\n".join([*head, *map(_section, EXHIBITS.values())]) + "\n"


def numbers(exhibit: Exhibit[Any]) -> dict[str, str]:
    """Return, as text, the number that the identity expects and those of the right and the wrong code."""
    return {
        "expected": number(exhibit.expected),
        "right": number(exhibit.measure(exhibit.right)),
        "wrong": number(exhibit.measure(exhibit.wrong)),
    }


def _section(exhibit: Exhibit[Any]) -> str:
    slug, loss = exhibit.slug, exhibit.loss
    parts = [
        f'\n<a id="{slug}"></a>\n## {text(f"museum.{slug}.title")}',
        text(f"museum.{slug}.mistake"),
        f"**{text('museum.page.wild')}** {text(f'museum.{slug}.wild')}",
        f"**{text('museum.page.identity')}** {text(f'museum.{slug}.identity')} "
        f"{text('museum.page.numbers', **numbers(exhibit))}",
        f"**{text('museum.page.see')}** {text(f'museum.{slug}.see')}",
        f"**{text('museum.page.loss', title=loss.title)}**, {loss.cite.where} of {loss.cite.authors} "
        f"({loss.cite.year}): [{loss.cite.title}]({loss.cite.url}).",
        f"```python\n{exhibit.code}\n```",
    ]
    return "\n\n".join(parts)
