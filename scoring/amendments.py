"""What differs between two editions of a rulebook: scale, levels, rules, groups and limits, figure by figure."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Generic, NamedTuple, Protocol, TypeVar

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


class WithFigures(Protocol):
    """A part of a document as text: its figures by name, and of what."""

    @property
    def figures(self) -> Mapping[tuple[str, str], str]:
        """Give the figures by `Figure.name` and `Figure.of`."""


PartOf = TypeVar("PartOf", bound=WithFigures)


class Difference(NamedTuple, Generic[PartOf]):
    """One part that differs, as the new edition shows it, or as the old one did where it was removed."""

    kind: AmendmentKind
    id: str
    shown: PartOf
    figures: tuple[Figure, ...]


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
        Amendment(part, each.kind, each.id, each.shown.name, each.shown.name_en, each.figures, _touches(part, each))
        for part in Part
        for each in list_differences(describe_part(part, old), describe_part(part, new))
    )


def _touches(part: Part, difference: Difference[Described]) -> bool:
    return part not in {Part.EDITION, Part.UNSCORED, Part.INDICATOR} and any(
        figure.name not in _WORDS for figure in difference.figures
    )


def list_differences(old: Mapping[str, PartOf], new: Mapping[str, PartOf]) -> Iterator[Difference[PartOf]]:
    """List the parts that differ, by their ids, in the order of the old edition, what is new last."""
    for key in dict.fromkeys([*old, *new]):
        was, now = old.get(key), new.get(key)
        shown = was if now is None else now
        before, after = (each.figures if each is not None else {} for each in (was, now))
        figures = tuple(
            Figure(*name, before.get(name), after.get(name))
            for name in dict.fromkeys([*before, *after])
            if before.get(name) != after.get(name)
        )
        if shown is not None and figures:
            kind = (
                AmendmentKind.ADDED if was is None else AmendmentKind.REMOVED if now is None else AmendmentKind.CHANGED
            )
            yield Difference(kind, key, shown, figures)
