"""The rulebook as a decision of zen-engine: a table that prices each record, and expressions that bound and add up.

The table and the expressions are generated for a day. Of limits and groups it can say those whose order of cutting does
not matter, because all lines of a limit are of one rule; ours are.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import date
from time import process_time
from typing import Any

import zen

from benchmarks.rescore_sample import Prepared, Result, Somebody, Standing, list_years
from scoring.population.cells import Cell, list_cells
from scoring.population.pots import find_alive_from
from scoring.pricing import Choice, Condition, Curve, Streak
from scoring.rulebook import Rule, Rulebook

NEVER = 10**9
DOCUMENT = "application/vnd.gorules.decision"


def run(prepared: Prepared) -> tuple[float, list[Result]]:
    """Give the seconds of all evaluations, one a person, and what they found; making the inputs is not counted."""
    rulebook = prepared.rulebook
    decision = zen.ZenEngine().create_decision(json.dumps(make_model(rulebook, prepared.day)))
    inputs = [_tell(somebody, standing, prepared.day) for somebody, standing in prepared.people]
    begun = process_time()
    found = [decision.evaluate(each)["result"] for each in inputs]
    seconds = process_time() - begun
    return seconds, [_read(each, rulebook) for each in found]


def _tell(somebody: Somebody, standing: Sequence[Standing], day: date) -> dict[str, Any]:
    since = somebody.since
    records = [
        {
            "indicator": record.indicator,
            "items": dict(record.fields),
            "day": record.occurred_on.toordinal(),
            "year": record.occurred_on.year,
            "end": NEVER if record.ended_on is None else record.ended_on.toordinal(),
            "end_year": (record.ended_on or day).year,
            "stands": stands,
            "waits": record.suspended,
        }
        for record, stands in standing
    ]
    return {"records": records, "first": since.year + ((since.month, since.day) != (1, 1))}


def _read(found: dict[str, Any], rulebook: Rulebook) -> Result:
    dimensions = tuple(int(found[f"points_{each.code}"]) for each in rulebook.dimensions)
    return Result(int(found["points"]), rulebook.levels[int(found["rank"])].code, found["veto"] > -NEVER, dimensions)


def make_model(rulebook: Rulebook, day: date) -> dict[str, Any]:
    """Make the decision model of a rulebook for a day, as zen-engine reads it."""
    nodes = [
        {"id": "in", "name": "in", "type": "inputNode", "content": {"schema": ""}},
        {"id": "price", "name": "price", "type": "decisionTableNode", "content": _make_table(rulebook, day)},
        {"id": "sum", "name": "sum", "type": "expressionNode", "content": _make_expressions(rulebook, day)},
        {"id": "out", "name": "out", "type": "outputNode", "content": {"schema": ""}},
    ]
    edges = [
        {"id": f"to-{target}", "type": "edge", "sourceId": source, "targetId": target}
        for source, target in (("in", "price"), ("price", "sum"), ("sum", "out"))
    ]
    return {"contentType": DOCUMENT, "nodes": nodes, "edges": edges}


def _make_table(rulebook: Rulebook, day: date) -> dict[str, Any]:
    cells = list_cells(rulebook)
    fields = sorted({condition.field for cell in cells for condition in cell.conditions})
    outputs = ("rule", "dimension", "points", "amount", "from_end", "alive_from", "veto", "adverse")
    return {
        "hitPolicy": "first",
        "passThrough": True,
        "inputField": "records",
        "outputPath": "records",
        "executionMode": "loop",
        "inputs": [
            {"id": "indicator", "name": "indicator", "field": "indicator"},
            *({"id": name, "name": name, "field": f"items.{name}"} for name in fields),
        ],
        "outputs": [{"id": f"to_{name}", "name": name, "field": name} for name in outputs],
        "rules": [{"_id": f"row-{number}", **_make_row(cell, rulebook, day)} for number, cell in enumerate(cells)],
    }


def _make_row(cell: Cell, rulebook: Rulebook, day: date) -> dict[str, str]:
    rule = rulebook.rules[cell.rule_no]
    points, amount = str(cell.points), "0"
    if cell.times is not None:
        points = f"{cell.points} * items.{cell.times}"
    elif cell.stated is not None:
        points = f"items.{cell.stated}"
    elif cell.curve is not None:
        amount = f"items.{cell.curve.field}"
        points = _write_curve(cell.curve, amount)
    row = {"indicator": f"'{cell.indicator}'"} | {each.field: _write_condition(each) for each in cell.conditions}
    return row | {
        "to_rule": f"'{rule.id}'",
        "to_dimension": f"'{rule.dimension}'",
        "to_points": points,
        "to_amount": amount,
        "to_from_end": "true" if cell.validity.from_end else "false",
        "to_alive_from": str(find_alive_from(cell.validity, day).toordinal()),
        "to_veto": str(-NEVER if rule.veto is None else rule.veto.severity),
        "to_adverse": "true" if rule.veto is not None or cell.points < 0 else "false",
    }


def _write_condition(condition: Condition) -> str:
    if isinstance(condition, Choice):
        return ", ".join(f"'{each}'" if isinstance(each, str) else str(each).lower() for each in condition.allowed)
    least = -NEVER if condition.least is None else condition.least
    return f"[{least}..{NEVER * 1000 if condition.most is None else condition.most}]"


def _write_curve(curve: Curve, amount: str) -> str:
    text = "0"
    for ramp in curve.ramps:
        reached = f"{ramp.reached} + floor(({amount} - {ramp.start}) / {ramp.per}) * {ramp.points}"
        text = f"({amount} >= {ramp.start} ? {reached} : {text})"
    return text


def _make_expressions(rulebook: Rulebook, day: date) -> dict[str, Any]:
    written = dict(_write_expressions(rulebook, day))
    expressions = [{"id": key, "key": key, "value": value} for key, value in written.items()]
    return {"passThrough": False, "inputField": None, "outputPath": None, "expressions": expressions}


def _write_expressions(rulebook: Rulebook, day: date) -> Iterator[tuple[str, str]]:
    today, last = day.toordinal(), day.year - 1
    begin = "(#.from_end ? #.end : #.day)"
    yield "alive", f"filter(records, #.rule != null and #.stands and #.day <= {today} and {begin} >= #.alive_from)"
    yield "veto", f"max(flatMap([[{-NEVER}], map($.alive, #.veto)], #))"
    until = f"(#.from_end ? min([{last}, max([#.year, #.end_year])]) : #.year)"
    marring = f"filter(records, #.adverse == true and not(#.waits) and #.year <= {last})"
    yield "marred", f"max(flatMap([[0], map({marring}, {until})], #))"
    bounded = {each for limit in rulebook.rule_limits for each in limit.rules}
    bounded |= {each for group in rulebook.exclusives for each in group.rules}
    bounded |= {rule.id for rule in rulebook.rules if isinstance(rule.pricing, Curve | Streak)}
    for rule in rulebook.rules:
        if rule.id in bounded:
            yield from _write_rule(rule, rulebook, day)
    yield from _write_dimensions(rulebook, bounded)
    sums = " + ".join(f"$.points_{each.code}" for each in rulebook.dimensions)
    yield "points", f"max([{rulebook.floor}, min([{rulebook.ceiling}, {rulebook.base} + {sums}])])"
    text = str(len(rulebook.levels) - 1)
    for level in reversed(rulebook.levels):
        text = text if level.at_least is None else f"($.points >= {level.at_least} ? {level.rank} : {text})"
    yield "rank", f"max([{text}, $.veto])"


def _name(rule: Rule) -> str:
    return "of_" + rule.id.replace("-", "_")


def _write_dimensions(rulebook: Rulebook, bounded: set[str]) -> Iterator[tuple[str, str]]:
    grouped = {each for group in rulebook.exclusives for each in group.rules}
    names = {rule.id: _name(rule) for rule in rulebook.rules}
    listed = ", ".join(f"'{each}'" for each in sorted(bounded))
    for dimension in rulebook.dimensions:
        mine = f"#.dimension == '{dimension.code}'"
        plus = [f"sum(map(filter($.alive, {mine} and #.points > 0 and #.rule not in [{listed}]), #.points))"]
        of_rules = [rule.id for rule in rulebook.rules if rule.dimension == dimension.code and rule.id in bounded]
        plus += [f"$.{names[each]}" for each in of_rules if each not in grouped]
        for group in rulebook.exclusives:
            if group.rules & set(of_rules):
                plus.append(f"max([{', '.join(f'$.{names[each]}' for each in sorted(group.rules))}])")
        minus = f"sum(map(filter($.alive, {mine} and #.points < 0), #.points))"
        yield f"points_{dimension.code}", f"($.veto > {-NEVER} ? 0 : {' + '.join(plus)}) + {minus}"


def _write_rule(rule: Rule, rulebook: Rulebook, day: date) -> Iterator[tuple[str, str]]:
    """Write what a bounded rule adds: its curve, and its limit; of a group's other rules the highest record."""
    if isinstance(rule.pricing, Streak):
        clean = f"{day.year - 1} - max([first - 1, $.marred])"
        yield _name(rule), f"max([0, min([{rule.pricing.most}, {clean}])]) * {rule.pricing.points}"
        return
    limit = next((each for each in rulebook.rule_limits if rule.id in each.rules), None)
    curve = rule.pricing if isinstance(rule.pricing, Curve) else None
    mine = f"filter($.alive, #.rule == '{rule.id}')"
    if curve is None and limit is None:
        yield _name(rule), f"max(flatMap([[0], map({mine}, #.points)], #))"
        return
    summed = "points" if curve is None else "amount"
    by_year = (curve is not None and curve.by_year) or (limit is not None and limit.by_year)
    added = []
    for year in list_years(rulebook, rule, day) if by_year else (None,):
        name = f"{_name(rule)}_{year or 'all'}"
        chosen = mine if year is None else f"filter($.alive, #.rule == '{rule.id}' and #.year == {year})"
        yield name, f"sum(map({chosen}, #.{summed}))"
        text = f"$.{name}" if curve is None else _write_curve(curve, f"$.{name}")
        added.append(text if limit is None else f"min([{limit.at_most}, {text}])")
    yield _name(rule), " + ".join(added)
