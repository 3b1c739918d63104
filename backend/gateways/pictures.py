"""Pictures with Chinese words: bars, opposed bars and matrices, as SVG for a page or as PNG.

Drawn by matplotlib with a Chinese font of the machine. In an SVG words stay words, so that they can be searched and
read out; whoever looks at one without our font sees another of the list below.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from io import BytesIO, StringIO
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple, TypeAlias

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, fontManager

BEFORE, AFTER, GAIN, LOSS = "#a9b4c0", "#1f5a8a", "#2c7a6b", "#b8562b"  # told apart without red and green, too
FONT_FILES = (Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"),)
FONT_NAMES = (
    "WenQuanYi Micro Hei",
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
)
OTHER_FONTS = "'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"

_INK, _QUIET, _LINE = "#22303c", "#5b6b79", "#d8dee4"
_WIDTH = 7.2  # inches: what an A4 page leaves between its margins
_MOST_LEVEL = 24  # labels that fit beside one another
_DARK = 0.55  # a cell darker than this has white words
_SETTINGS: Mapping[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "shangding",  # the same picture is the same text
    "axes.unicode_minus": False,
    "text.parse_math": False,
    "text.color": _INK,
    "font.size": 8.5,
}
_SILENT = {"Date": None, "Creator": None, "Format": None, "Type": None}
_drawing = Lock()  # matplotlib keeps its settings and fonts for the whole process


class NoFontError(OSError):
    """No Chinese font is installed; the message names the package."""


class Series(NamedTuple):
    """Bars of one colour: a value for each category, None for what is not shown, and what is written at each bar."""

    name: str
    colour: str
    values: tuple[float | None, ...]
    labels: tuple[str, ...]


class BarChart(NamedTuple):
    """Bars side by side: so many series over the same categories; `is_overlaid`, in one place, each in its own ones."""

    categories: tuple[str, ...]
    series: tuple[Series, ...]
    is_overlaid: bool = False


Draw: TypeAlias = Callable[[BarChart], Figure]


class Matrix(NamedTuple):
    """Rows by columns: `shades` from 0 to 1 for each cell, and what is written in it."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    shades: tuple[tuple[float, ...], ...]
    labels: tuple[tuple[str, ...], ...]
    row_title: str
    column_title: str


@lru_cache(1)
def find_font(files: Sequence[Path] = FONT_FILES, names: Sequence[str] = FONT_NAMES) -> str:
    """Give the name of a Chinese font that is installed; NoFontError names the Debian package when there is none."""
    for file in files:
        if file.is_file():
            fontManager.addfont(file)
            return FontProperties(fname=file).get_name()
    known = {font.name for font in fontManager.ttflist}
    for name in names:
        if name in known:
            return name
    raise NoFontError("no Chinese font is installed: apt-get install fonts-wqy-microhei (Debian), and start again")


def draw_columns(chart: BarChart) -> Figure:
    """Draw bars that stand side by side, for an order such as a scale; labels stand on top, upright where many."""
    with _drawing:
        figure, axes = _begin(2.9)
        lanes = 1 if chart.is_overlaid else len(chart.series)
        width = 0.84 / lanes
        crowded = len(chart.categories) * lanes > _MOST_LEVEL
        for number, series in enumerate(chart.series):
            offset = 0.0 if chart.is_overlaid else (number - (lanes - 1) / 2) * width
            places = [index + offset for index in range(len(chart.categories))]
            axes.bar(places, [value or 0 for value in series.values], width, color=series.colour, label=series.name)
            for place, value, label in zip(places, series.values, series.labels, strict=True):
                axes.annotate(
                    label,
                    (place, value or 0),
                    (0, 2),
                    textcoords="offset points",
                    ha="center",
                    va="bottom",
                    rotation=90 if crowded else 0,
                    size=6.5 if crowded else 7.5,
                )
        axes.set_xticks(range(len(chart.categories)), chart.categories)
        axes.set_yticks([])
        axes.margins(x=0.01, y=0.24 if crowded else 0.1)
        axes.spines["left"].set_visible(False)
        _add_legend(axes, len(chart.series))
        return figure


def draw_bars(chart: BarChart) -> Figure:
    """Draw bars that lie below one another, the first category on top; labels stand at their ends."""
    with _drawing:
        figure, axes = _begin(0.7 + len(chart.categories) * (0.16 + 0.17 * len(chart.series)))
        height = 0.8 / len(chart.series)
        for number, series in enumerate(chart.series):
            offset = (number - (len(chart.series) - 1) / 2) * height
            places = [index + offset for index in range(len(chart.categories))]
            values = [value or 0 for value in series.values]
            axes.barh(places, values, height, color=series.colour, label=series.name)
            _label_ends(axes, places, values, series.labels)
        _lay_categories(axes, chart.categories)
        axes.margins(x=0.2, y=0.02)
        _add_legend(axes, len(chart.series))
        return figure


def draw_opposed(chart: BarChart) -> Figure:
    """Draw two series from a common line: the first to the left, the second to the right."""
    with _drawing:
        figure, axes = _begin(0.7 + len(chart.categories) * 0.27)
        places = list(range(len(chart.categories)))
        for series, sign in zip(chart.series, (-1, 1), strict=True):
            values = [sign * (value or 0) for value in series.values]
            axes.barh(places, values, 0.66, color=series.colour, label=series.name)
            _label_ends(axes, places, values, series.labels, sign=sign)
        axes.axvline(0, color=_QUIET, linewidth=0.8)
        reach = max((abs(value or 0) for series in chart.series for value in series.values), default=0) or 1
        axes.set_xlim(-1.35 * reach, 1.35 * reach)
        _lay_categories(axes, chart.categories)
        axes.margins(y=0.02)
        _add_legend(axes, len(chart.series))
        return figure


def draw_matrix(matrix: Matrix) -> Figure:
    """Draw a table of which each cell is the darker the more it holds."""
    with _drawing:
        figure, axes = _begin(0.75 + 0.42 * len(matrix.rows))
        light, dark = to_rgb("#f4f7fa"), to_rgb(AFTER)
        colours = [
            [tuple(low + (high - low) * shade for low, high in zip(light, dark, strict=True)) for shade in row]
            for row in matrix.shades
        ]
        axes.imshow(colours, aspect="auto", interpolation="nearest")
        for row, labels in enumerate(matrix.labels):
            for column, label in enumerate(labels):
                ink = "white" if matrix.shades[row][column] > _DARK else _INK
                axes.text(column, row, label, ha="center", va="center", color=ink, size=8.5)
        axes.set_xticks(range(len(matrix.columns)), matrix.columns)
        axes.set_yticks(range(len(matrix.rows)), matrix.rows)
        axes.xaxis.tick_top()
        axes.xaxis.set_label_position("top")
        axes.set_xlabel(matrix.column_title, color=_QUIET, size=8)
        axes.set_ylabel(matrix.row_title, color=_QUIET, size=8)
        for spine in axes.spines.values():
            spine.set_visible(False)
        return figure


def write_svg(figure: Figure, *, name: str, said: str) -> str:
    """Give an `svg` element for a page; `name` keeps its ids apart from other pictures', `said` is what is read out."""
    written = StringIO()
    with _drawing:
        figure.savefig(written, format="svg", metadata=_SILENT)
    text = written.getvalue()
    element = text[text.index("<svg") :].strip()
    element = re.sub(r'\b(id="|href="#|url\(#)', rf"\g<1>{name}-", element)
    element = element.replace(f"'{find_font()}'", f"'{find_font()}', {OTHER_FONTS}")
    return element.replace("<svg ", f'<svg role="img" aria-label="{_quote(said)}" ', 1)


def write_png(figure: Figure, *, dots_per_inch: int = 160) -> bytes:
    """Give the picture as PNG."""
    written = BytesIO()
    with _drawing:
        figure.savefig(written, format="png", dpi=dots_per_inch, metadata={"Software": None})
    return written.getvalue()


def _begin(height: float) -> tuple[Figure, Axes]:
    mpl.rcParams.update(_SETTINGS)  # for the whole process: nobody else draws
    mpl.rcParams["font.family"] = [find_font()]
    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    axes = figure.add_subplot()
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for spine in axes.spines.values():
        spine.set_color(_LINE)
    axes.tick_params(length=0, colors=_QUIET, labelcolor=_INK, labelsize=8)
    return figure, axes


def _label_ends(
    axes: Axes, places: Sequence[float], values: Sequence[float], labels: Sequence[str], *, sign: int = 1
) -> None:
    for place, value, label in zip(places, values, labels, strict=True):
        axes.annotate(
            label,
            (value, place),
            (3 * sign, 0),
            textcoords="offset points",
            ha="left" if sign > 0 else "right",
            va="center",
            size=7.5,
        )


def _lay_categories(axes: Axes, categories: Sequence[str]) -> None:
    axes.set_yticks(range(len(categories)), categories)
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)


def _add_legend(axes: Axes, columns: int) -> None:
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=columns, frameon=False, fontsize=8)


def _quote(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
