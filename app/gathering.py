"""What ``loss-geometry data`` does: list data sets, fetch them, check them, convert the user's own."""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spec import Knob, Refusal
from toy_data import DATA_SETS, Samples, available
from toy_data.fetching import fetch
from toy_data.own import checksum, read, read_raw
from toy_data.raw import write


def run(options: argparse.Namespace) -> int:
    """Do what is asked; raise ``Refusal`` where it cannot be done."""
    match options.action:
        case "fetch":
            print(f"{options.slug:<18}is in {fetch(options.slug)}")
        case "check":
            return _check(options.which)
        case "convert":
            raw = read_raw(options.path)
            write(raw, options.out)
            print(f"{options.out}: {len(raw.y) + len(raw.test_y if raw.test_y is not None else ())} samples")
        case _:
            for slug, reason in available().items():
                print(f"{slug:<18}{'ready' if reason is None else reason}")
                for knob in DATA_SETS[slug].dials():
                    print(f"    {knob.name:<16}{ranges(knob)}")
    return 0


def ranges(knob: Knob) -> str:
    """Write the default of a knob and what it allows."""
    match knob.kind:
        case "choice":
            return f"{knob.default}  ({', '.join(knob.choices)})"
        case "switch":
            return f"{str(knob.default).lower()}  (true, false)"
        case "text":
            return f"{knob.default or '-'}  (a name)"
    unit = f" {knob.unit}" if knob.unit else ""
    return f"{knob.default:g}{unit}  ({knob.low:g} to {knob.high:g})"


def _check(which: str | None) -> int:
    """Describe what is named, or every data set that is here; return 1 where one of these is not whole."""
    if which is None:
        troubles = 0
        for slug, reason in available().items():
            if reason is None and slug != "own":  # which has no file unless one is named
                _describe(slug, _whole(slug))
            else:
                print(f"{slug:<18}{reason or 'name the file: loss-geometry data check PATH'}")
                troubles += reason is not None and reason.key != "data.files_missing" and slug != "own"
        return 1 if troubles else 0
    if which not in DATA_SETS and not Path(which).exists():
        raise Refusal("data.check_unknown", name=repr(which[:40]), allowed=", ".join(DATA_SETS))
    _describe(which, _whole(which) if which in DATA_SETS else read(Path(which)))
    return 0


def _whole(slug: str) -> Samples:
    return DATA_SETS[slug]().read()


def _describe(name: str, samples: Samples) -> None:
    size = "pictures" if samples.image else "features"
    shape = " x ".join(map(str, samples.train_x.shape[1:]))
    counts = f"{len(samples.train_y)} training samples, {len(samples.test_y)} test samples"
    print(f"{name:<18}{counts}, {len(samples.classes)} classes, {size} {shape}")
    print(f"    train   {_histogram(samples, samples.train_y)}")
    print(f"    test    {_histogram(samples, samples.test_y)}")
    print(f"    sha256  {checksum(samples)}")


def _histogram(samples: Samples, labels: NDArray[np.int64]) -> str:
    counts = np.bincount(labels, minlength=len(samples.classes))
    return "  ".join(f"{name}: {count}" for name, count in zip(samples.classes, counts, strict=True))
