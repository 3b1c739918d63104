"""The parts of a rulebook as named figures in plain text, so that two editions can be laid side by side."""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from scoring.pricing import ByTable, Choice, Condition, Curve, Each, Graded, Pricing, Streak, Validity
from scoring.rulebook import Action, Exclusive, Grounds, Level, Limit, Rule, Rulebook, Veto

OPEN = "…"  # no bound on this side


class Part(StrEnum):
    """A part of a rulebook, in the order in which differences are listed."""

    EDITION = "edition"
    SCALE = "scale"
    LEVEL = "level"
    DIMENSION = "dimension"
    REPEATS = "repeats"
    RULE = "rule"
    EXCLUSIVE = "exclusive"
    LIMIT = "limit"
    UNSCORED = "unscored"
    INDICATOR = "indicator"


class Described(NamedTuple):
    """A part as figures: each name, and what of it (such as a row of a table), with its value; absent is left out."""

    name: str
    name_en: str
    figures: Mapping[tuple[str, str], str]


def describe_part(part: Part, book: Rulebook) -> Mapping[str, Described]:
    """Describe all that a rulebook has of a part, by id."""
    return dict(_DESCRIBERS[part](book))


def _describe_edition(book: Rulebook) -> Iterable[tuple[str, Described]]:
    words = {name: str(getattr(book, name)) for name in ("version", "effective_on", "title", "title_en")}
    words |= {"basis": book.basis, "note": book.note, "catalogue": book.catalogue.version}
    return [("edition", Described(book.title, book.title_en, _plain(words)))]


def _describe_scale(book: Rulebook) -> Iterable[tuple[str, Described]]:
    figures = {"base": str(book.base), "floor": str(book.floor), "ceiling": str(book.ceiling)}
    return [("scale", Described("分值范围", "Scale", _plain(figures)))]


def _plain(figures: Mapping[str, str]) -> dict[tuple[str, str], str]:
    return {(name, ""): value for name, value in figures.items() if value}


def _name(name: str, name_en: str, figures: Mapping[str, str]) -> Described:
    return Described(name, name_en, _plain({"name": name, "name_en": name_en, **figures}))


def _describe_level(level: Level) -> Described:
    bound = {"at_least": OPEN if level.at_least is None else str(level.at_least)}
    return _name(level.name, level.name_en, {**bound, "rank": str(level.rank + 1)})


def _describe_repeats(book: Rulebook) -> list[tuple[str, Described]]:
    if book.repeats is None:
        return []
    figures = {"factor": str(book.repeats.factor), **_say_grounds(book.repeats.grounds)}
    return [("repeats", Described("重复失信", "Repeats", _plain(figures)))]


def _describe_unscored(book: Rulebook) -> list[tuple[str, Described]]:
    found = []
    for each in book.unscored:
        indicator = book.catalogue.indicators[each.indicator]
        said = _say_conditions(each.conditions, each.indicator, book)
        key = f"{each.indicator}: {said}" if said else each.indicator
        found.append((key, _name(indicator.name, indicator.name_en, {"reason": each.reason})))
    return found


def _describe_rule(rule: Rule, book: Rulebook) -> Described:
    described = _name(
        rule.name,
        rule.name_en,
        {
            "dimension": rule.dimension,
            "indicator": rule.indicator,
            "conditions": _say_conditions(rule.conditions, rule.indicator, book),
            "kind": _KINDS[type(rule.pricing)],
        },
    )
    figures = dict(described.figures)
    figures |= _describe_pricing(rule.pricing, rule.indicator, book)
    figures |= _plain(
        {
            "veto": _say_veto(rule.veto),
            "repeat_class": "" if rule.repeat_class == rule.id else rule.repeat_class,
            "repairable_after_months": str(rule.repairable_after_months or ""),
            "action": _say_action(rule.action),
            "published": " ".join(map(str, rule.published)),
            **_say_grounds(rule.grounds),
        }
    )
    return described._replace(figures=figures)


_KINDS: Mapping[type[Pricing], str] = {
    Each: "each",
    ByTable: "table",
    Graded: "graded",
    Curve: "curve",
    Streak: "streak",
}


def _describe_pricing(pricing: Pricing, indicator: str, book: Rulebook) -> dict[tuple[str, str], str]:
    match pricing:
        case Each(points=points, validity=validity, times=times):
            per = "" if times is None else _title(times, indicator, book)
            return _plain({"points": f"{points:+d}", "times": per, "validity": _say_validity(validity)})
        case ByTable(rows=rows, unscored=unscored):
            figures = {}
            for row in rows:
                of = _say_condition(row.condition, indicator, book)
                figures["points", of] = f"{row.points:+d}"
                figures["validity", of] = _say_validity(row.validity)
            left_out = [_say_choice(pricing.field, value, indicator, book) for value in sorted(unscored)]
            return figures | _plain({"unscored": "、".join(left_out)})
        case Graded(least=least, most=most, validity=validity):
            return _plain({"graded": f"{least:+d} … {most:+d}", "validity": _say_validity(validity)})
        case Curve():
            return _describe_curve(pricing, indicator, book)
        case Streak(points=points, most=most):
            return _plain({"points": f"{points:+d}", "at_most_years": str(most)})


def _describe_curve(curve: Curve, indicator: str, book: Rulebook) -> dict[tuple[str, str], str]:
    figures = _plain(
        {
            "times": _title(curve.field, indicator, book),
            "over": "calendar_year" if curve.by_year else "in_force",
            "validity": _say_validity(curve.validity),
        }
    )
    start = 0
    for segment in curve.segments:
        to = OPEN if segment.to is None else str(segment.to)
        figures["segment", f"{start}-{to}"] = f"{segment.points:+d} / {segment.per}"
        start = segment.to or start
    for stair in curve.stairs:
        figures["stair", f"≥{stair.from_amount}"] = f"{stair.points:+d}"
    return figures


def _describe_exclusive(group: Exclusive) -> Described:
    figures = {"rules": " ".join(sorted(group.rules)), **_say_grounds(group.grounds)}
    return _name(group.name, group.name_en, figures)


def _describe_limit(limit: Limit) -> Described:
    figures = {
        "dimension": limit.dimension,
        "rules": "" if limit.dimension else " ".join(sorted(limit.rules)),
        "per": "calendar_year" if limit.by_year else "in_force",
        "at_most": "" if limit.at_most is None else f"{limit.at_most:+d}",
        "at_least": "" if limit.at_least is None else f"{limit.at_least:+d}",
        **_say_grounds(limit.grounds),
    }
    return _name(limit.name, limit.name_en, figures)


def _say_grounds(grounds: Grounds) -> dict[str, str]:
    return {"basis": grounds.basis, "origin": grounds.origin, "origin_note": grounds.origin_note}


def _say_veto(veto: Veto | None) -> str:
    if veto is None:
        return ""
    return "yes" if veto.level_at_most is None else veto.level_at_most.code


def _say_action(action: Action | None) -> str:
    if action is None:
        return ""
    fields = ", ".join(f"{name} = {value}" for name, value in sorted(action.fields.items()))
    return " ".join(part for part in (action.name, fields, f"{action.most} / {action.step}") if part)


def _say_validity(validity: Validity) -> str:
    """Say how long it counts: `24` months from its day, `24 from_end`, or `until_end`."""
    if validity.months is None:
        return "until_end"
    return f"{validity.months} from_end" if validity.from_end else str(validity.months)


def _say_conditions(conditions: Iterable[Condition], indicator: str, book: Rulebook) -> str:
    return "；".join(
        f"{_title(each.field, indicator, book)} {_say_condition(each, indicator, book)}" for each in conditions
    )


def _say_condition(condition: Condition, indicator: str, book: Rulebook) -> str:
    if isinstance(condition, Choice):
        values = sorted(condition.allowed, key=str)
        return "、".join(_say_choice(condition.field, value, indicator, book) for value in values)
    if condition.least == condition.most:
        return str(condition.least)
    if condition.least is None:
        return f"≤{condition.most}"
    return f"≥{condition.least}" if condition.most is None else f"{condition.least}-{condition.most}"


def _say_choice(field: str, value: str | bool, indicator: str, book: Rulebook) -> str:  # noqa: FBT001 - an item's value
    item = book.catalogue.indicators[indicator].items.get(field)
    choices = item.choices if item else {}
    return choices.get(value, value) if isinstance(value, str) else str(value).lower()


def _title(field: str, indicator: str, book: Rulebook) -> str:
    item = book.catalogue.indicators[indicator].items.get(field)
    return item.title if item else field


_DESCRIBERS: Mapping[Part, Callable[[Rulebook], Iterable[tuple[str, Described]]]] = MappingProxyType(
    {
        Part.EDITION: _describe_edition,
        Part.SCALE: _describe_scale,
        Part.LEVEL: lambda book: [(each.code, _describe_level(each)) for each in book.levels],
        Part.DIMENSION: lambda book: [(each.code, _name(each.name, each.name_en, {})) for each in book.dimensions],
        Part.REPEATS: _describe_repeats,
        Part.RULE: lambda book: [(each.id, _describe_rule(each, book)) for each in book.rules],
        Part.EXCLUSIVE: lambda book: [(each.id, _describe_exclusive(each)) for each in book.exclusives],
        Part.LIMIT: lambda book: [(each.id, _describe_limit(each)) for each in book.limits],
        Part.UNSCORED: _describe_unscored,
        Part.INDICATOR: lambda book: [
            (code, _name(each.name, each.name_en, {})) for code, each in book.catalogue.indicators.items()
        ],
    }
)
