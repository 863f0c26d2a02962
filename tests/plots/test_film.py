"""Pictures of recordings: what each pixel shows."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
import torch
from film_parts import CORNERS, SIZE, head, pale, panel, places_of, recorded

from app.presets import FOLDER
from engine import Recording
from losses import HeadKind
from losses.shape import Circle, Role
from plots.film import Film
from plots.layout import Layout
from plots.lens import Lens
from spec import Refusal, text
from spec.palette import class_colour


def inside(film, picture, place=0):
    """Cut a panel out of a picture; also return the coordinates of its pixels."""
    layout = Layout.of(len(film.experiment.panels), film.size)
    left, low, wide, high = layout.panel(place)
    lens = Lens(film.views[place], wide, high)
    top = layout.height - low - high
    return picture[top : top + high, left : left + wide], lens.pixels()


@pytest.mark.parametrize(("slug", "place"), [("petals", 0), ("petals", 1), ("clusters", 0), ("focus", 1)])
def test_regions_have_the_colour_of_the_class_that_the_head_gives(slug, place):
    with Recording(FOLDER / f"{slug}.lossgeo") as recording:
        film = Film.of(recording, first=recording.frames - 1)
        frame = film.frames[-1]
        cut, where = inside(film, film.draw(frame), place)
        given = recording.frame(frame).panels[place].head.scores(torch.from_numpy(where.reshape(-1, 2)))
    winner = given.argmax(dim=1).numpy().reshape(cut.shape[:2])
    seen = 0
    for c in range(10):
        coloured = (cut == pale(c)).all(axis=2)
        assert (winner[coloured] == c).all()
        seen += coloured.sum()
    assert seen > 0.4 * winner.size, "much of the panel is plain"


def test_the_margin_band_is_striped_where_the_head_says_so():
    with Recording(FOLDER / "petals.lossgeo") as recording:
        film = Film.of(recording, first=recording.frames - 1)
        cut, where = inside(film, film.draw(film.frames[-1]), 1)
        arcface = recording.frame(film.frames[-1]).panels[1].head
    z = torch.from_numpy(where.reshape(-1, 2))
    best, who = arcface.scores(z).topk(2, dim=1)
    band = (arcface.targets(z).gather(1, who[:, :1])[:, 0] < best[:, 1]).numpy().reshape(cut.shape[:2])
    plain = np.zeros_like(band)
    for c in range(10):
        plain |= (cut == pale(c)).all(axis=2)
    assert 0.1 < band.mean() < 0.9
    assert plain[~band].mean() > 0.7
    assert plain[band].mean() < 0.05


def test_a_sample_has_the_colour_of_its_class_where_it_lies(corners):
    film = Film.of(corners, size=SIZE)
    for frame, share in zip(film.frames, (0.2, 0.6, 1.0), strict=True):
        cut, where = inside(film, film.draw(frame))
        for c, spot in enumerate(CORNERS * share):
            row, column = np.unravel_index(np.argmin(np.linalg.norm(where - spot, axis=2)), where.shape[:2])
            found = places_of(cut, c)
            assert len(found)
            assert np.abs(found - (row, column)).max(axis=1).min() <= 4


def test_test_samples_look_different_from_training_samples(tmp_path):
    spots = [[-2, 0.1], [2, 0.1]]
    with recorded(tmp_path / "both.lossgeo", [panel(spots)], [1, 0], split=[0, 1]) as recording:
        cut, where = inside(film := Film.of(recording, size=SIZE), film.draw(0))
    dark = (cut.astype(int).sum(axis=2) < 330) & (np.abs(where[..., 1] - 0.1) < 0.25)
    right, left = dark & (where[..., 0] > 1.5), dark & (where[..., 0] < -1.5)
    assert right.sum() > 10 > left.sum(), "a test sample has a dark rim"


def test_a_misclassified_sample_is_ringed_and_lies_on_top_of_everything(tmp_path):
    # under 200 samples that are right, a class vector, and the name of their class
    spots = np.concatenate([[[2.0, 2.0]], np.full((200, 2), 2.0)])
    with recorded(tmp_path / "wrong.lossgeo", [panel(spots)], [3] + [0] * 200) as recording:
        film = Film.of(recording, size=SIZE)
        cut, where = inside(film, film.draw(0))
    away = np.linalg.norm(where - 2.0, axis=2) / Lens(film.views[0], cut.shape[1], cut.shape[0]).unit
    assert np.abs(cut[away < 1].astype(int) - class_colour(3)).max() < 40
    around = (away > 3.5) & (away < 6)
    assert (cut[around].astype(int).sum(axis=1) < 420).mean() > 0.2
    with recorded(tmp_path / "right.lossgeo", [panel(spots)], [0] * 201) as recording:
        cut, _ = inside(film, Film.of(recording, size=SIZE).draw(0))
    assert not (cut[around].astype(int).sum(axis=1) < 420).any()


def test_the_axes_are_locked_over_the_whole_film(tmp_path):
    # class 3 stays where it is while the others fly apart
    frames = [panel([[share, share], [-share, share], [-share, -share], [2, -0.5]]) for share in (1, 2, 8)]
    with recorded(tmp_path / "run.lossgeo", frames, range(4)) as recording:
        film = Film.of(recording, size=SIZE)
        found = []
        for picture in film:
            cut, where = inside(film, picture)
            near = np.linalg.norm(where - (2, -0.5), axis=2) < 0.4
            found.append(np.argwhere((cut == class_colour(3)).all(axis=2) & near))
        alone = Film.of(recording, first=0, last=0, size=SIZE)
    assert len(found[0])
    for before, after in pairwise(found):
        np.testing.assert_array_equal(before, after)
    assert alone.views[0].radius < film.views[0].radius / 4


def test_shapes_are_drawn_where_they_are(tmp_path):
    circle = Circle(role=Role.BOUNDARY, center=np.array([1.0, 0.0]), radius=2.0).encode().astype(np.float32)
    with recorded(tmp_path / "run.lossgeo", [panel(CORNERS, shapes=circle[None])], range(4)) as recording:
        film = Film.of(recording, size=SIZE)
        cut, where = inside(film, film.draw(0))
    unit = Lens(film.views[0], cut.shape[1], cut.shape[0]).unit
    off = np.abs(np.linalg.norm(where - (1, 0), axis=2) - 2) / unit
    dark = cut.astype(int).sum(axis=2) < 420
    assert dark[off < 0.4].mean() > 0.8
    assert dark[(off > 4) & (off < 8)].mean() < 0.2


def test_panels_stand_beside_each_other_and_more_in_a_grid():
    for count, columns in ((1, 1), (2, 2), (4, 4), (6, 3), (64, 8)):
        layout = Layout.of(count)
        boxes = [layout.panel(place) for place in range(count)]
        assert len({left for left, *_ in boxes}) == columns
        assert layout.width % 2 == layout.height % 2 == 0
        for place, (left, low, wide, high) in enumerate(boxes):
            assert min(left, low) >= 0
            assert left + wide <= layout.width
            assert low + high <= layout.height
            others = boxes[:place]
            assert all(abs(left - x) >= wide or abs(low - y) >= high for x, y, _, _ in others)


def test_words_say_what_the_picture_cannot(tmp_path):
    far = np.concatenate([np.random.default_rng(0).normal(size=(998, 2)), [[1e5, 0], [np.nan, 0]]])
    diverged = dataclasses.replace(panel(far), stopped=Refusal("film.empty", name="x").message)
    with recorded(tmp_path / "run.lossgeo", [(panel(far), diverged)], [0] * 1000) as recording:
        film = Film.of(recording)
        said = " ".join(words.get_text() for words in film.figure(0).texts)
    assert text("film.outside", count=2, total=1000) in said  # the stray one, and one beside the others' quantile
    assert text("film.unknown", count=1, total=1000) in said
    assert text("stage.stopped") in said
    assert "Step 0" in said
    assert "loss 0.25" in said
    assert "train 50.0 %" in said
    assert "test –" in said


def test_a_stand_in_for_a_head_is_named():
    with Recording(FOLDER / "clusters.lossgeo") as recording:
        film = Film.of(recording)
        said = [words.get_text() for words in film.figure(0).texts]
    assert said.count(text("stage.nearest_class_mean")) == 1


def test_names_are_drawn_as_they_are_written(tmp_path):
    names = ("$x$", "<b>", "\U0001f600", "数")
    with recorded(tmp_path / "run.lossgeo", [panel(CORNERS)], range(4), classes=names) as recording:
        film = Film.of(recording, size=SIZE)
        (axes, _) = film.figure(0).axes
        said = {words.get_text() for words in axes.texts}
    assert set(names) <= said


def test_in_space_the_camera_goes_round_and_directions_lie_on_the_sphere(tmp_path):
    z = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    z *= np.random.default_rng(1).uniform(1, 9, size=(60, 1)).astype(np.float32)
    frames = [panel(z, head=head(np.eye(3), HeadKind.COSINE))] * 3
    labels = head(np.eye(3)).scores(torch.from_numpy(z)).argmax(dim=1)
    with recorded(tmp_path / "run.lossgeo", frames, labels, losses=["cosface"], dim=3) as recording:
        turning, still = Film.of(recording, size=SIZE), Film.of(recording, size=SIZE, turn=0)
        assert not np.array_equal(turning.draw(0), turning.draw(2))
        panels = [inside(still, picture)[0] for picture in (still.draw(0), still.draw(2))]
        np.testing.assert_array_equal(*panels)
        round_ = Film.of(recording, size=SIZE, directions=True)
        assert round_.views[0].radius < 1.5 < still.views[0].radius
        assert text("film.directions") in [words.get_text() for words in round_.figure(0).texts]
