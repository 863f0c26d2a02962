"""Gaps: what one of our losses still lacks. ``loss-geometry new-loss`` leaves marks, and this finds those left."""

import importlib.util
import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import losses
from losses import OURS, Loss
from spec import LANGUAGES, Message, has_text
from verification.references import numbers_of
from verification.results import FILE, Results

#: A place where the author of a loss has to think.
MARK = "TODO"

#: The folder that holds ``losses/``, ``spec/`` and ``verification/``.
ROOT = Path(losses.__file__).parents[1]

#: The files of a loss and of all losses, from the root.
CATALOGUE = Path("losses", "catalogue.py")
TEXTS = Path("spec", "texts", "losses.toml")
RESULTS = Path("verification", FILE)
FLOORS = Path("benchmarks", "results", "recipes_floors.json")


def loss_file(slug: str) -> Path:
    """Return the path of the file of a loss, from the root."""
    return Path("losses", f"{slug}.py")


def reference_file(slug: str) -> Path:
    """Return the path of the file of its references, from the root."""
    return Path("verification", "references", f"{slug}.py")


def gaps(loss: type[Loss]) -> list[Message]:
    """Return what one of our losses lacks, a sentence for each gap; nothing for a loss from outside."""
    if OURS.get(loss.slug) is not loss:
        return []
    return [*_in_code(loss), *_in_texts(loss), *_in_results(loss.slug)]


def _in_code(loss: type[Loss]) -> Iterator[Message]:
    for path in (loss_file(loss.slug), reference_file(loss.slug)):
        if not (ROOT / path).is_file():
            yield Message.of("verify.gap.file", file=path.as_posix())
            continue
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), start=1):
            if MARK in line:
                yield Message.of("verify.gap.mark", file=path.as_posix(), line=number, mark=_shorten(line))
    if (ROOT / reference_file(loss.slug)).is_file() and not numbers_of(loss.slug):
        yield Message.of("verify.gap.numbers", file=reference_file(loss.slug).as_posix())


def _in_texts(loss: type[Loss]) -> Iterator[Message]:
    texts = tomllib.loads((ROOT / TEXTS).read_text(encoding="utf-8"))
    section, shared = texts.get(loss.slug, {}), texts["knobs"]
    needs = {"title": section.get("title"), "idea": section.get("idea")}
    needs |= {f"knobs.{k.name}": section.get("knobs", {}).get(k.name, shared.get(k.name)) for k in loss.knobs()}
    for key, entry in needs.items():
        yield from _in_entry(f"[{loss.slug}] {key}", entry)
    terms = [f"families.{loss.family}", *(f"branches.{branch}" for branch in loss.branches)]
    terms += [f"variables.{loss().profile(branch).variable}" for branch in loss.branches]
    terms += [f"settings.{setting.slug}" for setting in loss.settings]
    for term in dict.fromkeys(terms):
        if not has_text(f"losses.{term}"):
            yield Message.of("verify.gap.text", file=TEXTS.as_posix(), entry=term)


def _in_entry(key: str, entry: Mapping[str, Any] | None) -> Iterator[Message]:
    file = TEXTS.as_posix()
    if entry is None:
        yield Message.of("verify.gap.text", file=file, entry=key)
        return
    for language in LANGUAGES:
        words = entry.get(language, "")
        if not words:
            yield Message.of("verify.gap.text", file=file, entry=f"{key} ({language})")
        elif MARK in words:
            yield Message.of("verify.gap.text_mark", file=file, entry=f"{key} ({language})", mark=_shorten(words))


def _in_results(slug: str) -> Iterator[Message]:
    if Results.read((ROOT / RESULTS).read_text(encoding="utf-8")).of(slug) is None:
        yield Message.of("verify.gap.results", file=RESULTS.as_posix(), slug=slug)
    # the floors come with a checkout, not with the program
    floors = ROOT / FLOORS
    if floors.is_file() and slug not in json.loads(floors.read_text(encoding="utf-8")):
        yield Message.of("verify.gap.floors", file=FLOORS.as_posix(), slug=slug)


def is_orphan(slug: str) -> bool:
    """Return whether a loss has a file but no line in the catalogue."""
    in_losses = slug.isidentifier() and importlib.util.find_spec(f"losses.{slug}") is not None
    return in_losses and f'slug: ClassVar[str] = "{slug}"' in (ROOT / loss_file(slug)).read_text(encoding="utf-8")


def _shorten(line: str) -> str:
    """Return a mark from its first word on, cut to a line of a terminal."""
    words = line[line.index(MARK) :].strip()
    return words if len(words) <= 100 else words[:97] + "..."
