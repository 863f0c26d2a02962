"""Pictures and films as files: how many frames they have, their size and colours, and what is refused."""

import gc
import json
import os
import subprocess
import sys
import time

import imageio.v2 as imageio
import numpy as np
import pytest
from film_parts import CORNERS, SIZE, pale, panel, recorded
from PIL import Image

from app.cli.commands import render
from app.cli.main import main
from plots import film as film_module
from plots.export import FPS, save
from plots.film import TURN, Film
from spec import Refusal, text


def test_a_film_speaks_chinese_or_says_why_not(corners, monkeypatch, capsys, tmp_path):
    english, chinese = Film.of(corners, size=SIZE), Film.of(corners, size=SIZE, language="zh")
    if chinese.readable:
        pytest.skip(str(chinese.readable))
    assert not np.array_equal(english.draw(0), chinese.draw(0))
    monkeypatch.setattr(film_module, "chinese_font", lambda: None)
    stand_in = Film.of(corners, size=SIZE, language="zh")
    np.testing.assert_array_equal(english.draw(0), stand_in.draw(0))
    arguments = [str(corners.path), str(tmp_path / "x.png"), "--language", "zh", "--size", "420x440"]
    assert main(["render", *arguments]) == 0
    said = capsys.readouterr()
    assert text("film.no_font", "zh") in said.err
    assert "1 帧，420x440 像素，已写入" in said.out


@pytest.mark.parametrize(
    ("choice", "frames"), [("", 3), ("--from 1", 2), ("--from 1 --to 1", 1), ("--every 2", 2), ("--to 1", 2)]
)
def test_a_gif_has_the_frames_and_the_size_and_the_pace_that_are_asked_for(corners, tmp_path, capsys, choice, frames):
    out = tmp_path / "film.gif"
    arguments = f"--size 420x440 --fps 10 {choice}".split()
    assert main(["render", str(corners.path), str(out), *arguments]) == 0
    with Image.open(out) as film:
        assert (film.n_frames, film.size, film.info["duration"]) == (frames, (420, 440), 100)
    assert {path.name for path in tmp_path.iterdir()} == {"film.gif", "corners.lossgeo"}
    said = capsys.readouterr()
    assert f"frames: {frames}, 420x440 pixels" in said.out
    assert not said.err  # no bar, since this is no terminal


def test_a_gif_keeps_the_colours_of_the_classes(corners, tmp_path):
    film = Film.of(corners, size=SIZE)
    save(film, tmp_path / "film.gif")
    with Image.open(tmp_path / "film.gif") as written:
        for frame in film.frames:
            written.seek(frame)
            shown, drawn = np.asarray(written.convert("RGB")), film.draw(frame)
            same = (shown == drawn).all(axis=2)
            assert same.mean() > 0.98
            assert np.abs(shown.astype(int) - drawn).max() < 48
            for c in range(4):
                flat = (drawn == pale(c)).all(axis=2)
                assert same[flat].all()


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # imageio's reader leaves its pipes to the garbage collector
def test_an_mp4_has_the_frames_and_the_size_that_are_asked_for(corners, tmp_path):
    out = tmp_path / "film.mp4"
    assert main(["render", str(corners.path), str(out), "--size", "420x440", "--fps", "5"]) == 0
    with imageio.get_reader(out) as reader:
        meta = reader.get_meta_data()
        pictures = [np.asarray(reader.get_data(frame)) for frame in range(reader.count_frames())]
    del reader
    gc.collect()
    assert (len(pictures), meta["size"], meta["fps"]) == (3, (420, 440), 5)
    drawn = Film.of(corners, size=SIZE).draw(2)
    assert np.abs(pictures[2].astype(int) - drawn).mean() < 4


def test_a_png_shows_the_last_frame_or_the_one_that_is_asked_for(corners, tmp_path):
    for options, frame in (([], 2), (["--frame", "0"], 0)):
        out = tmp_path / "one.PNG"
        assert main(["render", str(corners.path), str(out), "--size", "420x440", *options]) == 0
        alone = Film.of(corners, first=frame, last=frame, size=SIZE)
        np.testing.assert_array_equal(imageio.imread(out), alone.draw(frame))


@pytest.mark.parametrize("name", ["film.gif", "film.mp4"])
def test_what_is_broken_off_leaves_what_was_there(corners, tmp_path, monkeypatch, name):
    out = tmp_path / name
    out.write_bytes(b"before")
    film = Film.of(corners, size=SIZE)
    whole = Film.draw

    def draw(self, frame):
        if frame == 1:
            raise KeyboardInterrupt
        return whole(self, frame)

    monkeypatch.setattr(Film, "draw", draw)
    with pytest.raises(KeyboardInterrupt):
        save(film, out)
    assert out.read_bytes() == b"before"
    assert {path.name for path in tmp_path.iterdir()} == {name, "corners.lossgeo"}


#: Pictures, how many bytes of them a disk takes, and what is then said.
FULL = [
    ("film.png", 1000, "File too large"),
    ("film.gif", 1000, "File too large"),
    *(("film.mp4", room, "it was cut off, as on a full disk") for room in (0, 1000, 5000)),
]

#: Renders in each folder with its own limit, and prints status, output and errors of all; imports once.
_LIMITED = """
import contextlib, gc, io, json, os, resource, sys
import plots.export
from app.cli.main import main

_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
results = []
for folder, name, room in json.loads(sys.argv[1]):
    os.chdir(folder)
    out, err = io.StringIO(), io.StringIO()
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(["render", "corners.lossgeo", name, "--size", "420x440"])
        gc.collect()
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    results.append((status, out.getvalue(), err.getvalue()))
print(json.dumps(results))
"""


@pytest.fixture(scope="module")
def full_disk(tmp_path_factory):
    """The folder of each picture that does not fit, and what its command said and returned."""
    folders = [tmp_path_factory.mktemp("full") for _ in FULL]
    for place, (name, _, _) in zip(folders, FULL, strict=True):
        with recorded(place / "corners.lossgeo", [panel(CORNERS)] * 3, range(4)):
            pass
        (place / name).write_bytes(b"before")
    cases = [(str(place), name, room) for place, (name, room, _) in zip(folders, FULL, strict=True)]
    # -B, since Python would also keep modules that it compiled and that were cut off
    alone = [sys.executable, "-B", "-c", _LIMITED, json.dumps(cases)]
    done = subprocess.run(alone, capture_output=True, text=True, check=True, timeout=60)
    assert not done.stderr, "nothing else is said, also not at the end of the process"
    return dict(zip(FULL, zip(folders, json.loads(done.stdout), strict=True), strict=True))


@pytest.mark.parametrize("case", FULL, ids=lambda case: f"{case[0]}-{case[1]}")
def test_a_disk_that_takes_no_more_is_one_sentence_and_leaves_what_was_there(full_disk, case):
    name, _, reason = case
    place, result = full_disk[case]
    assert result == [2, "", f"{name} cannot be written: {reason}.\n"]
    assert (place / name).read_bytes() == b"before"
    assert {path.name for path in place.iterdir()} == {name, "corners.lossgeo"}


def test_the_folders_of_a_picture_are_made_as_those_of_a_recording_are(corners, tmp_path):
    out = tmp_path / "no" / "such" / "x.png"
    assert main(["render", str(corners.path), str(out)]) == 0
    assert out.stat().st_size > 0


@pytest.fixture
def undrawn(monkeypatch):
    """Any picture is an error."""

    def draw(self, frame):
        raise AssertionError("a frame was drawn")

    monkeypatch.setattr(Film, "draw", draw)


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    ("out", "reason"),
    [
        ("corners.lossgeo/x{}", "Not a directory"),
        ("corners.lossgeo/deep/x{}", "Not a directory"),
        ("folder{}", "Is a directory"),
        ("x" * 300 + "{}", "File name too long"),
    ],
)
@pytest.mark.parametrize("kind", [".png", ".gif", ".mp4"])
def test_a_place_that_cannot_be_written_is_refused_before_anything_is_drawn(corners, tmp_path, out, reason, kind):
    path = tmp_path / out.format(kind)
    (tmp_path / f"folder{kind}").mkdir()
    with pytest.raises(Refusal) as caught:
        save(Film.of(corners), path)
    assert str(caught.value) == f"{path.name} cannot be written: {reason}."
    assert {path.name for path in tmp_path.iterdir()} == {f"folder{kind}", "corners.lossgeo"}


def test_a_terminal_is_shown_how_far_a_film_is(corners, tmp_path, monkeypatch):
    termios = pytest.importorskip("termios", reason="there are no terminals of this kind")
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    os.set_blocking(ours, False)
    with os.fdopen(theirs, "w") as terminal, os.fdopen(ours, "rb", buffering=0) as screen:
        monkeypatch.setattr(sys, "stderr", terminal)
        assert main(["render", str(corners.path), str(tmp_path / "film.gif"), "--size", "420x440"]) == 0
        terminal.flush()
        shown, deadline = "", time.monotonic() + 10
        while "3/3 [" not in shown and time.monotonic() < deadline:  # the kernel hands over what was written in parts
            shown += (screen.read(100_000) or b"").decode(errors="replace")
    assert "3/3 [" in shown


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ("nothing.lossgeo x.png", "There is no recording nothing.lossgeo"),
        ("broken.lossgeo x.png", "broken.lossgeo cannot be read"),
        ("empty.lossgeo x.png", "empty.lossgeo has no frame yet"),
        ("corners.lossgeo x.png --frame 3", "Frame 3 does not exist; there are 3, counted from 0"),
        ("corners.lossgeo x.png --frame -1", "Frame -1 does not exist"),
        ("corners.lossgeo x.gif --from 5", "Frame 5 does not exist"),
        ("corners.lossgeo x.gif --to 5", "Frame 5 does not exist"),
        ("corners.lossgeo x.gif --from 2 --to 1", "from frame 2 to frame 1"),
        ("corners.lossgeo x.gif --every 0", "every is 0"),
        ("corners.lossgeo x.gif --frame 1", "--frame is for .png"),
        ("corners.lossgeo x.png --to 1", "A .png shows one frame, chosen with --frame; --to is for .gif and .mp4."),
        ("corners.lossgeo x.png --every 4 --fps 9", "--every, --fps is for .gif and .mp4"),
        ("corners.lossgeo x.png --frame 1 --turn 9", "--turn is for .gif and .mp4"),
        ("corners.lossgeo x.png --frame first", "frame is 'first', but must be a whole number"),
        ("corners.lossgeo x.png --frame 99999999999999999999", "does not exist; there are 3, counted from 0"),
        ("corners.lossgeo x.gif --every 1.5", "every is 1.5, but must be a whole number"),
        ("corners.lossgeo x.gif --turn round", "turn is 'round', but must be a number"),
        ("corners.lossgeo x.jpg", "x.jpg cannot be drawn: the name must end in .png"),
        ("corners.lossgeo x", "x cannot be drawn"),
        ("corners.lossgeo x.png --size big", "The size 'big' is not of the form WIDTHxHEIGHT"),
        ("corners.lossgeo x.png --size 640", "The size '640' is not of the form"),
        ("corners.lossgeo x.png --size 10x10", "The size is 10x10, but for 1 panels it must be from"),
        ("corners.lossgeo x.png --size 9000x500", "to 4096x4096 pixels"),
        ("corners.lossgeo x.mp4 --size 421x440", "an .mp4 needs an even width and height"),
        ("corners.lossgeo x.gif --fps 0", "fps is 0.0, but must be a number from 0.1 to 50"),
        ("corners.lossgeo x.gif --fps nan", "fps is nan"),
        ("corners.lossgeo x.gif --fps 500", "fps is 500.0"),
        ("corners.lossgeo x.gif --turn inf", "turn is inf"),
        ("corners.lossgeo x.gif --language fr", "The language is 'fr', but must be one of: en, zh"),
        ("corners.lossgeo/x.lossgeo x.png", "There is no recording x.lossgeo"),
        ("x" * 300 + " x.png", "x cannot be read: File name too long."),
    ],
)
@pytest.mark.usefixtures("corners")
def test_what_cannot_be_drawn_gets_one_sentence(tmp_path, capsys, monkeypatch, arguments, part):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.lossgeo").write_bytes(b"no recording" * 1000)
    recorded(tmp_path / "empty.lossgeo", [], range(4), losses=["softmax"])
    before = sorted(tmp_path.iterdir())
    assert main(["render", *arguments.split()]) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert part in said
    assert sorted(tmp_path.iterdir()) == before


def test_the_command_and_the_functions_have_the_same_defaults():
    assert text("cli.option.fps").endswith(f"(default: {FPS:g})")
    assert text("cli.option.turn").endswith(f"(default: {TURN:g})")


def test_without_the_extra_the_way_to_get_it_is_said(corners, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(render, "find_spec", lambda name: None)
    assert main(["render", str(corners.path), str(tmp_path / "x.png")]) == 2
    said = capsys.readouterr().err.strip()
    assert said == text("film.missing")
    assert "pip install 'loss-geometry[render]'" in said
