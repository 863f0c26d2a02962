"""What the stage draws: regions and bands against the head itself, points, colours, rings, notes, space."""

import base64
import io
import json
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save
from stage_page import show
from stage_run import make_run

from losses.head import Head

pytestmark = pytest.mark.browser

KINDS = ("linear", "cosine", "euclidean", "mahalanobis")


def regions(page: Any, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the region texture of panel ``k`` ``(H, W, 4)``, upper row last, and the coordinates ``(H, W, 2)``."""
    told = page.evaluate(
        """(k) => {
          const { width, height, pixels } = lossGeometry.stage.renderer.readRegions();
          const { box, rect, camera } = lossGeometry.stage.views[k];
          let text = "";
          for (let at = 0; at < pixels.length; at += 8192)
            text += String.fromCharCode(...pixels.subarray(at, at + 8192));
          return { width, height, text: btoa(text), box, corner: camera.toWorld(0, rect.height, rect),
                   unit: camera.unitsPerPixel(rect) / box.ratio };
        }""",
        k,
    )
    image = np.frombuffer(base64.b64decode(told["text"]), np.uint8).reshape(told["height"], told["width"], 4)
    box = told["box"]
    cut = image[box["y"] : box["y"] + box["height"], box["x"] : box["x"] + box["width"]]
    x = told["corner"][0] + (np.arange(cut.shape[1]) + 0.5) * told["unit"]
    y = told["corner"][1] + (np.arange(cut.shape[0]) + 0.5) * told["unit"]
    return cut, np.stack(np.meshgrid(x, y), axis=2)


def tensor_place(body: bytes, name: str) -> tuple[int, int]:
    """Return where a tensor lies in a safetensors blob."""
    length = int.from_bytes(body[:8], "little")
    start, stop = json.loads(body[8 : 8 + length])[name]["data_offsets"]
    return 8 + length + start, 8 + length + stop


def canvas(page: Any) -> np.ndarray:
    """Return the WebGL canvas alone, without what lies over it."""
    image = pytest.importorskip("PIL.Image", reason="Pillow comes with Streamlit")
    data = page.evaluate("() => lossGeometry.stage.renderer.gl.canvas.toDataURL()").split(",")[1]
    return np.asarray(image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))


def picture(page: Any) -> np.ndarray:
    """Return the canvas with its overlay as an array ``(H, W, 3)``."""
    image = pytest.importorskip("PIL.Image", reason="Pillow comes with Streamlit")
    data = page.evaluate("() => lossGeometry.stage.snapshot()").split(",")[1]
    return np.asarray(image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))


def expected(head: Head, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return winner and band by ``losses.head`` in double precision."""
    wide = {name: getattr(head, name) for name in ("kind", "factor", "angle", "cosine", "score", "distance")}
    variance = None if head.log_variance is None else head.log_variance.double()
    exact = Head(weight=head.weight.double(), bias=head.bias.double(), log_variance=variance, **wide)
    points = torch.tensor(z.reshape(-1, z.shape[-1]), dtype=torch.float64)
    scores, targets = exact.scores(points), exact.targets(points)
    top = scores.topk(2, dim=1)
    winner = top.indices[:, 0]
    lead = targets.gather(1, winner[:, None])[:, 0] - top.values[:, 1]
    shape = z.shape[:2]
    return winner.numpy().reshape(shape), (lead < 0).numpy().reshape(shape)


def inside(values: np.ndarray) -> np.ndarray:
    """Tell which cells have eight equal neighbours: away from every edge."""
    core = np.zeros(values.shape, bool)
    middle = values[1:-1, 1:-1]
    same = np.ones(middle.shape, bool)
    for dy in (0, 1, 2):
        for dx in (0, 1, 2):
            same &= values[dy : dy + middle.shape[0], dx : dx + middle.shape[1]] == middle
    core[1:-1, 1:-1] = same
    return core


@pytest.mark.parametrize("kind", KINDS)
def test_each_pixel_has_the_class_and_the_band_that_the_head_gives_it(page: Any, fake: Any, kind: str) -> None:
    run = make_run(kinds=(kind,), count=50, frames=4)
    show(page, fake, run, frame=2)
    drawn, z = regions(page, 0)
    winner, band = expected(run.heads[2][0], z)
    clear = inside(winner)
    assert clear.mean() > 0.9
    assert (drawn[..., 0] == winner)[clear].mean() > 0.999
    if kind != "euclidean":
        assert 0.02 < band.mean() < 0.98
    steady = clear & inside(band)
    assert ((drawn[..., 3] > 127) == band)[steady].mean() > 0.995


def test_sixty_four_classes_have_their_regions(page: Any, fake: Any) -> None:
    run = make_run(kinds=("euclidean",), count=640, frames=2, classes=64)
    show(page, fake, run, frame=1)
    drawn, z = regions(page, 0)
    winner, _ = expected(run.heads[1][0], z)
    clear = inside(winner)
    assert (drawn[..., 0] == winner)[clear].mean() > 0.999
    assert len(np.unique(drawn[..., 0][clear])) == 64


def test_at_least_eight_colours_are_seen_and_points_move(page: Any, fake: Any) -> None:
    run = make_run(kinds=("cosine", "linear"), count=800, frames=6)
    show(page, fake, run, frame=0)
    page.click("[data-act=regions]")
    first = picture(page)
    page.evaluate("() => lossGeometry.stage.seek(5)")
    page.wait_for_function("() => lossGeometry.frame === 5 && lossGeometry.stage.settled")
    last = picture(page)
    assert (first != last).any(axis=2).mean() > 0.02
    colours, counts = np.unique(last.reshape(-1, 3), axis=0, return_counts=True)
    vivid = [c for c, n in zip(colours, counts, strict=True) if n > 60 and int(c.max()) - int(c.min()) > 40]
    assert len(vivid) >= 8


def test_a_misclassified_point_is_ringed_and_a_missing_one_is_not_drawn(page: Any, fake: Any) -> None:
    run = make_run(kinds=("euclidean",), count=1, frames=1, classes=2)
    dark = {}
    for name, label, split in (("right", run.labels[0], 0), ("wrong", 1 - run.labels[0], 0)):
        labels, one = np.array([label], np.uint8), np.array([split], np.uint8)
        run.points = save({"labels": labels, "split": one, "index": np.zeros(1, np.int64)})
        show(page, fake, run, frame=0)
        for act in ("regions", "band", "shapes"):
            page.click(f"[data-act={act}]")
        page.wait_for_function("() => lossGeometry.stage.settled")
        dark[name] = int((canvas(page).astype(int).sum(axis=2) < 330).sum())
    assert dark["wrong"] > dark["right"] + 20
    body = bytearray(run.frames[0])
    place = tensor_place(run.frames[0], "0/embeddings")
    body[place[0] : place[1]] = b"\xff" * (place[1] - place[0])
    run.frames[0] = bytes(body)
    show(page, fake, run, frame=0)
    for act in ("regions", "band", "shapes"):
        page.click(f"[data-act={act}]")
    page.wait_for_function("() => lossGeometry.stage.settled")
    assert int((canvas(page).astype(int).sum(axis=2) < 330).sum()) < dark["wrong"] - 20


def test_a_dead_panel_and_a_loss_without_head_say_so(page: Any, fake: Any) -> None:
    run = make_run(kinds=("cosine", "euclidean"), count=100, frames=6, dead=0)
    show(page, fake, run, frame=5)
    notes = page.locator(".lg-note")
    assert notes.nth(0).inner_text() == "Stopped: the loss became infinite."
    assert "nearest class mean" in notes.nth(1).inner_text()
    page.evaluate("() => lossGeometry.stage.seek(0)")
    page.wait_for_function("() => lossGeometry.frame === 0")
    assert not notes.nth(0).is_visible()


@pytest.mark.parametrize("kind", ["cosine", "mahalanobis"])
def test_space_is_drawn_and_orbits(page: Any, fake: Any, kind: str) -> None:
    run = make_run(kinds=(kind,), dim=3, count=500, frames=3)
    show(page, fake, run, frame=2)
    first = picture(page)
    assert len(np.unique(first.reshape(-1, 3), axis=0)) > 50
    box = page.locator(".lg-plot").bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 420, box["y"] + 240, steps=3)
    page.mouse.up()
    page.wait_for_function("() => lossGeometry.stage.settled")
    assert (picture(page) != first).any(axis=2).mean() > 0.02


def test_the_picture_comes_back_after_the_context_was_lost(page: Any, fake: Any) -> None:
    run = make_run(kinds=("linear",), count=300, frames=3)
    show(page, fake, run, frame=1)
    before = picture(page)
    page.evaluate(
        """async () => {
          const { gl } = lossGeometry.stage.renderer, canvas = gl.canvas, lose = gl.getExtension("WEBGL_lose_context");
          const back = new Promise((done) => canvas.addEventListener("webglcontextrestored", done, { once: true }));
          const gone = new Promise((done) => canvas.addEventListener("webglcontextlost", done, { once: true }));
          lose.loseContext();
          await gone;
          await new Promise((done) => setTimeout(done));
          lose.restoreContext();
          await back;
        }"""
    )
    page.wait_for_function("() => lossGeometry.stage.settled")
    assert np.array_equal(picture(page), before)


def test_nothing_is_redrawn_at_rest(page: Any, fake: Any) -> None:
    show(page, fake, make_run(kinds=("cosine",), count=100, frames=3), frame=1)
    page.evaluate(
        """() => {
          const { gl } = lossGeometry.stage.renderer, clear = gl.clear.bind(gl);
          window.cleared = 0;
          gl.clear = (bits) => { window.cleared++; clear(bits); };
        }"""
    )
    page.evaluate("() => new Promise((done) => setTimeout(done, 400))")
    assert page.evaluate("() => window.cleared") == 0
