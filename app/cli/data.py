"""What ``loss-geometry data`` does: tell which data sets are here, fetch them, check them, convert the user's own."""

import argparse
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.cli.terminal import padded
from spec import Knob, Message, Refusal, text
from toy_data import DATA_SETS, VARIABLE, Samples, folder
from toy_data.download import fetch
from toy_data.public_sets import SOURCES
from toy_data.raw import write
from toy_data.user_data import Own, at_hand, check_name, checksum, read_raw

#: Names of the user's files that a line shows.
_NAMED = 5


def run(options: argparse.Namespace) -> int:
    """Do what is asked; raise ``Refusal`` where it cannot be done."""
    language = options.language
    match options.action:
        case "fetch":
            _say(options.slug, text("cli.data.fetched", language, folder=fetch(options.slug)))
        case "check":
            return _check(options.which, language)
        case "convert":
            raw = read_raw(Path(options.path))
            write(raw, Path(options.out))
            count = len(raw.y) + len(raw.test_y if raw.test_y is not None else ())
            print(text("cli.data.converted", language, file=options.out, count=count))
    return 0


def state(slug: str) -> Message:
    """Say whether a data set is here or how to get it, without reading its files."""
    if slug == Own.slug:
        names = at_hand()
        shown = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
        return Message.of("cli.data.own", names=shown) if names else Message.of("data.own_none", variable=VARIABLE)
    if slug in SOURCES:
        try:
            folder.find(slug)
        except Refusal as refusal:
            return refusal.message
        return Message.of("cli.data.files", slug=slug)
    return Message.of("cli.data.ready")


def place(which: str) -> tuple[str, str | None]:
    """Return the data set that a name means, and the file where it is one of the user's own, given by path or name.

    An experiment names such a file without its path, so that a recording or a link can lead nowhere else; that of a
    path given here becomes one where files are looked for in this process. Raises ``Refusal`` for anything else.
    """
    if which in DATA_SETS:
        return which, None
    path = Path(which)
    if which and _exists(path):
        path = path.resolve()
        check_name(path.name)
        if parted := [part for part in path.parent.parts if os.pathsep in part]:
            values = {"folder": repr(parted[-1]), "sign": repr(os.pathsep), "file": path.name, "variable": VARIABLE}
            raise Refusal("data.own_parted", **values)
        os.environ[VARIABLE] = os.pathsep.join(filter(None, (str(path.parent), os.environ.get(VARIABLE))))
        return Own.slug, path.name
    if which in at_hand():
        check_name(which)
        return Own.slug, which
    raise Refusal("data.check_unknown", name=repr(which[:40]), allowed=", ".join(DATA_SETS))


def ranges(knob: Knob) -> Message:
    """Say the default of a knob and what it allows."""
    match knob.kind:
        case "choice":
            return Message.of("cli.knob.words", default=knob.default, allowed=", ".join(knob.choices))
        case "switch":
            return Message.of("cli.knob.words", default=str(knob.default).lower(), allowed="true, false")
        case "text":
            return Message.of("cli.knob.name", default=knob.default or "-")
    default, low, high = (_number(float(number)) for number in (knob.default, knob.low, knob.high))
    unit = f" {knob.unit}" if knob.unit else ""
    return Message.of("cli.knob.between", default=default + unit, low=low, high=high)


def _number(number: float) -> str:
    """Write a number, a whole one with all its digits."""
    return f"{number:.10g}" if number.is_integer() else f"{number:g}"


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long for a file
        return False


def _check(which: str | None, language: str) -> int:
    """Describe what is named, or every data set that is here; return 1 where one of these cannot be trained."""
    if which is not None and which != Own.slug:
        slug, file = place(which)
        _describe(which, slug, file, language)
        return 0
    own = at_hand()
    if which is not None and not own:
        raise Refusal("data.own_none", variable=VARIABLE)
    known = [slug for slug in DATA_SETS if slug != Own.slug] if which is None else []
    broken = False
    for name, slug, file in [*((slug, slug, None) for slug in known), *((name, Own.slug, name) for name in own)]:
        try:
            _describe(name, slug, file, language)
        except Refusal as refusal:
            _say(name, refusal.message.render(language))
            broken |= refusal.message.key not in folder.ABSENT
    if not own:
        _say(Own.slug, state(Own.slug).render(language))
    return 1 if broken else 0


def _describe(name: str, slug: str, file: str | None, language: str) -> None:
    """Say what a data set holds; raise ``Refusal`` where it cannot be trained."""
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
    _say(name, sizes)
    for split, labels in (("train", samples.train_y), ("test", samples.test_y)):
        print(f"    {padded(text(f'cli.data.{split}', language), 8)}{_histogram(samples, labels)}")
    print(f"    {padded('sha256', 8)}{checksum(samples)}")


def _say(name: str, found: str) -> None:
    """Print what is found behind a name, however long the name is."""
    print(f"{padded(name, 16)}  {found}")


def _histogram(samples: Samples, labels: NDArray[np.int64]) -> str:
    counts = np.bincount(labels, minlength=len(samples.classes))
    return "  ".join(f"{name}: {count}" for name, count in zip(samples.classes, counts, strict=True))
