"""The agreement that a person makes on taking part, in dated editions; an edition that was used is never changed."""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources


class NoAgreementError(LookupError):
    """No edition of the agreement was in force on a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One heading of the agreement, and what stands under it."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One edition, in force from a city day until the next. It says what PIPL Art. 17 wants said."""

    version: str
    effective_on: date
    language: str
    title: str
    sections: tuple[Section, ...]


def agreement_on(day: date) -> Agreement:
    """Give the edition in force on a day; NoAgreementError before the first."""
    in_force = [edition for edition in read_editions() if edition.effective_on <= day]
    if not in_force:
        raise NoAgreementError(f"no edition of the agreement was in force on {day}; add one to people/agreements")
    return in_force[-1]


@cache
def read_editions() -> tuple[Agreement, ...]:
    """Read all editions that ship with us, the earliest first."""
    folder = resources.files("backend.people") / "agreements"
    texts = [path.read_text("utf-8") for path in folder.iterdir() if path.name.endswith(".toml")]
    return tuple(sorted(map(_read_edition, texts), key=lambda edition: edition.effective_on))


def _read_edition(text: str) -> Agreement:
    document = tomllib.loads(text)
    sections = tuple(Section(heading=each["heading"], text=each["text"].strip()) for each in document.pop("sections"))
    return Agreement(**document, sections=sections)
