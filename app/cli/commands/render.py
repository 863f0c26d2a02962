"""``loss-geometry render``: draw a recording as a picture or a film, without a browser."""

import argparse
import re
import sys
from importlib.util import find_spec
from pathlib import Path

from tqdm import tqdm

from engine import Recording
from spec import Refusal, text

#: The packages of the extra ``render``.
_PACKAGES = ("imageio", "imageio_ffmpeg", "matplotlib")

#: Options that only a film has, each with its name among the parsed options.
_FILM_OPTIONS = {"--from": "first", "--to": "last", "--every": "every", "--fps": "fps", "--turn": "turn"}

#: SQLite counts no further, so no recording has a frame beyond.
_LAST_FRAME = 2**63 - 1

_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")


def has_packages() -> bool:
    """Return whether the packages that pictures need are installed."""
    return all(find_spec(name) is not None for name in _PACKAGES)


def run(options: argparse.Namespace) -> int:
    """Draw the recording; raise ``Refusal`` where the options do not fit the recording or each other."""
    if not has_packages():
        raise Refusal("film.missing")
    from plots import export  # noqa: PLC0415  (needs the packages of the extra)
    from plots.film import TURN, Film  # noqa: PLC0415

    out = Path(options.out)
    frame, first, last, every = (_whole(options, name) for name in ("frame", "first", "last", "every"))
    fps, turn = _number(options.fps, "fps", export.FPS), _number(options.turn, "turn", TURN)
    export.check(out, fps)
    is_picture = out.suffix.lower() == ".png"
    if is_picture:
        unsuitable = [option for option, name in _FILM_OPTIONS.items() if getattr(options, name) is not None]
        if unsuitable:
            raise Refusal("film.one", options=", ".join(unsuitable))
        first = last = frame
    elif frame is not None:
        raise Refusal("film.many")
    language: str = options.language
    with Recording(Path(options.recording)) as recording:
        if is_picture and first is None:
            first = max(0, recording.frames - 1)
        film = Film.of(
            recording,
            first=first or 0,
            last=last,
            every=1 if every is None else every,
            size=_size(options.size),
            language=language,
            turn=turn,
            directions=options.directions,
        )
        if film.readable:
            print(film.readable.render(language), file=sys.stderr)
        unit = text("cli.render.frame", language)
        export.save(film, out, fps=fps, progress=lambda frames: tqdm(frames, unit=unit, disable=None))
    width, height = film.size
    count = 1 if is_picture else len(film.frames)
    print(text("film.written", language, frames=count, width=width, height=height, name=out))
    return 0


def _whole(options: argparse.Namespace, name: str) -> int | None:
    value = getattr(options, name)
    if value is None or isinstance(value, int):
        return None if value is None else max(-_LAST_FRAME, min(value, _LAST_FRAME))
    raise Refusal("cli.wrong.whole", name=name, value=repr(value)[:40])


def _number(value: object, name: str, default: float) -> float:
    if value is None:
        return default
    if isinstance(value, int | float):
        return float(value)
    raise Refusal("cli.wrong.number", name=name, value=repr(value)[:40])


def _size(word: str | None) -> tuple[int, int] | None:
    """Read ``WIDTHxHEIGHT``."""
    if word is None:
        return None
    match = _SIZE.fullmatch(word.lower())
    if match is None:
        raise Refusal("film.size_form", found=repr(word[:40]))
    return int(match[1]), int(match[2])
