"""Writing pictures and films frame by frame, so that memory does not grow with the film."""

import errno
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import imageio.v2 as imageio
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from plots.film import Film, Picture
from spec import Refusal

#: Frames a second: the default, and the limits that every player can show.
FPS, _SLOWEST, _FASTEST = 20.0, 0.1, 50.0

#: Colours of a GIF that are the most frequent ones, exactly, and colours in all; the rest approximate the others.
_EXACT, _COLOURS = 160, 256

#: Frames from which the colours of a GIF are chosen.
_SAMPLED = 4

#: Colours that are compared with the palette at once.
_CHUNK = 4096

#: Bit shifts of red and green in a packed colour.
_RED, _GREEN = 16, 8

Progress = Callable[[Iterable[int]], Iterable[int]]


def check(path: Path, fps: float = FPS) -> None:
    """Raise ``Refusal`` unless the name ends in a known format and ``fps`` is in range."""
    if path.suffix.lower() not in _WRITERS:
        raise Refusal("film.kind", name=path.name)
    if not _SLOWEST <= fps <= _FASTEST:
        raise Refusal("film.fps", found=fps, low=_SLOWEST, high=_FASTEST)


def save(film: Film, path: Path, *, fps: float = FPS, progress: Progress = iter) -> None:
    """Write the last frame of a film as PNG, or all frames as GIF or MP4. An existing file is replaced.

    Creates missing folders. ``progress`` wraps the iteration over the frames. Raises ``Refusal`` where the file cannot
    be written; if that can be known in advance, before anything is drawn.
    """
    check(path, fps)
    kind = path.suffix.lower()
    if kind == ".mp4" and any(pixels % 2 for pixels in film.size):
        raise Refusal("film.size_even", width=film.size[0], height=film.size[1])
    # an interrupted film leaves nothing behind, and the file before it stays until the new one is whole
    part = path.with_name(f"{path.stem}.part{kind}")
    try:
        _make_room(path, part)
        with _WRITERS[kind](film, part, fps) as append:
            for frame in progress(film.frames[-1:] if kind == ".png" else film.frames):
                append(film.draw(frame))
        part.replace(path)
    except _TruncatedError:
        raise Refusal("film.cut_off", name=path.name) from None
    except OSError as error:
        reason = error.strerror or (str(error).strip() or type(error).__name__).splitlines()[-1]
        raise Refusal("film.disk", name=path.name, reason=reason) from None
    finally:
        with suppress(OSError):  # a path that cannot be looked up has no file
            part.unlink(missing_ok=True)


def _make_room(path: Path, part: Path) -> None:
    """Create the folder and an empty file in it; raise ``OSError`` where that fails."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError:  # a file has the name of the folder
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from None
    part.touch()


Append = Callable[[Picture], Any]


@contextmanager
def _png(film: Film, path: Path, fps: float) -> Iterator[Append]:
    # encoded in memory: on a full disk imageio would report its own file a second time at exit
    yield lambda picture: path.write_bytes(imageio.imwrite("<bytes>", picture, format="PNG"))


@contextmanager
def _gif(film: Film, path: Path, fps: float) -> Iterator[Append]:
    """Write pictures in 256 colours, the same in all frames, so that still parts do not flicker."""
    palette = _palette(film)
    # GIF-PIL writes each frame at once; the other writer keeps all of them in memory
    with imageio.get_writer(path, format="GIF-PIL", mode="I", fps=fps, loop=0, quantizer=0) as writer:
        yield lambda picture: writer.append_data(_quantize(palette, picture))


class _TruncatedError(Exception):
    """A film has fewer frames than were written."""


@contextmanager
def _mp4(film: Film, path: Path, fps: float) -> Iterator[Append]:
    settings = {"codec": "libx264", "pixelformat": "yuv420p", "macro_block_size": 2, "ffmpeg_log_level": "quiet"}
    # yuv444 would keep thin coloured lines sharper, but not every player shows it
    quality = ["-crf", "18", "-preset", "medium", "-movflags", "+faststart"]
    written = 0
    try:
        encoder = imageio.get_writer(
            path, format="FFMPEG", mode="I", fps=fps, quality=None, output_params=quality, **settings
        )
        with closing(encoder) as writer:  # also after an interruption, or ffmpeg would go on writing

            def append(picture: Picture) -> None:
                nonlocal written
                writer.append_data(picture)
                written += 1

            yield append
        # imageio ignores the exit status of ffmpeg
        with imageio.get_reader(path, format="FFMPEG") as reader:
            whole = reader.count_frames() == written
    except (OSError, RuntimeError):  # ffmpeg has ended, or there is no film
        whole = False
    if not whole:
        raise _TruncatedError


_WRITERS: dict[str, Callable[[Film, Path, float], AbstractContextManager[Append]]] = {
    ".png": _png,
    ".gif": _gif,
    ".mp4": _mp4,
}


def _palette(film: Film) -> Picture:
    """Return the colours ``(256, 3)`` of a film: the most frequent ones exactly, the others approximately."""
    sampled = np.unique(np.linspace(0, len(film.frames) - 1, _SAMPLED).round().astype(int))
    counts: Counter[int] = Counter()
    for place in sampled:
        colours, times = np.unique(_pack(film.draw(film.frames[place])), return_counts=True)
        counts.update(dict(zip(colours.tolist(), times.tolist(), strict=True)))
    common = [colour for colour, _ in counts.most_common()]
    exact, rest = np.array(common[:_EXACT]), np.array(common[_EXACT:] or common[:1])
    spread = Image.fromarray(_unpack(rest[None])).quantize(_COLOURS - len(exact), Image.Quantize.MEDIANCUT)
    return np.concatenate([_unpack(exact), np.array(spread.getpalette(), np.uint8).reshape(-1, 3)])[:_COLOURS]


def _quantize(palette: Picture, picture: Picture) -> Picture:
    """Return a picture in the colours of a palette, without dithering, which would flicker."""
    packed, where = np.unique(_pack(picture), return_inverse=True)
    choices = palette.astype(np.int64)
    nearest = np.empty(len(packed), np.intp)
    for first in range(0, len(packed), _CHUNK):
        part = _unpack(packed[first : first + _CHUNK]).astype(np.int64)
        nearest[first : first + _CHUNK] = ((part[:, None] - choices) ** 2).sum(axis=2).argmin(axis=1)
    return palette[nearest][where.reshape(picture.shape[:2])]


def _pack(picture: Picture) -> NDArray[np.int64]:
    packed: NDArray[np.int64] = picture.astype(np.int64) @ np.array([1 << _RED, 1 << _GREEN, 1])
    return packed


def _unpack(colours: NDArray[np.int64]) -> Picture:
    return np.stack([colours >> _RED, (colours >> _GREEN) & 255, colours & 255], axis=-1).astype(np.uint8)
