"""Calls to paste for whoever runs the machine: the city as files, everybody's scores, a changed rule, figures."""

import shlex
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from importlib.resources.abc import Traversable
from pathlib import Path

from backend.demo.workplace import Workplace
from scoring.pricing import Each
from scoring.rulebook import Rule, Rulebook

MORE_POINTS, DAYS_AHEAD = 2, 30
NEW_ORIGIN = "演示所拟的分值，无参照；非公布值"
# A demo is small; in many parts it would be many tiny files.
PARTS, LOOKED_AT = 1, 100


def write_operator_calls(place: Workplace, rulebook: Rulebook, shipped: Traversable, *, day: date) -> Iterator[str]:
    """Write what runs each night, then what a change of `rulebook`, which stands in the folder `shipped`, would do.

    The commands read the settings of the demo from its file, each for itself: the shell they are pasted into keeps its
    own, and no secret is shown.
    """
    program = shlex.quote(str(Path(sys.executable).with_name("shangding")))
    settings = shlex.quote(str(place.settings.resolve()))
    yield "# 运维命令，用演示服务的设置（每条命令各自读取，不改动当前终端）"
    yield f'shangding() ( set -a; . {settings}; exec {program} "$@" )'
    yield "# 每夜：导出全市文件，核对，重算人人的分数并统计，再抽查与台账是否一致"
    yield f"shangding population export --parts {PARTS}"
    yield "shangding population verify"
    yield "shangding rescore --count"
    yield f"shangding rescore --check {LOOKED_AT}"
    rule = _find_rule(rulebook)
    if rule is not None and shipped.joinpath(f"rulebook-{rulebook.effective_on}.toml").is_file():
        yield from _write_change(place, rulebook, shipped, *rule, day=day)
    yield "# 全市统计：等级、分段"
    yield "shangding reports scores"


def _write_change(
    place: Workplace, rulebook: Rulebook, shipped: Traversable, rule: Rule, points: int, *, day: date
) -> Iterator[str]:
    drafts, first_on = place.directory.resolve() / "draft", _find_first_day(rulebook, day)
    version = f"{first_on.year}.{first_on.month}"
    edits = (
        f's/"{rulebook.version}"/"{version}"/',
        f"s/^effective_on = .*/effective_on = {first_on}/",
        _put(rule, "points", str(points + MORE_POINTS)),
        *_tell_origin(rule),
    )
    change = f"{rule.id}“{rule.name}”由 {points} 分改为 {points + MORE_POINTS} 分"
    yield f"# 规则草案：复制现行规则，换版本和生效日，{change}，并改写人人可见的分值来源"
    yield f"BEFORE={shlex.quote(str(shipped))} DRAFT={shlex.quote(str(drafts))}; mkdir -p $DRAFT"
    yield (
        f"for name in rulebook catalogue cases; do sed {' '.join(f'-e {shlex.quote(edit)}' for edit in edits)}"
        f' "$BEFORE/$name-{rulebook.effective_on}.toml" > "$DRAFT/$name-{first_on}.toml"; done'
    )
    yield "# 改动会给每个人带来什么，改之前就看清（加 --html report.html 得到带图的报告；不足二十人的一律不列出）"
    yield 'shangding impact "$DRAFT"'


def _put(rule: Rule, key: str, value: str) -> str:
    return f'/^id = "{rule.id}"/,/^{key} = /s/^{key} = .*/{key} = {value}/'


def _tell_origin(rule: Rule) -> Iterator[str]:
    """Say of the new figure that it is nobody's: what is told of the former one would be true no more."""
    yield _put(rule, "origin", '"own_choice"')
    if rule.grounds.origin_note:
        yield _put(rule, "origin_note", f'"{NEW_ORIGIN}"')
    if rule.published:
        yield _put(rule, "published", "[]")


def _find_rule(rulebook: Rulebook) -> tuple[Rule, int] | None:
    """Find a rule with one figure of plus points, rather one that tells what to do for them; with that figure."""
    found = [
        (rule, rule.pricing.points)
        for rule in rulebook.rules
        if isinstance(rule.pricing, Each) and rule.pricing.points > 0
    ]
    return min(found, key=lambda each: each[0].action is None, default=None)


def _find_first_day(rulebook: Rulebook, day: date) -> date:
    """Find the first of a month for a new edition, so far ahead that there is time to announce it."""
    ahead = max(day, rulebook.effective_on) + timedelta(days=DAYS_AHEAD)
    return (ahead.replace(day=1) + timedelta(days=31)).replace(day=1)
