"""What differs between two editions of a rulebook: scale, levels, rules, groups and limits, figure by figure."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from scoring.rulebook import Rulebook
from scoring.rulebook_parts import Described, Part, describe_part


class AmendmentKind(StrEnum):
    """What became of a part."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Figure(NamedTuple):
    """One figure or text of a part before and after; None where it is not. `of` tells which of several it is.

    `name` is a code such as `points`, `validity`, `at_most`; `of` is in the words of the catalogue, such as 市级.
    """

    name: str
    of: str
    before: str | None
    after: str | None


class Amendment(NamedTuple):
    """One part that differs; the figures are those that do, or all where it was added or removed.

    `touches_scores` is false where only words, grounds or what a citizen may do about it differ.
    """

    part: Part
    kind: AmendmentKind
    id: str
    name: str
    name_en: str
    figures: tuple[Figure, ...]
    touches_scores: bool


# What these name changes nobody's points or level.
_WORDS = frozenset(
    {
        *("version", "effective_on", "title", "title_en", "basis", "note", "name", "name_en", "catalogue"),
        *("origin", "origin_note", "published", "action", "repairable_after_months", "reason"),
    }
)


def list_amendments(old: Rulebook, new: Rulebook) -> tuple[Amendment, ...]:
    """List what differs from an old to a new edition, in the order of `Part`, then of the documents.

    Names are those of the new edition, or of the old one for what was removed. Two equal documents give nothing.
    """
    return tuple(
        amendment for part in Part for amendment in _compare(part, describe_part(part, old), describe_part(part, new))
    )


def _compare(part: Part, old: Mapping[str, Described], new: Mapping[str, Described]) -> Iterator[Amendment]:
    for key in dict.fromkeys([*old, *new]):
        was, now = old.get(key), new.get(key)
        shown = now or was
        figures = _list_differences(was.figures if was else {}, now.figures if now else {})
        if shown is None or not figures:
            continue
        kind = AmendmentKind.ADDED if was is None else AmendmentKind.REMOVED if now is None else AmendmentKind.CHANGED
        touches = part not in {Part.EDITION, Part.UNSCORED, Part.INDICATOR} and any(
            figure.name not in _WORDS for figure in figures
        )
        yield Amendment(part, kind, key, shown.name, shown.name_en, figures, touches)


def _list_differences(old: Mapping[tuple[str, str], str], new: Mapping[tuple[str, str], str]) -> tuple[Figure, ...]:
    return tuple(
        Figure(*key, old.get(key), new.get(key)) for key in dict.fromkeys([*old, *new]) if old.get(key) != new.get(key)
    )
