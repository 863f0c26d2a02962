"""Pictures and films of a recording, drawn without a browser, with one view for all frames."""

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
from plots.scene import INK, Scene, shows_margin
from spec import LANGUAGES, Message, Refusal, has_text, text

Picture = NDArray[np.uint8]

#: Degrees by which the camera goes round during a film in space.
TURN = 60.0

#: The colour of less important letters.
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
        """Choose every ``every``-th frame from ``first`` to ``last`` (by default the newest), with one view for all.

        ``size`` is width and height in pixels. In space the camera goes round by ``turn`` degrees from the first
        frame to the last. With ``directions``, samples of losses on angles are drawn on the unit circle or sphere.
        Raises ``Refusal`` for frames that do not exist and for settings out of range.
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
        readings = ((_read(recording, frame, directions), _azimuth(frames, turn, frame)) for frame in frames)
        fitted = views(readings, own_axes(experiment))
        return cls(recording, experiment, frames, (layout.width, layout.height), language, turn, directions, fitted)

    def __iter__(self) -> Iterator[Picture]:
        """Draw the frames, one after the other."""
        return map(self.draw, self.frames)

    @cached_property
    def readable(self) -> Message | None:
        """A sentence where no font has the letters of the language, so that English is used; else ``None``."""
        return Message.of("film.no_font") if self.language == "zh" and chinese_font() is None else None

    def draw(self, frame: int) -> Picture:
        """Draw a frame as pixels ``(H, W, 3)``."""
        self.figure(frame)
        return np.asarray(self._canvas.buffer_rgba())[..., :3].copy()

    def figure(self, frame: int) -> Figure:
        """Draw a frame and return its figure; the next frame is drawn into the same one. A pixel is a point."""
        current = _read(self.recording, frame, self.directions)
        layout = Layout.of(len(self.experiment.panels), self.size)
        figure = self._canvas.figure
        figure.clear()
        with leave_one_core(), warnings.catch_warnings():
            # characters in names of classes that no font here has are drawn as boxes
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            self._draw_head(figure, layout, current)
            for place, panel in enumerate(current.panels):
                self._draw_panel(figure, layout, place, panel, _azimuth(self.frames, self.turn, frame))
            self._draw_legend(figure, layout, current)
            self._canvas.draw()
        return figure

    @cached_property
    def _canvas(self) -> FigureCanvasAgg:
        """The canvas for all frames. A pixel is a point, so sizes are in pixels everywhere."""
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
        name = write(figure, left, upper, title, 15 * scale, bold=True)
        fit(name, wide)
        settings = write(figure, 0, upper, self._settings(slug, panel), 11.5 * scale, color=_GREY)
        used = width(name) + 10 * scale
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
        """Return the knobs of this frame as one line."""
        parts = []
        for knob in LOSSES[slug].knobs():
            value = panel.knobs.get(knob.name, knob.default)
            if isinstance(value, str):
                key = f"ui.word.{knob.name}.{value}"
                parts.append(self._say(key) if has_text(key) else value)
            elif isinstance(value, bool):
                key = f"ui.knob.{knob.name}"
                parts += [self._say(key) if has_text(key) else knob.name] if value else []
            else:
                parts.append(f"{plain(knob.symbol) or knob.name} {figure_of(value)}")
        return " · ".join(parts)

    def _draw_notes(self, figure: Figure, layout: Layout, place: int, scene: Scene) -> None:
        """Write what the picture cannot show: that a panel has stopped, has no head, or has samples elsewhere."""
        notes = []
        if scene.panel.stopped is not None:
            notes.append(self._say("stage.stopped"))
        if count := int((scene.present & ~scene.visible).sum()):
            notes.append(self._say("film.outside", count=count, total=len(scene.visible)))
        if count := int((~scene.present).sum()):
            notes.append(self._say("film.unknown", count=count, total=len(scene.visible)))
        if self.directions and scene.panel.head.kind is HeadKind.COSINE:
            notes.append(self._say("film.directions"))
        if not scene.panel.head.learned:
            notes.append(self._say("stage.nearest_class_mean"))
        left, low, wide, _ = layout.panel(place)
        words = write(figure, left, low - 14 * layout.scale, "  ".join(notes), 11 * layout.scale, color=_GREY)
        fit(words, wide)

    def _draw_legend(self, figure: Figure, layout: Layout, frame: Frame) -> None:
        """Explain the marks."""
        scale, middle = layout.scale, layout.foot / 2
        axes = figure.add_axes((0, 0, 1, layout.foot / layout.height), xlim=(0, layout.width), ylim=(0, layout.foot))
        axes.set_axis_off()
        x, room = layout.margin + 6 * scale, layout.width - layout.margin
        marks = ["train", "test", "wrong", *(["band"] if any(map(shows_margin, frame.panels)) else [])]
        for mark in marks:
            key(axes, mark, x, middle, scale)
            words = write(figure, x + 11 * scale, middle - 4 * scale, self._say(f"film.{mark}"), 11 * scale)
            x += width(words) + 30 * scale
            if x > room:  # no room in a narrow picture
                words.remove()
                return
        if any(len(panel.shapes) for panel in frame.panels):
            words = write(figure, x, middle - 4 * scale, self._say("film.shapes"), 11 * scale, color=_GREY)
            if x + width(words) > room:
                words.remove()


def _read(recording: Recording, frame: int, directions: bool) -> Frame:
    """Read a frame; with ``directions``, embeddings of losses on angles get length one."""
    whole = recording.frame(frame)
    if not directions:
        return whole
    panels = (
        replace(panel, embeddings=_unit(panel.embeddings)) if panel.head.kind is HeadKind.COSINE else panel
        for panel in whole.panels
    )
    return replace(whole, panels=tuple(panels))


def _unit(z: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = z / np.maximum(np.linalg.norm(z, axis=1, keepdims=True), np.float32(1e-8))
    return unit


def _azimuth(frames: range, turn: float, frame: int) -> float:
    way = (frame - frames[0]) / max(1, frames[-1] - frames[0])
    return AZIMUTH + math.radians(turn) * way
