"""A treaty between two cities from its TOML document, or a refusal that lists every fault."""

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import TypeVar

from scenarios.catalogue import ScenarioCatalogue
from scenarios.checking import CODE_LETTERS
from scenarios.entry_document import read_wording
from scenarios.treaty import FlagKind, OnSuspension, Scope, Treaty, TreatyPurpose, treaty_id
from scenarios.treaty_cases import find_case_faults, read_cases
from scenarios.treaty_checking import find_treaty_defects
from scenarios.treaty_parts import read_duties, read_maps, read_parties, read_rights
from scoring.documents import DocumentError, Table, parse

LONGEST_LIFE_HOURS = 30 * 24
TWO = 2

Word = TypeVar("Word", bound=StrEnum)


def read_treaty(text: str, name: str, catalogues: Mapping[str, ScenarioCatalogue] | None = None) -> Treaty:
    """Read a treaty and run its cases; DocumentError names every fault.

    `catalogues` are the scenarios of its cities, by city; one that is left out is believed what the treaty says. The
    digest is that of the text's bytes in UTF-8, so that one changed byte is another document.
    """
    values = parse(text, name)
    return build_treaty(values, name, digest=sha256(text.encode()).hexdigest(), catalogues=catalogues or {})


def read_treaty_cities(text: str, name: str) -> tuple[str, ...]:
    """Read between which cities a document says it is, none when it does not; DocumentError when it is not TOML."""
    return Table(parse(text, name), name, []).table("treaty").texts("cities")


def read_treaty_start(text: str, name: str) -> date | None:
    """Read on which day a document says it starts, None when it does not; DocumentError when it is not TOML."""
    return Table(parse(text, name), name, []).table("treaty").optional_day("starts_on")


def build_treaty(
    values: Mapping[str, object], name: str, *, digest: str, catalogues: Mapping[str, ScenarioCatalogue]
) -> Treaty:
    """Build a treaty from parsed values and run its cases; DocumentError names every fault."""
    faults: list[str] = []
    document = Table(values, name, faults)
    table = document.table("treaty")
    cities = _read_cities(table)
    treaty = Treaty(
        id=treaty_id(*cities),
        version=table.text("version"),
        title=read_wording(table, "title"),
        cities=cities,
        starts_on=table.day("starts_on"),
        ends_on=table.day("ends_on"),
        scopes=_read_words(table, "scopes", Scope),
        flags=_read_words(table, "flags", FlagKind) if table.has("flags") else frozenset(),
        purposes=_read_words(table, "purposes", TreatyPurpose),
        data_life=timedelta(hours=_read_life(table)),
        questions_person_day=_read_frequency(table, "questions_person_day"),
        questions_day=_read_frequency(table, "questions_day") if table.has("questions_day") else None,
        on_suspension=OnSuspension(table.one_of("on_suspension", tuple(OnSuspension))),
        parties=read_parties(document),
        rights=read_rights(document),
        maps=read_maps(document),
        duties=read_duties(document),
        basis=table.text("basis"),
        note=table.text("note"),
        digest=digest,
    )
    cases = read_cases(document)
    for each in (table, document):
        each.finish()
    if not faults:
        faults.extend(find_treaty_defects(treaty, catalogues))
    if not faults:
        faults.extend(fault for case in cases for fault in find_case_faults(case, treaty))
    if faults:
        raise DocumentError(name, faults)
    return treaty


def _read_cities(table: Table) -> tuple[str, str]:
    cities = table.texts("cities")
    if len(cities) != TWO or cities != tuple(sorted(set(cities))):
        table.fault("cities", "are not two different cities; give the codes of two, in the order of the alphabet")
        return "", ""
    for city in cities:
        if not CODE_LETTERS.issuperset(city):
            table.fault("cities", f"{city!r} is not a code; use small letters, digits and underscores")
    return cities[0], cities[1]


def _read_words(table: Table, key: str, allowed: type[Word]) -> frozenset[Word]:
    given = table.texts(key)
    known = {str(word): word for word in allowed}
    if not given:
        table.fault(key, f"is missing or empty; name one or more of {', '.join(known)}")
    if len(set(given)) != len(given):
        table.fault(key, "names one twice")
    for word in given:
        if word not in known:
            table.fault(key, f"{word!r} is not one of {', '.join(known)}")
    return frozenset(known[word] for word in given if word in known)


def _read_life(table: Table) -> int:
    hours = table.integer("data_life_hours")
    if table.has("data_life_hours") and not 1 <= hours <= LONGEST_LIFE_HOURS:
        table.fault(
            "data_life_hours", f"{hours} is not from 1 to {LONGEST_LIFE_HOURS}; an answer is kept 30 days at most"
        )
    return max(0, min(hours, LONGEST_LIFE_HOURS))


def _read_frequency(table: Table, key: str) -> int:
    times = table.integer(key)
    if table.has(key) and times < 1:
        table.fault(key, f"{times} lets nobody ask; give 1 or more")
    return times
