"""Letters in pictures: fonts, formatted numbers, and texts cut to fit."""

import math
import re
from functools import cache

from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text

#: Fonts with Chinese characters, by their names on the common systems; simplified forms first.
_CHINESE = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Heiti SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "SimHei",
    "Noto Sans CJK JP",
    "Droid Sans Fallback",
    "Arial Unicode MS",
)

_GREEK = {
    **{"alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eta": "η", "theta": "θ", "kappa": "κ"},
    **{"lambda": "λ", "mu": "μ", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "psi": "ψ", "omega": "ω"},
    "Delta": "Δ",
}
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@cache
def chinese_font() -> str | None:
    """Return the name of an installed font with Chinese characters, or ``None``."""
    installed = set(font_manager.get_font_names())
    return next((name for name in _CHINESE if name in installed), None)


@cache
def font(size: float, *, bold: bool = False) -> FontProperties:
    """Return the font of a size in pixels, with an installed Chinese font for the characters that it lacks."""
    other = chinese_font()
    return FontProperties(
        family=["DejaVu Sans", *([other] if other else [])], size=size, weight="bold" if bold else "normal"
    )


def write(figure: Figure, x: float, y: float, words: str, size: float, *, bold: bool = False, **style: object) -> Text:
    """Write words at a pixel, counted from the lower left of a figure."""
    place = {"transform": None, "parse_math": False, "verticalalignment": "baseline"}
    return figure.text(x, y, words, fontproperties=font(size, bold=bold), **{**place, **style})


def width(words: Text) -> float:
    """Return the width of a text in pixels."""
    assert words.figure is not None
    canvas = words.figure.canvas
    assert isinstance(canvas, FigureCanvasAgg)
    return float(words.get_window_extent(canvas.get_renderer()).width)


def fit(words: Text, room: float) -> None:
    """Cut a text so that it is at most ``room`` pixels wide."""
    whole, pixels = words.get_text(), width(words)
    count = len(whole)
    while count and pixels > room:
        count = max(0, min(count - 1, int(count * room / pixels)))
        words.set_text(whole[:count].rstrip() + "…" if count else "")
        pixels = width(words)


def figure_of(value: float) -> str:
    """Format a number with three significant digits, with an exponent only where it is very small or large."""
    if math.isnan(value):
        return "–"
    sign, size = "−" if value < 0 else "", abs(value)
    if size != 0 and (size < 0.0005 or size >= 1e6):
        return f"{sign}{size:.1e}"
    digits = 4 if size >= 1000 else 3
    return f"{sign}{float(f'{size:.{digits}g}'):.15g}"


def percent(share: float) -> str:
    """Format a share of one as per cent."""
    return "–" if math.isnan(share) else f"{100 * share:.1f} %"


def plain(symbol: str) -> str:
    """Return the LaTeX symbol of a knob in plain letters."""
    greek = re.sub(r"\\([A-Za-z]+)", lambda found: _GREEK.get(found[1], found[1]), symbol)
    return re.sub(r"[{}$]", "", re.sub(r"_\{?(\d+)\}?", lambda found: found[1].translate(_SUBSCRIPTS), greek))
