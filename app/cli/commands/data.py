"""``loss-geometry data``: list data sets, fetch them, check them, and convert the user's own."""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.cli.data_files import describe_availability, locate_data
from app.cli.knob_lines import NAME_COLUMNS, print_knob
from app.cli.terminal import pad
from spec import Refusal, text
from toy_data import DATA_SETS, VARIABLE, Samples, folder
from toy_data.download import fetch
from toy_data.raw import write
from toy_data.user_data import Own, at_hand, check_name, checksum, read_raw


def run(options: argparse.Namespace) -> int:
    """Do one of the actions, or list the data sets; return 1 where a check finds data that cannot be trained."""
    match options.action:
        case None:
            _list(options.language)
        case "fetch":
            _print_line(options.slug, text("cli.data.fetched", options.language, folder=fetch(options.slug)))
        case "check":
            return _check(options.which, options.language)
        case "convert":
            _convert(Path(options.path), Path(options.out), options.language)
    return 0


def _list(language: str) -> None:
    for slug, data_set in DATA_SETS.items():
        print(f"{pad(slug, NAME_COLUMNS)}{describe_availability(slug).render(language)}")
        for dial in data_set.dials():
            print_knob(dial, f"data.{slug}", language)


def _convert(path: Path, out: Path, language: str) -> None:
    raw = read_raw(path)
    write(raw, out)
    count = len(raw.y) + len(raw.test_y if raw.test_y is not None else ())
    print(text("cli.data.converted", language, file=out, count=count))


def _check(which: str | None, language: str) -> int:
    """Describe the data named ``which``, or all that are here; return 1 where some of these cannot be trained."""
    if which is not None and which != Own.slug:
        slug, file = locate_data(which)
        _describe(which, slug, file, language)
        return 0
    own = at_hand()
    if which is not None and not own:
        raise Refusal("data.own_none", variable=VARIABLE)
    slugs = [slug for slug in DATA_SETS if slug != Own.slug] if which is None else []
    unusable = False
    for name, slug, file in [*((slug, slug, None) for slug in slugs), *((name, Own.slug, name) for name in own)]:
        try:
            _describe(name, slug, file, language)
        except Refusal as refusal:
            _print_line(name, refusal.message.render(language))
            unusable |= refusal.message.key not in folder.ABSENT
    if not own:
        _print_line(Own.slug, describe_availability(Own.slug).render(language))
    return 1 if unusable else 0


def _describe(name: str, slug: str, file: str | None, language: str) -> None:
    """Print what a data set holds; raise ``Refusal`` where it cannot be trained."""
    if file is not None:
        check_name(file)
    data = DATA_SETS[slug](**({} if file is None else {"file": file}))
    data.load()
    samples = data.read()
    sizes = text(
        "cli.data.sizes",
        language,
        train=len(samples.train_y),
        test=len(samples.test_y),
        classes=len(samples.classes),
        kind=text(f"cli.data.{'pictures' if samples.image else 'features'}", language),
        shape=" x ".join(map(str, samples.train_x.shape[1:])),
    )
    _print_line(name, sizes)
    for split, labels in (("train", samples.train_y), ("test", samples.test_y)):
        print(f"    {pad(text(f'cli.data.{split}', language), 8)}{_class_sizes(samples, labels)}")
    print(f"    {pad('sha256', 8)}{checksum(samples)}")


def _print_line(name: str, sentence: str) -> None:
    """Print a name, however long it is, and a sentence about it."""
    print(f"{pad(name, 16)}  {sentence}")


def _class_sizes(samples: Samples, labels: NDArray[np.int64]) -> str:
    counts = np.bincount(labels, minlength=len(samples.classes))
    return "  ".join(f"{name}: {count}" for name, count in zip(samples.classes, counts, strict=True))
