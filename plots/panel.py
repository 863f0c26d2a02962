"""One panel of a frame, drawn with Matplotlib to look as on the stage (app/stage)."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from losses import HeadKind
from plots.lettering import figure_of, font
from plots.paths import paths
from plots.regions import regions
from plots.scene import INK, PAPER, Line, Scene, lines, mix, space, tint

Floats = NDArray[np.float64]

#: Strength of the colours of regions, and pixels between two stripes of the margin band.
_STRENGTH, _STRIPE = 0.26, 9.0

#: Layers in space; a nearer layer covers those behind it.
_LAYERS = 16

#: Least number of pixels between two lines of the grid.
_GRID = 56

#: The colours of all possible classes of a point.
_TINTS = np.array([tint(c) for c in range(256)])


def draw(figure: Figure, left: int, low: int, scene: Scene) -> None:
    """Draw a panel into a figure with its lower left corner at a pixel. The figure has one point for each pixel."""
    lens = scene.lens
    size = figure.bbox.size
    axes = figure.add_axes((left / size[0], low / size[1], lens.width / size[0], lens.height / size[1]))
    axes.set_xlim(0, lens.width)
    axes.set_ylim(0, lens.height)
    axes.set_axis_off()
    if lens.dim == 2:
        figure.figimage(_ground(scene), left, low, origin="upper", zorder=-1)  # pixel for pixel
        _draw_grid(axes, scene)
        _draw_points(axes, scene, ~scene.wrong, 2.0)
        _draw_lines(axes, scene, lines(scene), np.array([0, np.inf]))
    else:
        edges = _layers(scene.positions.near)
        _draw_lines(axes, scene, [*space(scene), *lines(scene)], edges)
        for layer, (far, near) in enumerate(pairwise(edges)):
            within = (scene.positions.near >= far) & (scene.positions.near < near)
            _draw_points(axes, scene, within & ~scene.wrong, 2.5 + layer)
    top = 3.0 + _LAYERS
    _draw_classes(axes, scene, top)
    _draw_names(axes, scene, top + 1)
    # on top of everything: nothing may hide a mistake
    _draw_points(axes, scene, scene.wrong, top + 2)


def _layers(near: Floats) -> Floats:
    """Return the limits of the layers, so that all hold about the same number of points."""
    known = near[np.isfinite(near)]
    within = np.quantile(known, np.arange(1, _LAYERS) / _LAYERS) if len(known) else np.ones(_LAYERS - 1)
    return np.concatenate([[0], within, [np.inf]])


def _ground(scene: Scene) -> NDArray[np.uint8]:
    """Return the regions in pale colours ``(H, W, 3)``, with stripes in the margin band."""
    lens, head = scene.lens, scene.panel.head
    found = regions(head, lens.pixels())
    tones = _TINTS.astype(np.float32)[: len(head.weight)]
    share = found.share[..., None]
    base = tones[found.rival] * (1 - share) + tones[found.winner] * share
    rows, columns = np.indices(found.winner.shape, np.float32)
    across = (columns + lens.height - rows) / np.float32(_STRIPE * scene.scale)
    wave = np.abs(across % 1 - 0.5) * 2
    stripe = np.clip((wave - 0.33) / 0.34, 0, 1)
    stripe = stripe * stripe * (3 - 2 * stripe)
    hatched = _STRENGTH * (0.35 + stripe)
    strength = (_STRENGTH * (1 - found.band) + hatched * found.band)[..., None]
    mixture = PAPER.astype(np.float32) * (1 - strength) + base * strength
    ground: NDArray[np.uint8] = np.rint(255 * mixture).astype(np.uint8)
    return ground


def _draw_grid(axes: Axes, scene: Scene) -> None:
    """Draw faint lines at round coordinates, with numbers at the left and at the bottom."""
    lens, scale = scene.lens, scene.scale
    step = round_step(_GRID * scale * lens.unit)
    letters = {"fontproperties": font(9.5 * scale), "color": (*INK, 0.6), "parse_math": False, "clip_on": True}
    halo = [withStroke(linewidth=2 * scale, foreground=(*PAPER, 0.6))]
    for axis, length in enumerate((lens.width, lens.height)):
        low, high = (lens.view.center[axis] + side * length / 2 * lens.unit for side in (-1, 1))
        for value in step * np.arange(np.ceil(low / step), np.floor(high / step) + 1):
            at = (value - low) / lens.unit
            look = {"color": (*INK, 0.35 if value == 0 else 0.07), "linewidth": 1, "zorder": 1}
            if axis == 0:
                axes.plot([at, at], [0, lens.height], **look)
            else:
                axes.plot([0, lens.width], [at, at], **look)
            if not 24 * scale < at < length - 12 * scale:
                continue
            words = figure_of(float(value))
            x, y = (at, 3 * scale) if axis == 0 else (4 * scale, at + 2 * scale)
            side = "center" if axis == 0 else "left"
            axes.text(x, y, words, ha=side, va="bottom", path_effects=halo, zorder=1.5, **letters)
    if scene.panel.head.kind is HeadKind.COSINE:
        circle = [Line(ring, INK, 0.42, 1.25) for ring in paths(np.array([2, 0, 0, 0, 0, 0, 1]), 2, 0, 1)]
        _draw_lines(axes, scene, circle, np.array([0, np.inf]))


def round_step(least: float) -> float:
    """Return the smallest round distance (1, 2 or 5 times a power of ten) of at least ``least``."""
    power = 10.0 ** np.floor(np.log10(least))
    return float(next(power * lead for lead in (1, 2, 5, 10) if power * lead >= least * (1 - 1e-9)))


def _draw_points(axes: Axes, scene: Scene, chosen: NDArray[np.bool_], order: float) -> None:
    """Draw training samples as discs with a pale rim, test samples as diamonds with a dark rim, and ring mistakes."""
    chosen = chosen & scene.visible
    lens, scale, count = scene.lens, scene.scale, len(chosen)
    side = min(lens.width, lens.height) / scale
    size = scale * np.clip(side / 90 * np.sqrt(2000 / max(500, count)), 4, 7)
    for test in (0, 1):
        which = np.flatnonzero(chosen & (scene.points.split == test))
        if not len(which):
            continue
        x, y = scene.positions.at[which].T
        near = scene.positions.near[which] / scene.middle
        diameter = size * np.clip(near, 0.35, 3) * (1.3 if test else 1)
        tints = _TINTS[scene.points.labels[which]]
        # points further away are paler, which gives a still picture depth
        fade = np.clip(1.0 - near, 0, 0.6)[:, None] * 1.4
        tints = tints * (1 - fade) + PAPER * fade
        rims = tints * 0.25 + INK * 0.75 if test else tints * 0.4 + PAPER * 0.6
        marker, share = ("D", 0.88) if test else ("o", 1.0)
        rim = 0.9 if test else 0.6
        axes.scatter(
            x,
            y,
            (share * diameter) ** 2,
            tints,
            marker=marker,
            edgecolors=rims,
            linewidths=rim * scale,
            zorder=order + 0.1,
        )
        ringed = scene.wrong[which]
        if ringed.any():
            around = 1.4 * diameter[ringed] + 2.6 * scale
            for colour, line in ((PAPER, 3.0), (INK, 1.5)):
                axes.scatter(
                    x[ringed],
                    y[ringed],
                    around**2,
                    facecolors="none",
                    edgecolors=[(*colour, 0.9)],
                    linewidths=line * scale,
                    zorder=order,
                )


def _draw_lines(axes: Axes, scene: Scene, drawn: Sequence[Line], edges: Floats) -> None:
    """Draw lines in pieces, each in its layer; ``edges`` are the limits of the layers."""
    pieces: dict[int, list[tuple[Floats, Line]]] = {}
    for line in drawn:
        placed = scene.lens.place(line.path)
        near = np.fmin(placed.near[:-1], placed.near[1:])
        layers = np.searchsorted(edges, np.nan_to_num(near), side="right") - 1
        cuts = np.flatnonzero(np.diff(layers)) + 1
        for start, stop in zip([0, *cuts], [*cuts, len(layers)], strict=True):
            pieces.setdefault(int(layers[start]), []).append((placed.at[start : stop + 1], line))
    for layer, parts in pieces.items():
        widths = [line.width * scene.scale for _, line in parts]
        axes.add_collection(
            LineCollection(
                [path for path, _ in parts],
                colors=[(*line.tint, line.alpha * _haze(layer, len(edges) - 1)) for _, line in parts],
                linewidths=widths,
                linestyles=[_dash_pattern(line) for _, line in parts],
                zorder=2.3 + layer,
            )
        )


def _haze(layer: int, layers: int) -> float:
    """Return the opacity of a line in a layer; layers behind are fainter."""
    return 1.0 if layers == 1 else 0.45 + 0.55 * layer / (layers - 1)


def _dash_pattern(line: Line) -> object:
    # Matplotlib measures dashes in widths of the line
    on = 0.58 * line.dash / line.width
    return (0, (on, line.dash / line.width - on)) if line.dash else "solid"


def _draw_classes(axes: Axes, scene: Scene, order: float) -> None:
    """Draw arrows for class vectors and crosses for centres."""
    head, scale = scene.panel.head, scene.scale
    weight = head.weight.numpy().astype(np.float64)
    strokes: list[tuple[int, Floats]] = []
    centers = weight
    if head.kind in {HeadKind.LINEAR, HeadKind.COSINE}:
        norms = np.linalg.norm(weight, axis=1, keepdims=True)
        share = 1.0 if head.kind is HeadKind.COSINE else norms / max(float(norms.max()), 1e-8)
        tips = scene.lens.place(scene.vector_length * share * weight / np.maximum(norms, 1e-8)).at
        root = scene.lens.place(np.zeros((1, scene.lens.dim))).at[0]
        for c, tip in enumerate(tips):
            along = tip - root
            length = float(np.hypot(*along))
            if not length > 1e-3:  # a vector without length, or one that points at the eye
                continue
            along *= min(10 * scale, 0.6 * length) / length
            barbs = [tip - along + turn * 0.45 * np.array([-along[1], along[0]]) for turn in (-1, 1)]
            strokes += [(c, np.stack([root, tip])), (c, np.stack([barbs[0], tip, barbs[1]]))]
        found = scene.panel.state.get("centers", scene.panel.state.get("means"))
        centers = np.empty((0, weight.shape[1])) if found is None else np.asarray(found, np.float64)
    if centers.shape[1:] == weight.shape[1:]:
        for c, at in enumerate(scene.lens.place(centers).at):
            arms = 6.5 * scale * np.array([[1, 1], [1, -1]])
            strokes += [(c, np.stack([at - arm, at + arm])) for arm in arms]
    for wide, white in ((5.2, True), (2.6, False)):
        colours = [(*PAPER, 0.85) if white else tuple(tint(c)) for c, _ in strokes]
        lines = LineCollection([path for _, path in strokes], colors=colours, linewidths=wide * scale, zorder=order)
        lines.set_capstyle("round")
        axes.add_collection(lines)


def _draw_names(axes: Axes, scene: Scene, order: float) -> None:
    placed = scene.lens.place(scene.means)
    size = 16 * scene.scale
    for c, (x, y) in enumerate(placed.at):
        if not np.isfinite([x, y]).all():
            continue
        name = scene.names[c] if c < len(scene.names) else str(c)
        # above the cross of the centre, not on it
        above = size if scene.panel.head.kind in {HeadKind.EUCLIDEAN, HeadKind.MAHALANOBIS} else 0
        axes.text(
            x,
            y + above,
            name,
            ha="center",
            va="center",
            color=mix(tint(c), INK, 0.65),
            alpha=1.0 if placed.near[c] >= 0.93 * scene.middle else 0.75,
            fontproperties=font(size if len(name) <= 2 else 0.72 * size, bold=True),
            path_effects=[withStroke(linewidth=3.5 * scene.scale, foreground=(*PAPER, 0.92))],
            parse_math=False,
            clip_on=True,
            zorder=order,
        )


def key(axes: Axes, mark: str, x: float, y: float, scale: float) -> None:
    """Draw a mark of the legend at a pixel: ``train``, ``test``, ``wrong`` or ``band``."""
    grey = mix(INK, PAPER, 0.45)
    if mark == "band":
        stripes = [[(x + at * scale, y - 6 * scale), (x + (at + 6) * scale, y + 6 * scale)] for at in (-7, -2.5, 2)]
        axes.add_collection(LineCollection(stripes, colors=[(*grey, 0.7)], linewidths=2.5 * scale))
        return
    marker, size = ("D", 7.0) if mark == "test" else ("o", 7.5)
    rim = mix(INK, PAPER, 0.1) if mark == "test" else mix(grey, PAPER, 0.6)
    axes.scatter([x], [y], (size * scale) ** 2, [grey], marker=marker, edgecolors=[rim], linewidths=0.9 * scale)
    if mark == "wrong":
        ring = {"facecolors": "none", "edgecolors": [INK], "linewidths": 1.5 * scale}
        axes.scatter([x], [y], (13.5 * scale) ** 2, **ring)
