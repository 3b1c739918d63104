"""The figures of an impact at the prompt."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from backend.impact.figures import Grouping, Impact, RuleEffect, Totals
from backend.impact.groups import STANDS_OUT_PERCENT
from backend.impact.wording import (
    AGAINST,
    DISCLOSURE,
    KEPT_BACK,
    LEFT_OUT,
    SAMPLE_KINDS,
    TRAITS,
    name_row,
    word_amendment,
    word_telling,
    write_amounts,
    write_change,
    write_holders,
    write_mean,
    write_mean_change,
    write_number,
    write_ratio,
    write_share,
)


def show_impact(console: Console, impact: Impact) -> None:
    """Print a report in tables; the pages and the JSON have more."""
    totals = impact.totals
    console.print(
        f"{impact.city} {impact.old.version} → {impact.new.version}，{impact.as_of}，{write_number(totals.people)} 人",
        highlight=False,
    )
    console.print("\n".join(word_telling(impact.least_group)), highlight=False)
    for amendment in impact.amendments:
        if amendment.touches_scores:
            console.print(f"  {word_amendment(amendment)}", highlight=False, markup=False, soft_wrap=True)
    summary = _make_table("", "人数 people", "占比 share")
    for name, people in (
        ("分数上升 score rises", totals.rises),
        ("分数下降 score falls", totals.falls),
        ("等级上升 level rises", totals.level_rises),
        ("等级下降 level falls", totals.level_falls),
    ):
        summary.add_row(name, write_number(people), write_share(people, totals.people))
    means = totals.mean_before_hundredths, totals.mean_after_hundredths
    summary.add_row("平均分 mean", " → ".join(map(write_mean, means)), write_mean_change(*means))
    console.print(summary)
    console.print(_show_levels(impact))
    console.print(_show_moves(impact))
    for grouping in impact.groupings:
        console.print(_show_grouping(grouping, totals))
    limit = write_ratio(STANDS_OUT_PERCENT)
    console.print(f"! 超过全体的 {limit} 倍，且难以用偶然解释", highlight=False)
    console.print(f"! more than {limit} times as often as all people, and hardly by chance", highlight=False)
    console.print(_show_benefits(impact))
    console.print(_show_rules(impact.rules))
    console.print(_show_samples(impact) if impact.with_samples else "\n".join(LEFT_OUT), highlight=False)


def _make_table(first: str, *columns: str, title: str | None = None) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(first, overflow="fold")
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _show_levels(impact: Impact) -> Table:
    table = _make_table("等级 level", "修改前 before", "修改后 after", title="各等级人数 people by level")
    for level in impact.levels:
        table.add_row(f"{level.name} {level.name_en}", write_number(level.before), write_number(level.after))
    return table


def _show_moves(impact: Impact) -> Table:
    columns = list(dict.fromkeys(move.after for move in impact.moves))
    table = _make_table("修改前 \\ 后", *map(impact.name_level, columns), title="等级对照 from level to level")
    people = {(move.before, move.after): move.people for move in impact.moves}
    for row in dict.fromkeys(move.before for move in impact.moves):
        table.add_row(impact.name_level(row), *(write_number(people[row, column]) for column in columns))
    return table


def _show_grouping(grouping: Grouping, totals: Totals) -> Table:
    title = f"按{TRAITS[grouping.trait].zh} by {TRAITS[grouping.trait].en}"
    columns = ("人数 people", "升 up", "降 down", "差异比 ratio", "升级 level up", "降级 level down", "差异比 ratio")
    table = _make_table("", *columns, title=title)
    for row in grouping.rows:
        hits = (
            (row.fall_ratio_percent, row.falls_stand_out, None in (row.falls, totals.falls)),
            (row.level_fall_ratio_percent, row.level_falls_stand_out, None in (row.level_falls, totals.level_falls)),
        )
        ratios = [
            KEPT_BACK if is_kept_back else f"{write_ratio(ratio)}{' !' if stands_out else ''}"
            for ratio, stands_out, is_kept_back in hits
        ]
        figures = [write_number(each) for each in (row.people, row.rises, row.falls, row.level_rises, row.level_falls)]
        table.add_row(name_row(grouping.trait, row), *figures[:3], ratios[0], *figures[3:], ratios[1])
    return table


def _show_benefits(impact: Impact) -> Table:
    columns = ("修改前 before", "修改后 after", "得到 gain", "失去 lose", "得到额度（元）", "失去额度（元）")
    table = _make_table("场景 scenario", *columns, title="惠民场景 benefits")
    for benefit in impact.benefits:
        people = (benefit.before, benefit.after, benefit.gained, benefit.lost)
        table.add_row(benefit.title, *map(write_number, people), *write_amounts(benefit))
    return table


def _show_rules(rules: Iterable[RuleEffect]) -> Table:
    columns = ("人数 people", "记录 records", "分数 points", "持有者升 up", "持有者降 down")
    table = _make_table("规则 rule", *columns, title="规则 rules")
    for rule in rules:
        pairs = (
            (rule.people_before, rule.people_after),
            (rule.records_before, rule.records_after),
            (rule.points_before, rule.points_after),
        )
        figures = [
            write_number(before) if before == after else f"{write_number(before)} → {write_number(after)}"
            for before, after in pairs
        ]
        table.add_row(f"{rule.rule_id} {rule.name}", *figures, *write_holders(rule))
    table.caption, table.caption_justify = AGAINST.en, "left"
    return table


def _show_samples(impact: Impact) -> Table:
    table = _make_table(
        "样本 sample", "分数 points", "等级 level", "变化的项目 lines that differ", title="样本 samples"
    )
    table.caption, table.caption_justify = "\n".join(DISCLOSURE), "left"
    for sample in impact.samples:
        lines = [
            f"{line.title} {write_change(line.before or 0)} → {write_change(line.after or 0)}"
            for line in sample.lines
            if line.before != line.after
        ]
        table.add_row(
            f"{sample.number} {SAMPLE_KINDS[sample.kind].zh}",
            f"{sample.points_before} → {sample.points_after}",
            f"{impact.name_level(sample.level_before)} → {impact.name_level(sample.level_after)}",
            "\n".join(lines),
        )
    return table
