"""The pictures of a report: what each bar and cell stands for, and how they are drawn."""

from collections.abc import Mapping

from backend.gateways.pictures import (
    AFTER,
    BEFORE,
    GAIN,
    LOSS,
    BarChart,
    Matrix,
    Series,
    draw_bars,
    draw_columns,
    draw_matrix,
    draw_opposed,
    write_svg,
)
from backend.impact.figures import BenefitChange, Grouping, Impact
from backend.impact.wording import KEPT_BACK, TRAITS, name_change_band, name_row, write_share, write_short

_MOST_BENEFITS = 20


def draw_pictures(impact: Impact) -> Mapping[str, str]:
    """Draw all pictures of a report as `svg` elements, by name; one that would be empty is left out."""
    drawn = {
        "levels": write_svg(draw_bars(chart_levels(impact)), name="levels", said="修改前后各等级人数"),
        "moves": write_svg(draw_matrix(chart_moves(impact)), name="moves", said="修改前后等级对照"),
        "points": write_svg(draw_columns(chart_points(impact)), name="points", said="修改前后分数分布"),
        "changes": write_svg(draw_columns(chart_changes(impact)), name="changes", said="分数变化分布"),
    }
    for grouping in impact.groupings:
        said = f"按{TRAITS[grouping.trait].zh}的涨落"
        drawn[grouping.trait] = write_svg(draw_opposed(chart_group(grouping)), name=grouping.trait, said=said)
    if list_moving(impact):
        drawn["benefits"] = write_svg(draw_opposed(chart_benefits(impact)), name="benefits", said="场景得失人数")
    return drawn


def chart_levels(impact: Impact) -> BarChart:
    """Show people by level, before and after, the best level on top."""
    people = impact.totals.people
    before, after = [each.before for each in impact.levels], [each.after for each in impact.levels]
    return BarChart(
        tuple(level.name for level in impact.levels),
        tuple(
            Series(name, colour, tuple(values), tuple(_label_share(value, people) for value in values))
            for name, colour, values in (("修改前", BEFORE, before), ("修改后", AFTER, after))
        ),
    )


def chart_points(impact: Impact) -> BarChart:
    """Show people by band of points, before and after, from the first to the last band that holds somebody."""
    held = [index for index, band in enumerate(impact.points) if band.before != 0 or band.after != 0]
    bands = impact.points[held[0] : held[-1] + 1] if held else impact.points
    before, after = [each.before for each in bands], [each.after for each in bands]
    return BarChart(
        tuple(str(band.least) for band in bands),
        tuple(
            Series(name, colour, tuple(values), tuple(_label_some(value) for value in values))
            for name, colour, values in (("修改前", BEFORE, before), ("修改后", AFTER, after))
        ),
    )


def chart_changes(impact: Impact) -> BarChart:
    """Show people by how many points they lose or gain; who keeps all of them is left out, as they are nearly all."""
    bands = [band for band in impact.changes if (band.least, band.most) != (0, 0)]
    sides = (
        ("分数下降", LOSS, [band.most is not None and band.most < 0 for band in bands]),
        ("分数上升", GAIN, [band.least is not None and band.least > 0 for band in bands]),
    )
    return BarChart(
        tuple(name_change_band(band) for band in bands),
        tuple(
            Series(
                name,
                colour,
                tuple(band.people if belongs else 0 for band, belongs in zip(bands, belonging, strict=True)),
                tuple(
                    write_short(band.people) if belongs else "" for band, belongs in zip(bands, belonging, strict=True)
                ),
            )
            for name, colour, belonging in sides
        ),
        is_overlaid=True,
    )


def chart_moves(impact: Impact) -> Matrix:
    """Show people by level before and after; a cell is the darker the greater its share of the row."""
    codes = list(dict.fromkeys(move.before for move in impact.moves))
    columns = list(dict.fromkeys(move.after for move in impact.moves))
    people = {(move.before, move.after): move.people for move in impact.moves}
    shades = []
    for code in codes:
        row = [people[code, column] or 0 for column in columns]
        shades.append(tuple(each / max(sum(row), 1) for each in row))
    return Matrix(
        tuple(map(impact.name_level, codes)),
        tuple(map(impact.name_level, columns)),
        tuple(shades),
        tuple(tuple(write_short(people[code, column]) for column in columns) for code in codes),
        "修改前",
        "修改后",
    )


def chart_group(grouping: Grouping) -> BarChart:
    """Show of each group which share loses points and which gains."""
    rows = grouping.rows
    return BarChart(
        tuple(name_row(grouping.trait, row) for row in rows),
        tuple(
            Series(
                name,
                colour,
                tuple(_share(value, row.people) for value, row in zip(values, rows, strict=True)),
                tuple(write_share(value, row.people) for value, row in zip(values, rows, strict=True)),
            )
            for name, colour, values in (
                ("分数下降的比例", LOSS, [row.falls for row in rows]),
                ("分数上升的比例", GAIN, [row.rises for row in rows]),
            )
        ),
    )


def list_moving(impact: Impact) -> tuple[BenefitChange, ...]:
    """List the scenarios that somebody gains or loses, those of most people first."""
    moving = [benefit for benefit in impact.benefits if benefit.gained or benefit.lost]
    return tuple(sorted(moving, key=lambda benefit: -(benefit.gained or 0) - (benefit.lost or 0))[:_MOST_BENEFITS])


def chart_benefits(impact: Impact) -> BarChart:
    """Show of each scenario how many people lose it and how many gain it."""
    moving = list_moving(impact)
    return BarChart(
        tuple(benefit.title for benefit in moving),
        tuple(
            Series(name, colour, tuple(values), tuple(map(write_short, values)))
            for name, colour, values in (
                ("失去的人数", LOSS, [benefit.lost for benefit in moving]),
                ("得到的人数", GAIN, [benefit.gained for benefit in moving]),
            )
        ),
    )


def _label_share(value: int | None, people: int | None) -> str:
    return KEPT_BACK if value is None else f"{write_short(value)}（{write_share(value, people)}）"


def _label_some(value: int | None) -> str:
    return "" if value == 0 else write_short(value)


def _share(part: int | None, whole: int | None) -> float | None:
    return None if part is None or not whole else part / whole
