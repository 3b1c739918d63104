"""What the records of an invented city say: the contents of a catalogue, and of indicators beyond it."""

import json
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import accumulate, groupby, pairwise, product
from math import log2
from operator import attrgetter
from random import Random
from typing import NamedTuple

import pyarrow as pa

from backend.demo.invented_shares import (
    FROZEN_POINTS,
    INVENTED_VALUES,
    LARGEST_VALUE,
    MOST_VALUES,
    ROUND_FROM,
    ROUND_TO,
    USUAL_POINTS,
)
from backend.people.identity_numbers import SubjectKind
from scoring.catalogue import Indicator, Item, Nature
from scoring.records import Value
from scoring.rulebook import Rulebook


class Sort(StrEnum):
    """What a record is drawn as."""

    COUNTED = "counted"
    UNCOUNTED = "uncounted"
    ADVERSE = "adverse"
    VETO = "veto"


# Places on the wheel of each sort: who lands on one has its content.
PLACES = {Sort.COUNTED: 1 << 18, Sort.UNCOUNTED: 1 << 18, Sort.ADVERSE: 1 << 16, Sort.VETO: 1 << 10}


class InventedContent(NamedTuple):
    """What a record may say, how often that is said among its sort, and whether the act may last."""

    indicator: str
    items: str
    sort: Sort
    weight: float
    is_lasting: bool


class IndicatorsError(ValueError):
    """A city cannot have so few indicators; the message says how many it has at least."""


def list_contents(rulebook: Rulebook, *, indicators: int, seed: int) -> list[InventedContent]:
    """List the contents of a city that names so many indicators: those of its catalogue about persons, then others.

    Those of one indicator stand together. Raises IndicatorsError where the catalogue has more than that.
    """
    about_people = [
        each for each in rulebook.catalogue.indicators.values() if SubjectKind.NATURAL_PERSON in each.subjects
    ]
    if indicators < len(about_people):
        raise IndicatorsError(f"the catalogue has {len(about_people)} indicators about persons; give as many or more")
    random = Random(f"contents {seed}")  # noqa: S311 - chance for stories, not for secrets
    listed = [content for each in about_people for content in _list_of_indicator(each, rulebook)]
    for number in range(1, indicators - len(about_people) + 1):
        listed.extend(_invent_indicator(number, random.randint(*INVENTED_VALUES)))
    return listed


def _list_of_indicator(indicator: Indicator, rulebook: Rulebook) -> Iterator[InventedContent]:
    names = list(indicator.items)
    values = [_list_values(item) for item in indicator.items.values()]
    found = [dict(zip(names, each, strict=True)) for each in product(*values)]
    weighed = [_weigh(indicator, items, rulebook) for items in found]
    damped = [1 / (1 + (points / USUAL_POINTS) ** 2) for _, points in weighed]
    often = (1 + log2(len(found))) * max(damped) / sum(damped)  # what can be said in many ways is said often
    for items, (sort, _), share in zip(found, weighed, damped, strict=True):
        yield InventedContent(indicator.code, write_items(items), sort, often * share, indicator.continuing)


def _list_values(item: Item) -> Sequence[Value]:
    if item.type == "choice":
        return list(item.choices)
    if item.type == "flag":
        return [False, True]
    lowest = max(1, item.at_least or 0)
    highest = LARGEST_VALUE if item.at_most is None else max(lowest, min(item.at_most, LARGEST_VALUE))
    # Amounts of all sizes, small ones closer together.
    drawn = (int(lowest * (highest / lowest) ** ((place / MOST_VALUES) ** 2)) for place in range(MOST_VALUES + 1))
    return sorted({value // ROUND_TO * ROUND_TO if value >= ROUND_FROM else value for value in drawn})


def _weigh(indicator: Indicator, items: dict[str, Value], rulebook: Rulebook) -> tuple[Sort, int]:
    """Tell as what a content is drawn, and its points alone."""
    if indicator.code not in rulebook.rules_by_indicator:
        return Sort.UNCOUNTED, 0
    found = rulebook.match(indicator.code, items)
    if found is not None and found[0].veto is not None:
        return Sort.VETO, FROZEN_POINTS
    points = 0 if found is None else found[1]
    is_adverse = points < 0 or indicator.nature is Nature.ADVERSE
    return Sort.ADVERSE if is_adverse else Sort.COUNTED, abs(points)


def _invent_indicator(number: int, values: int) -> Iterator[InventedContent]:
    """Invent an indicator that no rulebook counts: a name, and one item."""
    code = f"INVENTED-{number:04}"
    for value in range(1, values + 1):
        weight = 1 / (9 + number) / value
        yield InventedContent(code, write_items({"figure": value}), Sort.UNCOUNTED, weight, is_lasting=False)


def write_items(items: dict[str, Value]) -> str:
    """Write the items of a record as the files of a city hold them."""
    return json.dumps(items, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class Wheel(NamedTuple):
    """The contents with their places on the wheel of their sort, and of each sort where it begins and how many it has.

    Columns: content_no, indicator, items, first_no and siblings (the contents of the same indicator), is_lasting,
    begin and places. A sort without contents has no places.
    """

    contents: pa.Table
    bounds: dict[Sort, tuple[int, int]]


def make_wheel(contents: Sequence[InventedContent]) -> Wheel:
    """Share the places of each sort out among its contents, one to each at least."""
    families = _find_families(contents)
    shares, begins = [0] * len(contents), [0] * len(contents)
    bounds, begin = {}, 0
    for sort in Sort:
        mine = [number for number, content in enumerate(contents) if content.sort is sort]
        first = begin
        for number, share in zip(mine, _share_out(PLACES[sort], [contents[each].weight for each in mine]), strict=True):
            shares[number], begins[number] = share, begin
            begin += share
        bounds[sort] = first, begin - first
    table = pa.table(
        {
            "content_no": pa.array(range(len(contents)), pa.int32()),
            "indicator": [each.indicator for each in contents],
            "items": [each.items for each in contents],
            "first_no": [families[each.indicator][0] for each in contents],
            "siblings": [families[each.indicator][1] for each in contents],
            "is_lasting": [each.is_lasting for each in contents],
            "begin": begins,
            "places": shares,
        }
    )
    return Wheel(table, bounds)


def _find_families(contents: Iterable[InventedContent]) -> dict[str, tuple[int, int]]:
    found, first = {}, 0
    for indicator, family in groupby(contents, key=attrgetter("indicator")):
        size = sum(1 for _ in family)
        found[indicator] = first, size
        first += size
    return found


def _share_out(places: int, weights: list[float]) -> list[int]:
    """Share places out by weight, one to each at least."""
    if not weights:
        return []
    free, total = max(0, places - len(weights)), sum(weights)
    reached = [0, *(round(each * free / total) for each in accumulate(weights))]
    return [1 + upper - lower for lower, upper in pairwise(reached)]
