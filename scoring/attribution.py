"""What a new edition of the rulebook does to one person: which change of the rules moves the score from where to where.

The parts that differ are put in force one after the other, rules first, then repeats, groups, limits, the scale and the
levels, and the score is computed after each. So what they do adds up to the whole by construction, and what a limit, a
group or the freeze of a veto takes back is counted where it was caused. Of two changes that work together the second
gets what they do together; no order would part that more justly.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import NamedTuple, TypeAlias, TypeVar

from scoring.amendments import AmendmentKind
from scoring.bounds_document import by_scope
from scoring.evaluation import evaluate
from scoring.pricing import Streak
from scoring.records import Record
from scoring.rulebook import Exclusive, Level, Limit, Rule, Rulebook, Veto
from scoring.rulebook_parts import Part
from scoring.statement import Score

# Names one part of a rulebook: a rule, group or limit by its id, a level by its code, the rest by their kind.
PartKey: TypeAlias = tuple[Part, str]
SCALE: PartKey = Part.SCALE, "scale"
REPEATS: PartKey = Part.REPEATS, "repeats"


class Share(NamedTuple):
    """What one changed part does to a score: the same records on the same day, before and after it."""

    part: Part
    id: str
    kind: AmendmentKind
    before: Score
    after: Score

    @property
    def points(self) -> int:
        """Give the points that it adds or takes."""
        return self.after.points - self.before.points


class Transition(NamedTuple):
    """One day's score by the rules of before and by the new ones; the shares lead from the one to the other."""

    before: Score
    after: Score
    shares: tuple[Share, ...]


def compare_editions(
    records: Iterable[Record],
    old: Rulebook,
    new: Rulebook,
    *,
    as_of: date,
    known_at: datetime,
    since: date | None = None,
) -> Transition:
    """Compute the score of a day by two editions, and attribute the difference to the parts that differ.

    The points of the shares sum to the difference of the two scores. A part that changes nothing for this person has no
    share. The parameters are those of `evaluate`.
    """
    held = list(records)
    score = partial(evaluate, held, as_of=as_of, known_at=known_at, since=since)
    first, last = score(old), score(new)
    shares: list[Share] = []
    before = first
    for (part, part_id), book in _list_stages({record.indicator for record in held}, old, new):
        after = last if book is new else score(book)
        if _see(before) != _see(after):
            named = _name_level(old, new, before, after) if part is Part.LEVEL else part_id
            shares.append(Share(part, named, _find_kind(part, named, old, new), before, after))
        before = after
    return Transition(first, last, tuple(shares))


def _list_stages(indicators: set[str], old: Rulebook, new: Rulebook) -> Iterator[tuple[PartKey, Rulebook]]:
    """Give the parts that may reach somebody with such records, each with the rulebook in which it holds too.

    The last of them is the new rulebook itself. The levels are the last stage together: a scale with some of the new
    levels is none.
    """
    rules = {rule.id for book in (old, new) for rule in book.rules if _reaches(rule, indicators)}
    parts = [key for key in list_changed_parts(old, new) if _is_about(key, rules, old, new)]
    taken: set[PartKey] = set()
    for number, key in enumerate(parts, start=1):
        taken.add(key)
        yield key, new if number == len(parts) else mix_editions(old, new, taken, indicators)


def list_changed_parts(old: Rulebook, new: Rulebook) -> tuple[PartKey, ...]:
    """List the parts of which scores are made that differ in whatever; all levels are one. Equal rulebooks give none.

    A rule does not differ by the edge of a level that it names, nor a limit on a dimension by what belongs to that.
    Limits and groups that apply in another order differ as the first whose place is another.
    """
    changed = [
        *_find_changed(Part.RULE, *({rule.id: _strip(rule) for rule in book.rules} for book in (old, new))),
        *([REPEATS] if old.repeats != new.repeats else []),
        *_find_changed(Part.EXCLUSIVE, *({group.id: group for group in book.exclusives} for book in (old, new))),
        *_find_changed(Part.LIMIT, *({limit.id: _narrow(limit) for limit in book.limits} for book in (old, new))),
        *_find_moved(old, new),
        *([SCALE] if (old.base, old.floor, old.ceiling) != (new.base, new.floor, new.ceiling) else []),
        *([(Part.LEVEL, "")] if old.levels != new.levels else []),
    ]
    return tuple(dict.fromkeys(changed))


def _find_changed(part: Part, old: Mapping[str, object], new: Mapping[str, object]) -> list[PartKey]:
    return [(part, part_id) for part_id in dict.fromkeys([*new, *old]) if old.get(part_id) != new.get(part_id)]


def _find_moved(old: Rulebook, new: Rulebook) -> list[PartKey]:
    """Give the first limit or group that applies after another than before; one with another step is left out."""
    was, now = _list_steps(old), _list_steps(new)
    order = [key for key, step in was.items() if now.get(key) == step]
    return [key for key, other in zip((key for key in now if key in order), order, strict=False) if key != other][:1]


def _list_steps(book: Rulebook) -> dict[PartKey, int]:
    """Give the step at which each bound applies, in order: yearly limits, others, groups, then those of dimensions."""
    groups = {(Part.EXCLUSIVE, group.id): 2 for group in book.exclusives}
    return {
        **{(Part.LIMIT, limit.id): 0 if limit.by_year else 1 for limit in book.rule_limits},
        **groups,
        **{(Part.LIMIT, limit.id): 3 if limit.by_year else 4 for limit in book.dimension_limits},
    }


def _strip(rule: Rule) -> tuple[Rule, str | None]:
    """Give a rule with the level that its veto leaves by code alone."""
    cap = rule.veto and rule.veto.level_at_most
    return (replace(rule, veto=Veto(None)), cap.code) if cap else (rule, None)


def _narrow(limit: Limit) -> Limit:
    return limit._replace(rules=frozenset()) if limit.dimension else limit


def _reaches(rule: Rule, indicators: set[str]) -> bool:
    return isinstance(rule.pricing, Streak) or rule.indicator in indicators


def _is_about(key: PartKey, rules: set[str], old: Rulebook, new: Rulebook) -> bool:
    """Tell whether a part may do something to somebody whom only some rules reach."""
    part, part_id = key
    if part is Part.RULE:
        return part_id in rules
    if part not in {Part.EXCLUSIVE, Part.LIMIT}:
        return True
    for book in (old, new):
        bounds: tuple[Exclusive | Limit, ...] = (*book.exclusives, *book.limits)
        if any(bound.id == part_id and not rules.isdisjoint(bound.rules) for bound in bounds):
            return True
    return False


_Identified = TypeVar("_Identified", Rule, Exclusive, Limit)


def mix_editions(
    old: Rulebook, new: Rulebook, taken: Collection[PartKey], indicators: set[str] | None = None
) -> Rulebook:
    """Make the rulebook that `old` would be with some parts of `new`, the levels left as they were.

    For computing with and nothing else: its words and documents are those of `old`. With `indicators` it has the rules
    of these alone. It is never checked; evaluating it cannot fail.
    """
    moved = _find_moved(old, new)

    def choose(part: Part, olds: Sequence[_Identified], news: Sequence[_Identified]) -> Iterator[_Identified]:
        was, now = {each.id: each for each in olds}, {each.id: each for each in news}
        first, second = (was, now) if moved and moved[0] not in taken else (now, was)
        for part_id in _merge(tuple(first), tuple(second)):
            found = (now if (part, part_id) in taken else was).get(part_id)
            if found is not None:
                yield found

    levels = {level.code: level for level in old.levels}
    chosen = choose(Part.RULE, old.rules, new.rules)
    rules = [_cap(rule, levels) for rule in chosen if indicators is None or _reaches(rule, indicators)]
    limits = [_widen(limit, rules) for limit in choose(Part.LIMIT, old.limits, new.limits)]
    limits.sort(key=by_scope)
    scale = new if SCALE in taken else old
    codes = dict.fromkeys(rule.indicator for rule in rules if rule.indicator)
    return replace(
        old,
        base=scale.base,
        floor=scale.floor,
        ceiling=scale.ceiling,
        dimensions=tuple({each.code: each for each in (*new.dimensions, *old.dimensions)}.values()),
        rules=tuple(rules),
        exclusives=tuple(choose(Part.EXCLUSIVE, old.exclusives, new.exclusives)),
        rule_limits=tuple(limit for limit in limits if not limit.dimension),
        dimension_limits=tuple(limit for limit in limits if limit.dimension),
        repeats=new.repeats if REPEATS in taken else old.repeats,
        rules_by_indicator={code: tuple(rule for rule in rules if rule.indicator == code) for code in codes},
        streaks=tuple(rule for rule in rules if isinstance(rule.pricing, Streak)),
        digest=f"{old.digest}+{new.digest}",
    )


def _cap(rule: Rule, levels: Mapping[str, Level]) -> Rule:
    """Let a veto leave the level that had its code before."""
    cap = rule.veto and rule.veto.level_at_most
    return replace(rule, veto=Veto(levels.get(cap.code, cap))) if cap else rule


def _widen(limit: Limit, rules: list[Rule]) -> Limit:
    """Let a limit on a dimension bind the rules that it has now."""
    if not limit.dimension:
        return limit
    return limit._replace(rules=frozenset(rule.id for rule in rules if rule.dimension == limit.dimension))


def _merge(first: tuple[str, ...], second: tuple[str, ...]) -> list[str]:
    """Put into one sequence what only `second` has, each behind what it stands behind there."""
    merged, at = list(first), 0
    for part_id in second:
        if part_id in first:
            at = merged.index(part_id) + 1
        else:
            merged.insert(at, part_id)
            at += 1
    return merged


def _name_level(old: Rulebook, new: Rulebook, before: Score, after: Score) -> str:
    """Of the levels that differ name the one that a person comes to, or else leaves."""
    was, now = ({level.code: level for level in book.levels} for book in (old, new))
    code = after.level.code
    return code if was.get(code) != now.get(code) else before.level.code


def _find_kind(part: Part, part_id: str, old: Rulebook, new: Rulebook) -> AmendmentKind:
    was, now = (part_id in _list_ids(part, book) for book in (old, new))
    if was and now:
        return AmendmentKind.CHANGED
    return AmendmentKind.REMOVED if was else AmendmentKind.ADDED


def _list_ids(part: Part, book: Rulebook) -> set[str]:
    match part:
        case Part.RULE:
            return {rule.id for rule in book.rules}
        case Part.EXCLUSIVE:
            return {group.id for group in book.exclusives}
        case Part.LIMIT:
            return {limit.id for limit in book.limits}
        case Part.LEVEL:
            return {level.code for level in book.levels}
        case Part.REPEATS:
            return set() if book.repeats is None else {REPEATS[1]}
        case _:
            return {SCALE[1]}


def _see(score: Score) -> tuple[int, str, bool, dict[str, int]]:
    """Give what a person sees of a score: points, level, whether incentives rest, and the points by dimension."""
    dimensions = {code: points for code, points in score.dimensions.items() if points}
    return score.points, score.level.code, score.incentives_suspended, dimensions
