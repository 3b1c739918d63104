"""Figures of the city as tables at the prompt, in Chinese with English second."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from rich.console import Console
from rich.table import Table

from backend.grants.grant import GrantState
from backend.impact.wording import Words
from backend.reports.benefit_figures import BenefitFigures, Fate, Whose
from backend.reports.city_report import CityPeople
from backend.reports.counts import Span
from backend.reports.departments import DepartmentFigures
from backend.reports.descriptions import name_department
from backend.reports.distribution import Distribution, Drift, Drifts
from backend.reports.figure_descriptions import UNTOLD, name_reason, name_scenario, note_people, write_people
from backend.reports.figures import Share
from backend.reports.refusals import RefusalFigures
from backend.reports.suppression import add_published
from backend.web.messages import Language, get_message, write_yuan
from scenarios.catalogue import ScenarioCatalogue
from scoring.bands import list_bands
from scoring.catalogue import Catalogue
from scoring.rulebook import Rulebook

_BOTH = (Language.CHINESE, Language.ENGLISH)
_LEVEL, _POINTS, _PEOPLE, _SCENARIO = Words("等级", "level"), Words("分数", "points"), "人数\npeople", "场景 scenario"
_RATES = MappingProxyType(
    {
        "timely": Words("及时", "timely"),
        "checked": Words("按时核验", "checked"),
        "refused": Words("不予接收", "refused"),
        "quarantined": Words("待核实", "quarantined"),
        "corrected": Words("已更正", "corrected"),
        "withdrawn": Words("已撤销", "withdrawn"),
    }
)
_CASES = ("quarantined", "corrected", "withdrawn")  # of people, and told as they are
_STATES = MappingProxyType(
    {
        GrantState.RESERVED: Words("已预留", "reserved"),
        GrantState.IN_USE: Words("使用中", "in use"),
        GrantState.OVERDUE: Words("已逾期", "overdue"),
        GrantState.COMPLETED: Words("已办结", "completed"),
        GrantState.CANCELLED: Words("已取消", "cancelled"),
        GrantState.EXPIRED: Words("已过期", "expired"),
        GrantState.SETTLED: Words("已结清", "settled"),
        GrantState.BROKEN: Words("未履约", "broken"),
    }
)
_FATES = MappingProxyType(
    {
        Fate.OPEN: Words("进行中", "open"),
        Fate.GIVEN_BACK: Words("已归还", "given back"),
        Fate.NOT_USED: Words("未使用", "not used"),
        Fate.SETTLED: Words("已结清", "settled"),
    }
)
_WHOSE = MappingProxyType(
    {Whose.RESIDENT: Words("本市居民", "resident"), Whose.VISITOR: Words("来访者", "visitor")},
)
_GIVEN_NOTE = (
    f"人数和次数各自取整到10；{UNTOLD} 1至19人，不显示；金额以元计，取整到不少于一人平均所得\n"
    f"people and grants in whole tens, each number by itself; {UNTOLD} 1 to 19 people, not told; amounts in yuan,"
    " rounded to what one person has or more"
)
_RATES_NOTE = (
    f"份额 / 总数；{UNTOLD} 不足20条，或待核实、更正、撤销的有1至19条（这三项取整到10）；- 不足20条，或没有期限\n"
    f"share / of how many; {UNTOLD} fewer than 20 rows, or 1 to 19 that wait, were corrected or withdrawn (those are in"
    " whole tens); - fewer than 20 rows, or no deadline"
)


def show_people(people: CityPeople, rulebook: Rulebook) -> None:
    """Show levels, bands, dimensions and drift."""
    found = people.now
    levels = (
        (f"{level.name} {level.name_en}", write_people(found.levels.get(level.code, found.nobody)))
        for level in rulebook.levels
    )
    shown = Words("人（所列合计）", "people shown") if found.is_public else Words("人", "people")
    _print(f"{people.day}，{write_people(found.people)} {_write(shown)}", (_write(_LEVEL), _PEOPLE), levels)
    points = (
        (f"{band.first}…{band.last}", write_people(found.points.get(band.first, found.nobody)))
        for band in reversed(list_bands(rulebook))
    )
    _print("", (_write(_POINTS), _PEOPLE), points)
    named = {dimension.code: f"{dimension.name} {dimension.name_en}" for dimension in rulebook.dimensions}
    if found.dimensions:
        _show_dimensions(found, named)
    print_line("\n".join(note_people(found, language) for language in _BOTH))
    if people.drifts is None:
        print_line("没有更早的统计日可比较\nno earlier day was counted to compare with")
    else:
        _show_drifts(people, people.drifts, named)


def _show_dimensions(found: Distribution, named: Mapping[str, str]) -> None:
    width, starts, people = found.wide
    rows = (
        (name, *(write_people(people.get(code, {}).get(first, found.nobody)) for first in starts))
        for code, name in named.items()
    )
    _print("", ("维度分数 points of", *(f"{first}…{first + width - 1}" for first in starts)), rows)


def _show_drifts(people: CityPeople, drifts: Drifts, named: Mapping[str, str]) -> None:
    rows = {_write(_LEVEL): drifts.levels, _write(_POINTS): drifts.points}
    rows |= {name: drifts.dimensions[code] for code, name in named.items() if code in drifts.dimensions}
    drifted = ((name, *_write_drift(drift)) for name, drift in rows.items())
    note = "\n".join(get_message("picture.note.drift", language) for language in _BOTH)
    title = _write_title(drifts.since_on, people.day, Words("分布变化", "drift"))
    _print(title, ("项目 of", "PSI", "判断 reading"), drifted, note)


def show_given(figures: Iterable[BenefitFigures], span: Span, catalogue: ScenarioCatalogue | None) -> None:
    """Show what was given, with amounts in yuan; only states that some grant has are columns."""
    found = [*figures]
    states = [state for state in GrantState if any(each.states[state] != 0 for each in found)]
    rows = (
        (
            *(_name_scenario(each.scenario, catalogue), _write(_WHOSE[each.whose])),
            *map(write_people, (each.people, each.granted, *(each.states[state] for state in states))),
            *map(_write_fen, (each.agreed_fen, each.held_fen, each.final_fen)),
        )
        for each in found
    )
    amounts = ("约定\nagreed", "占用\nheld", "实付\nfinal")
    heads = (
        _SCENARIO,
        "谁 whose",
        _PEOPLE,
        "次数\ngrants",
        *(_write(_STATES[each], "\n") for each in states),
        *amounts,
    )
    title = _write_title(span.first_on, span.last_on, Words("各场景的享受", "benefits given"))
    _print(title, heads, rows, _GIVEN_NOTE)


def show_public_benefits(people: CityPeople, catalogue: ScenarioCatalogue | None) -> None:
    """Show how many people have had each scenario, as the public may know it, by how their latest grant stands."""
    found = people.now
    rows = []
    for code in [] if catalogue is None else sorted(catalogue.scenarios):
        for whose in Whose:
            told = [found.benefits.get((code, whose), {}).get(fate) for fate in Fate]
            cells = map(write_people, (add_published(told), *told))
            rows.append((_name_scenario(code, catalogue), _write(_WHOSE[whose]), *cells))
    heads = (_SCENARIO, "谁 whose", _PEOPLE, *(_write(_FATES[fate], "\n") for fate in Fate))
    title = f"截至 {people.day} 享受过各场景的人数 people who have had a benefit until {people.day}"
    _print(title, heads, rows, "\n".join(note_people(found, language) for language in _BOTH))


def show_reasons(figures: Iterable[RefusalFigures], month: Span, catalogue: ScenarioCatalogue | None) -> None:
    """Show why questions of a month came to nothing."""
    rows = (
        (
            _name_scenario(each.scenario, catalogue),
            " ".join(name_reason(why, language) for language in _BOTH),
            write_people(people),
        )
        for each in figures
        for why, people in each.reasons
    )
    title = _write_title(month.first_on, month.last_on, Words("询问后未能享受的原因", "why nothing was given"))
    note = "\n".join(get_message("picture.note.refusals", language) for language in _BOTH)
    _print(title, (_SCENARIO, "原因 reason", _PEOPLE), rows, note)


def show_rates(figures: Iterable[DepartmentFigures], span: Span, catalogue: Catalogue) -> None:
    """Show departments side by side."""
    rows = (
        (
            _join(*(name_department(each.department, catalogue, language) for language in _BOTH)),
            write_people(each.handed_in),
            *(_write_share(getattr(each, rate), UNTOLD if rate in _CASES else "-") for rate in _RATES),
        )
        for each in figures
    )
    title = _write_title(span.first_on, span.last_on, Words("收到的各单位报送", "rows received by department"))
    heads = ("单位 department", "条数\nrows", *(_write(words, "\n") for words in _RATES.values()))
    _print(title, heads, rows, _RATES_NOTE)


def print_line(text: str) -> None:
    """Print a line beside tables, if there is one."""
    if text:
        _open_console().print(text, highlight=False)


def _write(words: Words, between: str = " ") -> str:
    return between.join(words)


def _write_title(first_on: object, last_on: object, words: Words) -> str:
    return f"{first_on} 至 {last_on} {words.zh} {words.en} from {first_on} to {last_on}"


def _name_scenario(code: str, catalogue: ScenarioCatalogue | None) -> str:
    return _join(*(name_scenario(code, catalogue, language) for language in _BOTH))


def _join(name: str, name_en: str) -> str:
    """Give both names; what has only a code has it once."""
    return name if name == name_en else f"{name} {name_en}"


def _write_drift(drift: Drift) -> tuple[str, str]:
    if drift.psi is None or drift.reading is None:
        return UNTOLD, UNTOLD
    return f"{drift.psi:.4f}", " ".join(get_message(f"drift.{drift.reading}", language) for language in _BOTH)


def _write_fen(fen: int | None) -> str:
    return UNTOLD if fen is None else write_yuan(fen)


def _write_share(share: Share | None, instead: str) -> str:
    if share is None or share.permille is None:
        return instead
    return f"{share.permille / 10:.1f}% / {share.whole:,}"


def _print(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]], note: str = "") -> None:
    table = Table()
    for head in heads:
        table.add_column(head, justify="left" if head == heads[0] else "right", no_wrap=head != heads[0])
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    if title:
        print_line(title if table.row_count else f"{title}：无 nothing")
    if table.row_count:
        _open_console().print(table)
        print_line(note)


def _open_console() -> Console:
    return Console(width=None if sys.stdout.isatty() else 200)
