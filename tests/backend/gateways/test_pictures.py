import re
from pathlib import Path

import pytest

from backend.gateways import pictures
from backend.gateways.pictures import (
    AFTER,
    BEFORE,
    BarChart,
    Matrix,
    NoFontError,
    Series,
    draw_bars,
    draw_columns,
    draw_matrix,
    draw_opposed,
    find_font,
    write_png,
    write_svg,
)

CHART = BarChart(
    ("信用极好", "轻微失信"),
    (Series("修改前", BEFORE, (3, None), ("3", "＊")), Series("修改后", AFTER, (0, 12.5), ("0−", "12.5%"))),
)
MATRIX = Matrix(("甲", "乙"), ("丙",), ((1.0,), (0.0,)), (("9",), ("—",)), "从", "到")


@pytest.mark.parametrize("draw", [draw_bars, draw_columns, draw_opposed])
def test_a_chart_is_words_and_bars(draw: pictures.Draw) -> None:
    svg = write_svg(draw(CHART), name="one", said='"甲" & <乙>')
    assert svg.startswith('<svg role="img" aria-label="&quot;甲&quot; &amp; &lt;乙>"')
    words = re.findall(r">([^<>]+)</text>", svg)
    assert {"信用极好", "轻微失信", "修改前", "修改后", "3", "＊", "12.5%"} <= set(words)
    assert svg.count(f"fill: {AFTER}") >= 3  # two bars and the legend
    assert svg == write_svg(draw(CHART), name="one", said='"甲" & <乙>')


def test_ids_of_two_pictures_differ() -> None:
    one, other = (write_svg(draw_matrix(MATRIX), name=name, said="") for name in ("one", "other"))
    ids = [set(re.findall(r'id="([^"]+)"', svg)) for svg in (one, other)]
    assert ids[0]
    assert not ids[0] & ids[1]
    for svg, known in zip((one, other), ids, strict=True):
        assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg)) <= known


def test_a_picture_can_be_had_as_png() -> None:
    assert write_png(draw_matrix(MATRIX)).startswith(b"\x89PNG\r\n")


def test_a_machine_without_a_chinese_font_is_told_the_package(tmp_path: Path) -> None:
    with pytest.raises(NoFontError, match="apt-get install fonts-wqy-microhei"):
        find_font((tmp_path / "wqy-microhei.ttc",), ("Nobody's Font",))
    assert find_font(names=("DejaVu Sans",), files=()) == "DejaVu Sans"
