"""The part of a rulebook document that bounds its rules: groups, limits, repeats, and what is left unscored."""

from collections.abc import Mapping

from scoring.catalogue import Catalogue
from scoring.documents import Table
from scoring.pricing_document import read_when
from scoring.rulebook import ORIGINS, Dimension, Exclusive, Grounds, Limit, Repeats, Rule, Unscored


def read_grounds(table: Table) -> Grounds:
    """Read why a figure stands: `basis` and `origin` are demanded of every figure."""
    return Grounds(table.text("basis"), table.one_of("origin", ORIGINS), table.text("origin_note", ""))


def _read_rule_ids(table: Table, rules: tuple[Rule, ...]) -> frozenset[str]:
    named = table.texts("rules")
    known = {rule.id for rule in rules}
    for rule_id in named:
        if rule_id not in known:
            table.fault("rules", f"{rule_id} is not a rule of this rulebook")
    return frozenset(named)


def read_exclusive(table: Table, rules: tuple[Rule, ...]) -> Exclusive:
    """Read a highest-only group of some of the rules."""
    group = Exclusive(
        table.code("id"),
        table.text("name"),
        table.text("name_en"),
        _read_rule_ids(table, rules),
        read_grounds(table),
    )
    if not group.rules:
        table.fault("rules", "is empty; a group needs at least one rule")
    table.finish()
    return group


def by_scope(limit: Limit) -> bool:
    """Put yearly limits before those over everything in force; within each, the order of the document stays."""
    return not limit.by_year


def read_limit(table: Table, rules: tuple[Rule, ...], dimensions: Mapping[str, Dimension]) -> Limit:
    """Read a limit on some of the rules, or on all rules of a dimension."""
    named = _read_rule_ids(table, rules)
    dimension = table.text("dimension", "")
    if dimension and dimension not in dimensions:
        table.fault("dimension", f"{dimension!r} is not one of {', '.join(dimensions)}")
    if bool(named) == bool(dimension):
        table.fault("rules", "or `dimension`, one of the two, says what the limit binds")
    limit = Limit(
        id=table.code("id"),
        name=table.text("name"),
        name_en=table.text("name_en"),
        dimension=dimension,
        rules=named or frozenset(rule.id for rule in rules if rule.dimension == dimension),
        by_year=table.one_of("per", ("calendar_year", "in_force")) == "calendar_year",
        at_most=table.optional_integer("at_most"),
        at_least=table.optional_integer("at_least"),
        grounds=read_grounds(table),
    )
    if (limit.at_most is None) == (limit.at_least is None):
        table.fault("at_most", "or `at_least`, one of the two, says how far the points may go")
    if (limit.at_most or 0) < 0 or (limit.at_least or 0) > 0:
        table.fault("at_most", "is 0 or more, and `at_least` is 0 or less")
    table.finish()
    return limit


def read_unscored(table: Table, catalogue: Catalogue) -> Unscored:
    """Read a stretch of an indicator that is meant to give nothing."""
    code = table.text("indicator")
    indicator = catalogue.indicators.get(code)
    if indicator is None:
        table.fault("indicator", f"{code} is not in the catalogue {catalogue.version}")
    unscored = Unscored(code, read_when(table, indicator), table.text("reason"))
    table.finish()
    return unscored


def read_repeats(document: Table) -> Repeats | None:
    """Read how often a repeat counts; None when the document does not say."""
    if not document.has("repeats"):
        return None
    table = document.table("repeats")
    repeats = Repeats(table.integer("factor"), read_grounds(table))
    if repeats.factor < 2:  # noqa: PLR2004 - once is not a repeat
        table.fault("factor", "is 2 or more: how many times a repeat counts")
    table.finish()
    return repeats
