"""One view for all frames: which panels share it, and what lies within."""

import dataclasses

import numpy as np
import pytest

from app.presets import FOLDER
from engine import Experiment, Panel, Recording
from plots.axes import own_axes, views
from plots.lens import AZIMUTH, Lens


@pytest.mark.parametrize(
    ("losses", "own"),
    [
        (("softmax", "arcface"), True),
        (("contrastive", "center"), True),
        (("softmax", "focal"), False),
        (("cosface", "arcface"), False),
        (("arcface",), False),
    ],
)
def test_pictures_share_axes_where_their_sizes_can_be_compared(losses, own):
    assert own_axes(Experiment(panels=tuple(Panel(loss=loss) for loss in losses))) is own


def frames_of(slug, count=4):
    with Recording(FOLDER / f"{slug}.lossgeo") as recording:
        return [recording.frame(place) for place in np.linspace(0, recording.frames - 1, count).astype(int)]


@pytest.mark.parametrize(("slug", "own"), [("focus", False), ("petals", True), ("sphere", False)])
def test_every_point_of_every_frame_lies_within_the_view(slug, own):
    frames = frames_of(slug)
    turns = AZIMUTH + np.linspace(0, 1, len(frames))
    found = views(zip(frames, turns, strict=True), own)
    assert len(found) == 2
    assert (found[0] is found[1]) is not own
    reach = []
    for frame, azimuth in zip(frames, turns, strict=True):
        for panel, view in zip(frame.panels, found, strict=True):
            at = Lens(view, 300, 300, azimuth).place(panel.embeddings).at
            assert (at > 0).all()
            assert (at < 300).all()
            reach.append(np.abs(at / 150 - 1).max())
    assert max(reach) > 0.8, "the view is no larger than it must be"


def test_a_stray_point_lies_outside_where_it_would_shrink_the_rest():
    (panel, _) = frames_of("petals", 2)[1].panels
    frame = frames_of("petals", 2)[1]
    (calm,) = views([(dataclasses.replace(frame, panels=(panel,)), 0.0)], False)

    def with_stray(far):
        z = panel.embeddings.copy()
        z[0] = far
        return views([(dataclasses.replace(frame, panels=(dataclasses.replace(panel, embeddings=z),)), 0.0)], False)[0]

    assert with_stray([1e6, 0]).radius == pytest.approx(calm.radius, rel=0.1)
    assert with_stray([1.2 * np.abs(panel.embeddings).max(), 0]).radius > 1.02 * calm.radius
    assert with_stray([np.nan, np.nan]).radius == pytest.approx(calm.radius, rel=0.1)


def test_where_nothing_is_to_be_seen_there_still_is_a_view():
    frame = frames_of("petals", 2)[1]
    panel = frame.panels[0]
    nowhere = dataclasses.replace(panel, embeddings=np.full_like(panel.embeddings, np.nan))
    (view,) = views([(dataclasses.replace(frame, panels=(nowhere,)), 0.0)], False)
    assert np.isfinite(view.center).all()
    assert view.radius > 0
    assert views([], False) == ()
