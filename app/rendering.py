"""The command ``loss-geometry render``: a recording as a picture or a film, without a browser."""

import argparse
import re
import sys
from importlib.util import find_spec
from pathlib import Path

from tqdm import tqdm

from engine import Recording
from spec import Refusal, text

#: What the extra ``render`` brings along.
_NEEDED = ("imageio", "imageio_ffmpeg", "matplotlib")

_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")


def ready() -> bool:
    """Tell whether the packages that pictures need are installed."""
    return all(find_spec(name) is not None for name in _NEEDED)


def run(options: argparse.Namespace) -> int:
    """Draw the recording; raise ``Refusal`` where it cannot be drawn as asked."""
    if not ready():
        raise Refusal("film.missing")
    from plots import saving  # noqa: PLC0415  (the packages of the extra)
    from plots.film import Film  # noqa: PLC0415

    out: Path = options.out
    saving.check(out, options.fps)
    first, last = options.first, options.last
    if out.suffix.lower() == ".png":
        if (first, last) != (None, None):
            raise Refusal("film.one")
        first = last = options.frame
    elif options.frame is not None:
        raise Refusal("film.many")
    with Recording(options.recording) as recording:
        if out.suffix.lower() == ".png" and first is None:
            first = max(0, recording.frames - 1)
        film = Film.of(
            recording,
            first=first or 0,
            last=last,
            every=options.every,
            size=_size(options.size),
            language=options.language,
            turn=options.turn,
            directions=options.directions,
        )
        if film.readable:
            print(film.readable, file=sys.stderr)
        saving.save(film, out, fps=options.fps, progress=lambda frames: tqdm(frames, unit="frame", file=sys.stderr))
    width, height = film.size
    frames = 1 if out.suffix.lower() == ".png" else len(film.frames)
    print(text("film.written", frames=frames, width=width, height=height, name=out))
    return 0


def _size(written: str | None) -> tuple[int, int] | None:
    """Read ``WIDTHxHEIGHT``."""
    if written is None:
        return None
    found = _SIZE.fullmatch(written.lower())
    if found is None:
        raise Refusal("film.size_form", found=repr(written[:40]))
    return int(found[1]), int(found[2])
