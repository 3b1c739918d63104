"""A rulebook from its TOML document, or a refusal that lists every fault."""

from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple, cast

from scoring.bounds_document import by_scope, read_exclusive, read_grounds, read_limit, read_repeats, read_unscored
from scoring.catalogue import Catalogue, Indicator, Nature
from scoring.checking import find_defects, list_points
from scoring.documents import DocumentError, Table, parse
from scoring.pricing import ByTable, Streak, Validity
from scoring.pricing_document import read_pricing, read_when
from scoring.records import Value
from scoring.rulebook import (
    Action,
    Dimension,
    Level,
    Rule,
    Rulebook,
    Veto,
)

# The largest city collects 1,180 indicators; beyond these, checking would take minutes.
MOST_RULES, MOST_BOUNDS, MOST_GRADES = 2000, 500, 100


class _Frame(NamedTuple):
    """What the rules of one document refer to."""

    catalogue: Catalogue
    levels: Mapping[str, Level]
    dimensions: Mapping[str, Dimension]


def read_rulebook(text: str, name: str, catalogue: Catalogue) -> Rulebook:
    """Read a rulebook against its catalogue; DocumentError names every fault, overlaps and dead rules included."""
    return build_rulebook(parse(text, name), name, catalogue)


def build_rulebook(values: Mapping[str, object], name: str, catalogue: Catalogue) -> Rulebook:
    """Build a rulebook from parsed values; DocumentError names every fault, overlaps and dead rules included."""
    faults: list[str] = []
    document = Table(values, name, faults)
    head = document.table("rulebook")
    if head.text("catalogue") != catalogue.version or head.text("city") != catalogue.city:
        head.fault("catalogue", f"is not the catalogue given, {catalogue.city} {catalogue.version}")
    scale = document.table("scale")
    levels = _read_levels(document)
    dimensions = _read_dimensions(document)
    frame = _Frame(catalogue, {level.code: level for level in levels}, {each.code: each for each in dimensions})
    rules = tuple(_read_rule(table, frame) for table in document.tables("rules", "id", most=MOST_RULES))
    limits = [read_limit(table, rules, frame.dimensions) for table in document.tables("limits", "id", most=MOST_BOUNDS)]
    rulebook = Rulebook(
        city=head.text("city"),
        version=head.version("version"),
        effective_on=head.day("effective_on"),
        title=head.text("title"),
        title_en=head.text("title_en"),
        basis=head.text("basis"),
        note=head.text("note", ""),
        catalogue=catalogue,
        base=scale.points("base"),
        floor=scale.points("floor"),
        ceiling=scale.points("ceiling"),
        levels=levels,
        dimensions=dimensions,
        rules=rules,
        exclusives=tuple(
            read_exclusive(table, rules) for table in document.tables("exclusive", "id", most=MOST_BOUNDS)
        ),
        rule_limits=tuple(sorted((each for each in limits if not each.dimension), key=by_scope)),
        dimension_limits=tuple(sorted((each for each in limits if each.dimension), key=by_scope)),
        repeats=read_repeats(document),
        unscored=tuple(read_unscored(table, catalogue) for table in document.tables("unscored", "indicator")),
        rules_by_indicator=_index(rules),
        streaks=tuple(rule for rule in rules if isinstance(rule.pricing, Streak)),
        digest=_digest(values),
    )
    _check_scale(scale, rulebook)
    for table in (head, scale, document):
        table.finish()
    if not faults:
        faults.extend(find_defects(rulebook))
    if faults:
        raise DocumentError(name, faults)
    return rulebook


def _read_dimensions(document: Table) -> tuple[Dimension, ...]:
    dimensions = []
    for table in document.tables("dimensions", "code", most=MOST_GRADES):
        dimensions.append(Dimension(table.column("code"), table.text("name"), table.text("name_en")))
        table.finish()
    return tuple(dimensions)


def _read_levels(document: Table) -> tuple[Level, ...]:
    levels = []
    for rank, table in enumerate(document.tables("levels", "code", most=MOST_GRADES)):
        above = table.optional_integer("above")
        bound = table.optional_integer("at_least") if above is None else above + 1
        levels.append(Level(table.code("code"), table.text("name"), table.text("name_en"), rank, bound))
        table.finish()
    bounds = [level.at_least for level in levels]
    if not levels or bounds[-1] is not None or None in bounds[:-1]:
        document.fault("levels", "the last level, and only it, has no bound: it takes everything below")
    given = [bound for bound in bounds if bound is not None]
    if given != sorted(set(given), reverse=True):
        document.fault("levels", "stand best first, each bound below the one before")
    return tuple(levels)


def _read_rule(table: Table, frame: _Frame) -> Rule:
    kind = table.text("kind")
    code = "" if kind == "streak" else table.text("indicator")
    indicator = frame.catalogue.indicators.get(code)
    if code and indicator is None:
        table.fault("indicator", f"{code} is not in the catalogue {frame.catalogue.version}")
    dimension = table.text("dimension")
    if dimension not in frame.dimensions:
        table.fault("dimension", f"{dimension!r} is not one of {', '.join(frame.dimensions)}")
    rule_id = table.code("id")
    pricing = read_pricing(table, kind, indicator)
    rule = Rule(
        id=rule_id,
        name=table.text("name"),
        name_en=table.text("name_en"),
        dimension=dimension,
        indicator=code,
        conditions=read_when(table, indicator),
        pricing=pricing,
        veto=_read_veto(table, frame),
        repeat_class=table.code("repeat_class", rule_id),
        repairable_after_months=table.optional_integer("repairable_after_months"),
        action=_read_action(table, indicator),
        published=table.integers("published"),
        grounds=read_grounds(table),
    )
    _check_nature(table, rule, indicator)
    if indicator is not None and not indicator.continuing and any(each.from_end for each in _validities_of(rule)):
        table.fault(
            "valid",
            f"runs from an end, but {code} is not `continuing` in the catalogue: it would never lapse",
        )
    table.finish()
    return rule


def _read_veto(table: Table, frame: _Frame) -> Veto | None:
    if not table.has("veto"):
        return None
    veto = table.table("veto")
    code = veto.text("level_at_most", "")
    veto.finish()
    if code and code not in frame.levels:
        veto.fault("level_at_most", f"{code!r} is not one of {', '.join(frame.levels)}")
    return Veto(frame.levels.get(code))


def _read_action(table: Table, indicator: Indicator | None) -> Action | None:
    if not table.has("action"):
        return None
    action = table.table("action")
    fields = action.raw("set") or {}
    if not isinstance(fields, dict) or not all(isinstance(value, (int, str)) for value in fields.values()):
        action.fault("set", "is not a table of items")
        fields = {}
    for name, value in fields.items():
        item = indicator.items.get(name) if indicator else None
        fault = item.find_fault(value) if item else f"{name} is not an item of the indicator"
        if fault:
            action.fault("set", fault)
    read = Action(
        action.text("name"),
        action.text("name_en"),
        cast("dict[str, Value]", fields),
        action.integer("most", 0),
        action.integer("step", 1),
    )
    if read.step < 1 or read.most < 0 or read.most % max(read.step, 1):
        action.fault("step", "is 1 or more, and `most` a whole number of steps")
    action.finish()
    return read


def _check_nature(table: Table, rule: Rule, indicator: Indicator | None) -> None:
    """Hold the sign of the points to the nature that the catalogue gives the indicator."""
    signs = {points > 0 for points in list_points(rule) if points}
    if len(signs) > 1:
        table.fault("points", "add and deduct in one rule; make it two rules")
    if indicator is None:
        return
    if indicator.nature is not Nature.FAVOURABLE and True in signs:
        table.fault("points", f"add points for {indicator.code}, which the catalogue calls {indicator.nature}")
    if indicator.nature is not Nature.ADVERSE and (False in signs or rule.veto):
        table.fault(
            "points",
            f"deduct points or veto for {indicator.code}, which the catalogue calls {indicator.nature}",
        )


def _validities_of(rule: Rule) -> tuple[Validity, ...]:
    pricing = rule.pricing
    if isinstance(pricing, ByTable):
        return tuple(row.validity for row in pricing.rows)
    return () if isinstance(pricing, Streak) else (pricing.validity,)


def _check_scale(scale: Table, rulebook: Rulebook) -> None:
    if not rulebook.floor <= rulebook.base <= rulebook.ceiling:
        scale.fault("base", f"{rulebook.base} lies outside floor {rulebook.floor} to ceiling {rulebook.ceiling}")
    for level in rulebook.levels:
        if level.at_least is not None and not rulebook.floor < level.at_least <= rulebook.ceiling:
            scale.fault("ceiling", f"level {level.code} begins at {level.at_least}, which the scale never reaches")


def _digest(values: Mapping[str, object]) -> str:
    """Give a short hash of a document's values: an edited file must not pass for the edition it was."""
    return sha256(repr(sorted(values.items())).encode()).hexdigest()[:16]


def _index(rules: tuple[Rule, ...]) -> dict[str, tuple[Rule, ...]]:
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        if rule.indicator:
            found.setdefault(rule.indicator, []).append(rule)
    return {code: tuple(counted) for code, counted in found.items()}
