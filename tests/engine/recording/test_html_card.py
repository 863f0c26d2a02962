"""The card of a recording: complete in itself, small, true, and safe to show whatever the names are."""

import json
import re
import sqlite3
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from engine_parts import experiment

from engine import Experiment, Panel, Recording, record
from engine.recording.writer import Recorder, initial_meta
from spec import text
from spec.palette import class_hex

#: Tags that have no end.
_ALONE = {"path"}


class Outline(HTMLParser):
    """The tags and the words of a piece of HTML; fails where tags are not closed in their order."""

    def __init__(self, source):
        super().__init__()
        self.open, self.tags, self.words, self.paths = [], [], [], []
        self.feed(source)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        assert tag in _ALONE
        self.tags.append(tag)
        self.paths.append(dict(attributes))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "run.lossgeo"
    list(record(experiment(("arcface", {"margin": 0.5}), "softmax", "contrastive", steps=20, points=120), path))
    return path


def dots(outline, colour):
    """How many dots of a colour there are."""
    return sum(each["d"].count("h0") for each in outline.paths if each["stroke"] == colour)


def test_the_card_tells_what_the_run_is_and_how_each_panel_ended(path):
    with Recording(path) as recording:
        outline = Outline(recording._repr_html_())
        last = recording.frame(recording.frames - 1)
    said = " ".join(outline.words)
    for part in ("ArcFace, Softmax, Contrastive loss", "Digits (8×8)", "20 steps", "seed 0", "done"):
        assert part in said
    assert "ArcFace (margin 0.5)" in said
    for panel in last.panels:
        assert f"{panel.loss:.3g}" in outline.words
        assert f"{100 * panel.test_accuracy:.1f} %" in outline.words
    assert outline.tags.count("svg") == 3
    assert outline.tags.count("tr") == 4


def test_every_sample_is_a_dot_of_its_class_and_mistakes_have_a_rim(path):
    with Recording(path) as recording:
        outline = Outline(recording.html())
        last, labels = recording.frame(recording.frames - 1), recording.points.labels
    z = [panel.embeddings for panel in last.panels]
    wrong = [
        panel.head.scores(torch.from_numpy(each)).argmax(1).numpy() != labels
        for panel, each in zip(last.panels, z, strict=True)
    ]
    assert dots(outline, "currentColor") == sum(each.sum() for each in wrong) > 0
    for c in range(4):
        again = sum((each & (labels == c)).sum() for each in wrong)
        assert dots(outline, class_hex(c)) == 3 * (labels == c).sum() + again
    places = [int(number) for each in outline.paths for number in re.findall(r"-?\d+", each["d"].replace("h0", ""))]
    assert min(places) >= 0
    assert max(places) <= 1000


def test_the_card_speaks_both_languages(path):
    with Recording(path) as recording:
        chinese = recording.html("zh")
    assert text("card.rim", "zh") in chinese
    assert "手写数字" in chinese


def test_the_card_is_small_and_complete_in_itself(tmp_path):
    out = tmp_path / "run.lossgeo"
    panels = tuple(Panel(loss=loss) for loss in ("softmax", "arcface", "center", "focal"))
    list(record(Experiment(panels=panels, steps=1, points=2000), out))
    with Recording(out) as recording:
        assert len(recording.points.labels) == 1797
        card = recording._repr_html_()
    assert len(card.encode()) < 300_000
    for outside in ("http", "<script", "src=", "url(", "<style", "id="):
        assert outside not in card


def test_many_panels_and_samples_are_thinned_out_and_it_says_so(tmp_path):
    many = Experiment(
        panels=(Panel(loss="softmax"),) * 10,
        data="blobs",
        dials={"per_class": 500},
        steps=1,
        points=5000,
    )
    out = tmp_path / "run.lossgeo"
    list(record(many, out))
    with Recording(out) as recording:
        count = len(recording.points.labels)
        card = recording.html()
    stride = -(-count // 2000)
    assert stride > 1
    assert text("card.some", stride=stride) in card
    assert text("card.more", drawn=8, panels=10) in card
    outline = Outline(card)
    assert outline.tags.count("svg") == 8
    assert outline.tags.count("tr") == 11
    assert len(card.encode()) < 400_000


def test_names_cannot_break_out(path, tmp_path):
    evil = "<img src=x onerror=alert(1)>\"'&"
    copy = tmp_path / "evil.lossgeo"
    copy.write_bytes(path.read_bytes())
    rows = sqlite3.connect(copy)
    (written,) = rows.execute("SELECT value FROM meta WHERE key = 'experiment'").fetchone()
    named = json.loads(written)
    named["data"] = named["panels"][0]["loss"] = evil
    for key, value in (("classes", [evil] * 4), ("experiment", named), ("status", evil)):
        rows.execute("UPDATE meta SET value = ? WHERE key = ?", (json.dumps(value), key))
    rows.commit()
    rows.close()
    with Recording(copy) as recording:
        card = recording._repr_html_()
    outline = Outline(card)
    assert "img" not in outline.tags
    assert "".join(outline.words).count(evil) >= 4


def test_a_recording_without_a_frame_and_one_that_was_closed_say_so(tmp_path):
    one = Experiment(panels=(Panel(loss="softmax"),))
    meta = initial_meta("cpu") | {"experiment": one.model_dump(mode="json"), "key": one.key, "classes": ["a"]}
    Recorder.create(tmp_path / "run.lossgeo", meta, b"").finish("stopped")
    with Recording(tmp_path / "run.lossgeo") as recording:
        card = recording._repr_html_()
    assert text("card.empty") in card
    assert "svg" not in card
    assert recording._repr_html_().startswith("<p>")


def test_whole_numbers_of_numpy_are_whole_numbers(path):
    with Recording(str(path)) as recording:
        assert recording.step_of(np.int64(1)) == recording.step_of(1)
        assert recording.frame(np.int64(1)).step == recording.frame(1).step
