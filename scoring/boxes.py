"""Boxes in the space that the items of an indicator span: what two share, what one leaves of another, in words."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, combinations
from math import inf
from typing import TypeAlias

from scoring.pricing import Choice, Condition, Span

Box: TypeAlias = Mapping[str, Condition]


def box_of(conditions: tuple[Condition, ...]) -> Box:
    """Give the box that some conditions cover together; one that cannot be met allows nothing."""
    box: dict[str, Condition] = {}
    for condition in conditions:
        held = box.get(condition.field)
        both = condition if held is None else _meet(held, condition)
        box[condition.field] = both if both is not None else Choice(condition.field, frozenset())
    return box


def _meet(one: Condition, other: Condition) -> Condition | None:
    """Give what two conditions on one item share; None when nothing."""
    if isinstance(one, Choice) and isinstance(other, Choice):
        if one.allowed <= other.allowed:  # nothing new is made: there may be thousands of the same
            return one if one.allowed else None
        allowed = one.allowed & other.allowed
        return Choice(one.field, allowed) if allowed else None
    if isinstance(one, Span) and isinstance(other, Span):
        least = max((each for each in (one.least, other.least) if each is not None), default=None)
        most = min((each for each in (one.most, other.most) if each is not None), default=None)
        empty = least is not None and most is not None and least > most
        return None if empty else Span(one.field, least, most)
    return None


def intersect(one: Box, other: Box) -> Box | None:
    """Give the box that two boxes share; an item that a box does not name is free in it. None when empty."""
    shared = dict(one)
    for field, condition in other.items():
        both = _meet(shared[field], condition) if field in shared else condition
        if both is None or (isinstance(both, Choice) and not both.allowed):
            return None
        shared[field] = both
    return shared


def subtract(piece: Box, box: Box) -> Iterator[Box]:
    """Cut a box out of a piece of the space; the rest comes as pieces that do not overlap."""
    if intersect(piece, box) is None:
        yield piece
        return
    core = dict(piece)
    for field, condition in box.items():
        for outside in _outside(core[field], condition):
            yield {**core, field: outside}
        inside = _meet(core[field], condition)
        if inside is not None:
            core[field] = inside


def _outside(domain: Condition, condition: Condition) -> Iterator[Condition]:
    if isinstance(domain, Choice) and isinstance(condition, Choice):
        rest = domain.allowed - condition.allowed
        if rest:
            yield Choice(domain.field, rest)
    elif isinstance(domain, Span) and isinstance(condition, Span):
        if condition.least is not None and (domain.least is None or domain.least < condition.least):
            yield Span(domain.field, domain.least, condition.least - 1)
        if condition.most is not None and (domain.most is None or domain.most > condition.most):
            yield Span(domain.field, condition.most + 1, domain.most)


def describe_box(box: Box) -> str:
    """Say a box in words, such as `amount_fen = 1..500`."""
    words = []
    for condition in box.values():
        if isinstance(condition, Choice):
            words.append(f"{condition.field} = {' | '.join(sorted(map(str, condition.allowed)))}")
        else:
            least = "" if condition.least is None else condition.least
            most = "" if condition.most is None else condition.most
            words.append(f"{condition.field} = {least}..{most}")
    return ", ".join(words) or "every record"


def list_near(space: Box, boxes: Sequence[Box]) -> Iterator[tuple[int, int]]:
    """List the pairs of boxes that share something of the item that keeps most of them apart, each pair once.

    Boxes bind every item of the space. Pairs come one by one, and always in the same order: whoever has seen enough
    stops.
    """
    if not space:
        yield from combinations(range(len(boxes)), 2)
        return
    field = min(space, key=lambda name: _count_near(space[name], [box[name] for box in boxes]))
    conditions = [box[field] for box in boxes]
    if isinstance(space[field], Choice):
        yield from _list_near_choices(conditions)
        return
    bounds = list(map(_bounds, conditions))
    reaching: list[int] = []
    for at in sorted(range(len(boxes)), key=lambda at: bounds[at]):
        reaching = [other for other in reaching if bounds[other][1] >= bounds[at][0]]
        yield from ((min(at, other), max(at, other)) for other in reaching)
        reaching.append(at)


def _count_near(domain: Condition, conditions: Sequence[Condition]) -> int:
    """Count the pairs that share something of an item; a pair that shares several choices counts for each."""
    if isinstance(domain, Choice):
        counts = Counter(chain.from_iterable(map(_allowed, conditions)))
        return sum(count * (count - 1) // 2 for count in counts.values())
    bounds = list(map(_bounds, conditions))
    ends = sorted(most for _, most in bounds)
    return sum(at - bisect_left(ends, least) for at, (least, _) in enumerate(sorted(bounds)))


def _list_near_choices(conditions: Sequence[Condition]) -> Iterator[tuple[int, int]]:
    holders: dict[str | bool, list[int]] = {}
    for at, condition in enumerate(conditions):
        seen: set[int] = set()
        for value in sorted(_allowed(condition), key=str):
            held = holders.setdefault(value, [])
            for other in held:
                if other not in seen:
                    seen.add(other)
                    yield other, at
            held.append(at)


def _allowed(condition: Condition) -> Collection[str | bool]:
    return condition.allowed if isinstance(condition, Choice) else ()


def _bounds(condition: Condition) -> tuple[float, float]:
    least, most = (condition.least, condition.most) if isinstance(condition, Span) else (None, None)
    return -inf if least is None else least, inf if most is None else most
