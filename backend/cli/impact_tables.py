"""The figures of an impact at the prompt."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from backend.impact.amendment_wording import word_amendment
from backend.impact.figures import Grouping, Impact, RuleEffect, Totals
from backend.impact.groups import LEFT_OUT_PERCENT, STANDS_OUT_PERCENT
from backend.impact.wording import (
    AGAINST,
    DISCLOSURE,
    NO_SAMPLES,
    SAMPLE_KINDS,
    TRAITS,
    list_mean_parts,
    list_narrowed_titles,
    name_row,
    word_drawing,
    word_mean_telling,
    word_telling,
    write_amounts,
    write_change,
    write_holders,
    write_mean,
    write_mean_change,
    write_number,
    write_ratio,
    write_ratios,
    write_share,
)


def show_impact(console: Console, impact: Impact) -> None:
    """Print a report in tables; the pages and the JSON have more."""
    totals = impact.totals
    console.print(
        f"{impact.city} {impact.old.version} → {impact.new.version}，{impact.as_of}，{write_number(totals.people)} 人",
        highlight=False,
    )
    for words in (word_telling(impact.least_group), word_mean_telling(totals.mean_step_hundredths)):
        console.print("\n".join(words), highlight=False)
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
    console.print(summary)
    console.print(_show_means(impact))
    console.print(_show_levels(impact))
    console.print(_show_moves(impact))
    for grouping in impact.groupings:
        console.print(_show_scores(grouping, totals))
        console.print(_show_level_changes(grouping, totals))
    least, most = write_ratio(LEFT_OUT_PERCENT), write_ratio(STANDS_OUT_PERCENT)
    for line in (
        "比：该群体的比例 ÷ 全体的比例 ratio: the share of the group over that of all people",
        f"! 上升不到全体的 {least} 倍，或者下降超过全体的 {most} 倍，且难以用偶然解释",
        f"! rises less than {least}, or falls more than {most} times as often as all people, and hardly by chance",
    ):
        console.print(line, highlight=False)
    console.print(_show_benefits(impact))
    console.print(_show_amounts(impact))
    if impact.narrowed:
        console.print(
            f"另有缩减 also narrower: {'、'.join(list_narrowed_titles(impact))}", highlight=False, markup=False
        )
    console.print(_show_rules(impact.rules))
    console.print(_show_samples(impact) if impact.with_samples else "\n".join(NO_SAMPLES), highlight=False)


def _make_table(first: str, *columns: str, title: str | None = None) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(first, overflow="fold")
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _show_means(impact: Impact) -> Table:
    totals = impact.totals
    table = _make_table("", "修改前\nbefore", "修改后\nafter", "差\ndifference", title="平均分 mean score")
    parts = [(f"{words.zh} {words.en}", before, after) for words, before, after in list_mean_parts(impact)]
    for name, before, after in (
        *parts,
        ("平均分 mean", totals.mean_before_hundredths, totals.mean_after_hundredths),
    ):
        table.add_row(name, write_mean(before), write_mean(after), write_mean_change(before, after))
    return table


def _show_levels(impact: Impact) -> Table:
    table = _make_table("等级 level", "修改前\nbefore", "修改后\nafter", title="各等级人数 people by level")
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


def _show_scores(grouping: Grouping, totals: Totals) -> Table:
    title = f"按{TRAITS[grouping.trait].zh}：分数 points, by {TRAITS[grouping.trait].en}"
    columns = ("人数\npeople", "升\nup", "上升比\nup ratio", "降\ndown", "下降比\ndown ratio")
    table = _make_table("", *columns, title=title)
    for row in grouping.rows:
        rise, fall, _ = write_ratios(row, totals)
        table.add_row(
            name_row(grouping.trait, row),
            *(write_number(row.people), write_number(row.rises), _mark(rise, is_marked=row.left_out)),
            *(write_number(row.falls), _mark(fall, is_marked=row.falls_stand_out)),
        )
    return table


def _show_level_changes(grouping: Grouping, totals: Totals) -> Table:
    title = f"按{TRAITS[grouping.trait].zh}：等级 levels, by {TRAITS[grouping.trait].en}"
    table = _make_table("", "升级\nlevel up", "降级\nlevel down", "降级比\nlevel-down ratio", title=title)
    for row in grouping.rows:
        ratio = _mark(write_ratios(row, totals)[2], is_marked=row.level_falls_stand_out)
        table.add_row(
            name_row(grouping.trait, row), write_number(row.level_rises), write_number(row.level_falls), ratio
        )
    return table


def _mark(ratio: str, *, is_marked: bool) -> str:
    return f"{ratio} !" if is_marked else ratio


def _show_benefits(impact: Impact) -> Table:
    columns = ("修改前\nbefore", "修改后\nafter", "得到\ngain", "失去\nlose")
    table = _make_table("场景 scenario", *columns, title="惠民场景 benefits")
    for benefit in impact.benefits:
        people = (benefit.before, benefit.after, benefit.gained, benefit.lost)
        table.add_row(benefit.title, *map(write_number, people))
    return table


def _show_amounts(impact: Impact) -> Table:
    columns = ("得到额度\nyuan gained", "失去额度\nyuan lost")
    table = _make_table("场景 scenario", *columns, title="惠民场景的额度（元） amounts of benefits")
    for benefit in impact.benefits:
        if (benefit.limit_before_fen, benefit.limit_after_fen) != (None, None):
            table.add_row(benefit.title, *write_amounts(benefit))
    return table


def _show_rules(rules: Iterable[RuleEffect]) -> Table:
    columns = ("人数\npeople", "持有者升\nholders up", "持有者降\nholders down")
    table = _make_table("规则 rule", *columns, title="规则 rules")
    for rule in rules:
        before, after = rule.people_before, rule.people_after
        people = write_number(before) if before == after else f"{write_number(before)}\n→ {write_number(after)}"
        table.add_row(f"{rule.rule_id} {rule.name}", people, *write_holders(rule))
    table.caption, table.caption_justify = "\n".join(AGAINST), "left"
    return table


def _show_samples(impact: Impact) -> Table:
    table = _make_table(
        "样本\nsample", "分数\npoints", "等级\nlevel", "变化的项目\nlines that differ", title="样本 samples"
    )
    words = zip(DISCLOSURE, word_drawing(impact.least_group), strict=True)
    table.caption, table.caption_justify = "\n".join(" ".join(each) for each in words), "left"
    for sample in impact.samples:
        lines = [
            f"{line.title} {write_change(line.before or 0)} → {write_change(line.after or 0)}"
            for line in sample.lines
            if line.before != line.after
        ]
        table.add_row(
            f"{sample.number} {SAMPLE_KINDS[sample.kind].zh}",
            f"{sample.points_before}\n→ {sample.points_after}",
            f"{impact.name_level(sample.level_before)}\n→ {impact.name_level(sample.level_after)}",
            "\n".join(lines),
        )
    return table
