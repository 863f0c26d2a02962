"""Pictures and films of a recording, drawn without a browser: every frame under one view."""

import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self, final

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from engine import Experiment, Frame, PanelFrame, Points, Recording
from engine.machine.threads import leave_one_core
from losses import LOSSES, HeadKind, loss_title
from plots.axes import own_axes, views
from plots.layout import Layout
from plots.lens import AZIMUTH, Lens, View
from plots.lettering import chinese_font, figure_of, fit, percent, plain, width, write
from plots.panel import draw, key
from plots.scene import INK, Scene, margin_seen
from spec import LANGUAGES, Message, Refusal, has_text, text

Picture = NDArray[np.uint8]

#: How far the camera goes round during a film in space, in degrees.
TURN = 60.0

#: How far letters that are less important are drawn towards the paper.
_GREY = (*INK, 0.62)


@final
@dataclass(frozen=True, eq=False)
class Film:
    """Some frames of a recording as pictures ``(H, W, 3)``; ``Film.of`` makes one."""

    recording: Recording
    experiment: Experiment
    frames: range
    size: tuple[int, int]
    language: str
    turn: float
    directions: bool
    views: Sequence[View]

    @classmethod
    def of(
        cls,
        recording: Recording,
        *,
        first: int = 0,
        last: int | None = None,
        every: int = 1,
        size: tuple[int, int] | None = None,
        language: str = "en",
        turn: float = TURN,
        directions: bool = False,
    ) -> Self:
        """Choose the frames from ``first`` to ``last`` (the newest), and fit one view to all of them.

        ``size`` is width and height in pixels; in space the camera goes round by ``turn`` degrees from the first
        frame to the last. With ``directions``, samples of losses on angles are drawn on the unit circle (sphere).
        Raises ``Refusal`` for frames that are not there and settings that cannot be.
        """
        if language not in LANGUAGES:
            raise Refusal("film.language", found=repr(language)[:40], allowed=", ".join(LANGUAGES))
        if not math.isfinite(turn):
            raise Refusal("film.turn", found=turn)
        if every < 1:
            raise Refusal("film.every", found=every)
        total = recording.frames
        if total == 0:
            raise Refusal("film.empty", name=recording.path.name)
        last = total - 1 if last is None else last
        for frame in (first, last):
            recording.step_of(frame)
        if last < first:
            raise Refusal("film.order", first=first, last=last)
        experiment = Experiment.parse(recording.meta["experiment"])
        layout = Layout.of(len(experiment.panels), size)
        frames = range(first, last + 1, every)
        shown = ((_read(recording, frame, directions), _azimuth(frames, turn, frame)) for frame in frames)
        seen = views(shown, own_axes(experiment))
        return cls(recording, experiment, frames, (layout.width, layout.height), language, turn, directions, seen)

    def __iter__(self) -> Iterator[Picture]:
        """Draw the frames, one after the other."""
        return map(self.draw, self.frames)

    @cached_property
    def readable(self) -> Message | None:
        """A sentence where the letters of the language are not to be had, and English stands in; else ``None``."""
        return Message.of("film.no_font") if self.language == "zh" and chinese_font() is None else None

    def draw(self, frame: int) -> Picture:
        """Draw a frame."""
        shown = _read(self.recording, frame, self.directions)
        layout = Layout.of(len(self.experiment.panels), self.size)
        canvas = self._canvas
        figure = canvas.figure
        figure.clear()
        with leave_one_core(), warnings.catch_warnings():
            # a class may be named with characters that no font here has: they are drawn as boxes
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            self._draw_head(figure, layout, shown)
            for place, panel in enumerate(shown.panels):
                self._draw_panel(figure, layout, place, panel, _azimuth(self.frames, self.turn, frame))
            self._draw_legend(figure, layout, shown)
            canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., :3].copy()

    @cached_property
    def _canvas(self) -> FigureCanvasAgg:
        """Where all frames are drawn, one after the other. A pixel is a point: sizes are in pixels everywhere."""
        width, height = self.size
        return FigureCanvasAgg(Figure(figsize=(width / 72, height / 72), dpi=72, facecolor="white"))

    @cached_property
    def _points(self) -> Points:
        return self.recording.points

    def _say(self, key: str, **values: object) -> str:
        return text(key, "en" if self.readable else self.language, **values)

    def _draw_head(self, figure: Figure, layout: Layout, frame: Frame) -> None:
        scale, experiment = layout.scale, self.experiment
        y = layout.height - 24 * scale
        write(figure, layout.margin, y, self._say("stage.step_number", step=frame.step), 16 * scale, bold=True)
        about = f"{self._say(f'data.set.{experiment.data}')} · {self._say('film.seed', seed=experiment.seed)}"
        write(figure, layout.width - layout.margin, y, about, 12 * scale, color=_GREY, horizontalalignment="right")

    def _draw_panel(self, figure: Figure, layout: Layout, place: int, panel: PanelFrame, azimuth: float) -> None:
        left, low, wide, high = layout.panel(place)
        scale = layout.scale
        lens = Lens(self.views[place], wide, high, azimuth)
        scene = Scene(panel, self._points, self.recording.meta["classes"], lens, scale)
        draw(figure, left, low, scene)
        slug = self.experiment.panels[place].loss
        title = loss_title(LOSSES[slug], "en" if self.readable else self.language)
        upper = low + high + 24 * scale
        named = write(figure, left, upper, title, 15 * scale, bold=True)
        fit(named, wide)
        settings = write(figure, 0, upper, self._settings(slug, panel), 11.5 * scale, color=_GREY)
        used = width(named) + 10 * scale
        settings.set_x(left + used)
        fit(settings, wide - used)
        numbers = (
            f"{self._say('stage.loss')} {figure_of(panel.loss)}",
            f"{self._say('stage.train')} {percent(panel.train_accuracy)}",
            f"{self._say('stage.test')} {percent(panel.test_accuracy)}",
        )
        fit(write(figure, left, low + high + 7 * scale, "   ".join(numbers), 12 * scale), wide)
        self._draw_notes(figure, layout, place, scene)

    def _settings(self, slug: str, panel: PanelFrame) -> str:
        """Return the knobs as they are in this frame."""
        written = []
        for knob in LOSSES[slug].knobs():
            value = panel.knobs.get(knob.name, knob.default)
            if isinstance(value, str):
                key = f"ui.word.{knob.name}.{value}"
                written.append(self._say(key) if has_text(key) else value)
            elif isinstance(value, bool):
                key = f"ui.knob.{knob.name}"
                written += [self._say(key) if has_text(key) else knob.name] if value else []
            else:
                written.append(f"{plain(knob.symbol) or knob.name} {figure_of(value)}")
        return " · ".join(written)

    def _draw_notes(self, figure: Figure, layout: Layout, place: int, scene: Scene) -> None:
        """Say what the picture cannot show: that a panel has stopped, has no head, or has samples elsewhere."""
        notes = []
        if scene.panel.stopped is not None:
            notes.append(self._say("stage.stopped"))
        if count := int((scene.known & ~scene.seen).sum()):
            notes.append(self._say("film.outside", count=count, total=len(scene.seen)))
        if count := int((~scene.known).sum()):
            notes.append(self._say("film.unknown", count=count, total=len(scene.seen)))
        if self.directions and scene.panel.head.kind is HeadKind.COSINE:
            notes.append(self._say("film.directions"))
        if not scene.panel.head.learned:
            notes.append(self._say("stage.nearest_class_mean"))
        left, low, wide, _ = layout.panel(place)
        words = write(figure, left, low - 14 * layout.scale, "  ".join(notes), 11 * layout.scale, color=_GREY)
        fit(words, wide)

    def _draw_legend(self, figure: Figure, layout: Layout, frame: Frame) -> None:
        """Say what the marks mean."""
        scale, middle = layout.scale, layout.foot / 2
        axes = figure.add_axes((0, 0, 1, layout.foot / layout.height), xlim=(0, layout.width), ylim=(0, layout.foot))
        axes.set_axis_off()
        x, room = layout.margin + 6 * scale, layout.width - layout.margin
        marks = ["train", "test", "wrong", *(["band"] if any(map(margin_seen, frame.panels)) else [])]
        for mark in marks:
            key(axes, mark, x, middle, scale)
            words = write(figure, x + 11 * scale, middle - 4 * scale, self._say(f"film.{mark}"), 11 * scale)
            x += width(words) + 30 * scale
            if x > room:  # a narrow picture has no room for all
                words.remove()
                return
        if any(len(panel.shapes) for panel in frame.panels):
            words = write(figure, x, middle - 4 * scale, self._say("film.shapes"), 11 * scale, color=_GREY)
            if x + width(words) > room:
                words.remove()


def _read(recording: Recording, frame: int, directions: bool) -> Frame:
    """Read a frame, the embeddings that count by their angles brought to length one where that is asked for."""
    read = recording.frame(frame)
    if not directions:
        return read
    panels = (
        replace(panel, embeddings=_unit(panel.embeddings)) if panel.head.kind is HeadKind.COSINE else panel
        for panel in read.panels
    )
    return replace(read, panels=tuple(panels))


def _unit(z: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = z / np.maximum(np.linalg.norm(z, axis=1, keepdims=True), np.float32(1e-8))
    return unit


def _azimuth(frames: range, turn: float, frame: int) -> float:
    way = (frame - frames[0]) / max(1, frames[-1] - frames[0])
    return AZIMUTH + math.radians(turn) * way
