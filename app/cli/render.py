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

#: What only films have, by option: where it is kept among the options.
_OF_FILMS = {"--from": "first", "--to": "last", "--every": "every", "--fps": "fps", "--turn": "turn"}

#: No recording has a frame beyond: SQLite counts no further.
_FAR = 2**63 - 1

_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")


def ready() -> bool:
    """Tell whether the packages that pictures need are installed."""
    return all(find_spec(name) is not None for name in _NEEDED)


def run(options: argparse.Namespace) -> int:
    """Draw the recording; raise ``Refusal`` where it cannot be drawn as asked."""
    if not ready():
        raise Refusal("film.missing")
    from plots import export  # noqa: PLC0415  (the packages of the extra)
    from plots.film import TURN, Film  # noqa: PLC0415

    out = Path(options.out)
    frame, first, last, every = (_whole(options, name) for name in ("frame", "first", "last", "every"))
    fps, turn = _number(options.fps, "fps", export.FPS), _number(options.turn, "turn", TURN)
    export.check(out, fps)
    picture = out.suffix.lower() == ".png"
    if picture:
        given = [option for option, name in _OF_FILMS.items() if getattr(options, name) is not None]
        if given:
            raise Refusal("film.one", options=", ".join(given))
        first = last = frame
    elif frame is not None:
        raise Refusal("film.many")
    language: str = options.language
    with Recording(Path(options.recording)) as recording:
        if picture and first is None:
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
    frames = 1 if picture else len(film.frames)
    print(text("film.written", language, frames=frames, width=width, height=height, name=out))
    return 0


def _whole(options: argparse.Namespace, name: str) -> int | None:
    value = getattr(options, name)
    if value is None or isinstance(value, int):
        return None if value is None else max(-_FAR, min(value, _FAR))
    raise Refusal("cli.wrong.whole", name=name, value=repr(value)[:40])


def _number(value: object, name: str, otherwise: float) -> float:
    if value is None:
        return otherwise
    if isinstance(value, int | float):
        return float(value)
    raise Refusal("cli.wrong.number", name=name, value=repr(value)[:40])


def _size(written: str | None) -> tuple[int, int] | None:
    """Read ``WIDTHxHEIGHT``."""
    if written is None:
        return None
    found = _SIZE.fullmatch(written.lower())
    if found is None:
        raise Refusal("film.size_form", found=repr(written[:40]))
    return int(found[1]), int(found[2])
