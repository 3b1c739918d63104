"""Notices of a check: what bars no way, and should be meant. What is new with a draft is told first."""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from scoring.amendments import Amendment, AmendmentKind, list_amendments
from scoring.checking import find_notices
from scoring.pricing import ByTable, Curve
from scoring.rulebook import Grounds, Rule, Rulebook
from scoring.rulebook_parts import Part

LONGEST_QUOTED = 60


class _Origin(NamedTuple):
    """Where the figures of a part come from, as people read it."""

    origin: str
    note: str
    published: tuple[tuple[int, ...], ...]

    @property
    def says_nothing(self) -> bool:
        """Whether it stays true of any figure."""
        return self.origin == "own_choice" and not self.note and not any(self.published)


def list_notices(rulebook: Rulebook, former: Rulebook | None, named: Collection[str] = ()) -> list[str]:
    """List the notices of a draft that takes the place of `former`; `named` as in `find_notices`.

    Those that `former` has as well are told as one line, their number, after all others.
    """
    found = find_notices(rulebook, former, named)
    if former is None:
        return found
    known = set(find_notices(former, None, named))
    new = [*_find_stale_origins(former, rulebook), *(each for each in found if each not in known)]
    shared = len([each for each in found if each in known])
    return [*new, f"{shared} more that {former.version} has as well, whose place it takes"] if shared else new


def _find_stale_origins(former: Rulebook, rulebook: Rulebook) -> Iterator[str]:
    """Find parts with other figures of which people read the same origin as before."""
    before, after = _list_origins(former), _list_origins(rulebook)
    for each in list_amendments(former, rulebook):
        origin = after.get((each.part, each.id))
        if each.kind is not AmendmentKind.CHANGED or not each.touches_scores or origin is None or origin.says_nothing:
            continue
        if before.get((each.part, each.id)) == origin:
            yield (
                f"{each.id}: {_say_change(each)}, but people read of its origin what they did ({_quote(origin)});"
                " change `origin`, `origin_note` or `published` if that is no longer true"
            )


def _say_change(amendment: Amendment) -> str:
    names = dict.fromkeys(each.name for each in amendment.figures)
    first = amendment.figures[0]
    if len(amendment.figures) == 1:
        return f"{first.name} is {first.after or 'left out'}, and was {first.before or 'left out'}"
    return f"{', '.join(names)} changed"


def _quote(origin: _Origin) -> str:
    note = origin.note if len(origin.note) <= LONGEST_QUOTED else origin.note[: LONGEST_QUOTED - 1] + "…"
    return f"{origin.origin}, {note}" if note else origin.origin


def _list_origins(book: Rulebook) -> Mapping[tuple[Part, str], _Origin]:
    origins = {(Part.RULE, each.id): _read_origin(each.grounds, *_list_published(each)) for each in book.rules}
    origins |= {(Part.EXCLUSIVE, each.id): _read_origin(each.grounds) for each in book.exclusives}
    origins |= {(Part.LIMIT, each.id): _read_origin(each.grounds) for each in book.limits}
    if book.repeats is not None:
        origins[Part.REPEATS, "repeats"] = _read_origin(book.repeats.grounds)
    return origins


def _read_origin(grounds: Grounds, *published: tuple[int, ...]) -> _Origin:
    return _Origin(grounds.origin, grounds.origin_note, published)


def _list_published(rule: Rule) -> Iterator[tuple[int, ...]]:
    yield rule.published
    match rule.pricing:
        case ByTable(rows=rows):
            yield from (each.published for each in rows)
        case Curve(segments=segments, stairs=stairs):
            yield from (each.published for each in segments)
            yield from (each.published for each in stairs)
