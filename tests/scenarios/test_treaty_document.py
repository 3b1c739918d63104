"""A treaty with a planted fault is refused, and the sentence names the place and what would be right."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.catalogue import Condition
from scenarios.treaty import OnSuspension, Treaty
from scenarios.treaty_document import build_treaty, read_treaty, read_treaty_cities, read_treaty_start
from scoring.documents import DocumentError
from tests.scenarios.small_offers import OFFERS
from tests.scenarios.small_treaty import CATALOGUES, TEXT, TREATY, parse_treaty

GONE = object()


def build(document: dict[str, Any]) -> Treaty:
    return build_treaty(document, "spoilt", digest="", catalogues=CATALOGUES)


def change(document: dict[str, Any], place: str, value: object) -> None:
    """Set what stands at a place such as `parties.0.levels.1.tier`; GONE takes it away."""
    *path, last = place.split(".")
    table: Any = document
    for step in path:
        table = table[int(step)] if isinstance(table, list) else table[step]
    key: Any = int(last) if isinstance(table, list) else last
    if value is GONE:
        del table[key]
    else:
        table[key] = value


def plant(*changes: tuple[str, object]) -> tuple[str, ...]:
    document = parse_treaty()
    for place, value in changes:
        change(document, place, value)
    with pytest.raises(DocumentError) as caught:
        build(document)
    return caught.value.faults


BIG, SMALL, FIRST, CASE = "parties.0", "parties.1", "rights.0", "cases.0"
LIST = {"code": "heroes", "title": {"zh": "英雄", "en": "Heroes"}}


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        # the head
        ("treaty.cities", ["bigtown", "bigtown"], "are not two different cities"),
        ("treaty.cities", ["smallville", "bigtown"], "in the order of the alphabet"),
        (f"{BIG}.levels.0.code", "x'", "is not a code; use up to 60 of A to Z"),
        ("treaty.cities", ["bigtown"], "are not two different cities"),
        ("treaty.cities", ["big-town", "smallville"], "'big-town' is not a code"),
        ("treaty.cities", ["bigtown", "town"], "parties: are bigtown, smallville; give exactly the two"),
        ("treaty.title", GONE, "treaty.title.zh: is missing"),
        ("treaty.basis", GONE, "treaty.basis: is missing"),
        ("treaty.note", "", "treaty.note: is empty"),
        ("treaty.version", GONE, "treaty.version: is missing"),
        ("treaty.ends_on", date(2026, 1, 1), "2026-01-01 is no day after its start"),
        ("treaty.ends_on", date(2031, 1, 2), "more than five years after its start"),
        ("treaty.starts_on", "2026-01-01", "is not a day such as"),
        ("treaty.scopes", [], "scopes: is missing or empty; name one or more of entitlement, level"),
        ("treaty.scopes", ["level", "level"], "scopes: names one twice"),
        ("treaty.scopes", ["income"], "'income' is not one of entitlement, level, score, record_flags"),
        ("treaty.flags", GONE, "treaty.flags: go with the scope record_flags"),
        ("treaty.flags", ["arrest"], "'arrest' is not one of red_list, veto"),
        ("treaty.purposes", ["marketing"], "'marketing' is not one of benefit, own_view"),
        ("treaty.data_life_hours", 0, "0 is not from 1 to 720"),
        ("treaty.data_life_hours", 721, "721 is not from 1 to 720"),
        ("treaty.questions_person_day", 0, "0 lets nobody ask"),
        ("treaty.questions_day", 2, "2 lies below what one person may be asked about, 3"),
        ("treaty.on_suspension", "freeze", "'freeze' is not one of finish, end"),
        ("treaty.secret", 1, "treaty.secret: is not a key of this table"),
        # parties
        ("parties", [], "parties: are (none); give exactly the two cities of the treaty, bigtown, smallville"),
        (f"{BIG}.city", "smallville", "smallville stands twice"),
        (f"{BIG}.authority", GONE, "parties[bigtown].authority.zh: is missing"),
        (f"{BIG}.contact.en", "", "parties[bigtown].contact.en: is empty"),
        (f"{BIG}.region", "3201", "'3201' is not a code of GB/T 2260"),
        (f"{BIG}.region", "410100", "share a region"),
        (f"{SMALL}.region", "410200", "410200 is not that of the city's catalogue, 410100"),
        (f"{BIG}.scale.ceiling", 0, "0 does not lie above the floor"),
        (f"{BIG}.scale", GONE, "begin at points, and the city has no scale"),
        (f"{BIG}.levels.1.code", "gold", "names one twice"),
        (f"{BIG}.levels.1.tier", "T6", "'T6' is not one of T5, T4, T3, T2, T1"),
        (f"{BIG}.levels.0.tier", "T2", "rise in tier"),
        (f"{BIG}.levels.1.at_least", GONE, "give each its at_least"),
        (f"{BIG}.levels.1.at_least", 800, "each at_least below the one before"),
        (f"{BIG}.levels.2.at_least", 1, "do not cover the scale; the last begins at 0"),
        (f"{BIG}.levels.0.at_least", 1001, "do not cover the scale"),
        (f"{BIG}.levels.0.title.en", GONE, "levels[gold].title.en: is missing"),
        (f"{BIG}.lists.0.tier", "T4", "gives heroes a tier, and the city has levels"),
        (f"{BIG}.lists", [LIST, LIST], "heroes stands twice"),
        (f"{SMALL}.levels.0.code", "best", "are not those of the city's catalogue; it has top, high, fair, low"),
        (f"{SMALL}.lists", [LIST], "is no list of the city's catalogue; it has volunteers, defaulters"),
        (f"{SMALL}.lists", [LIST | {"code": "defaulters"}], "keeps people from benefits at home"),
        # duties
        ("duties", GONE, "duties: is missing; say what both cities owe: purpose_limit, deletion, no_passing_on"),
        ("duties.liability", GONE, "duties.liability.zh: is missing"),
        ("duties.audit.en", "", "duties.audit.en: is empty"),
        ("duties.breach_notice_hours", GONE, "duties.breach_notice_hours: is missing"),
        ("duties.breach_notice_hours", 73, "73 is not from 1 to 72"),
        ("duties.deletion_hours", 0, "0 is not from 1 to 168"),
        ("duties.deletion_hours", 4, "does not name the term of 4 hours in both languages"),
        ("duties.breach_notice.en", "Told in 120 hours", "does not name the term of 12 hours in both languages"),
        ("duties.lunch", "x", "duties.lunch: is not a key of this table"),
        # rights
        (f"{FIRST}.host", "town", "is not between the two cities, bigtown, smallville"),
        (f"{FIRST}.home", "smallville", "is not between the two cities"),
        (f"{FIRST}.scenario", "gift", "rights[gift].scenario: is none of smallville; there are deposit, first"),
        (f"{FIRST}.scenario", "first", "asks in smallville for an age"),
        (f"{FIRST}.from_level", GONE, "or on_list, one of the two"),
        (f"{FIRST}.on_list", "heroes", "or on_list, one of the two"),
        (f"{FIRST}.from_level", "platinum", "'platinum' is no level of bigtown; there are gold, silver"),
        (f"{FIRST}.from_level", "plain", "plain is T2, of which nothing is told; give one of gold, silver"),
        ("rights.1.on_list", "friends", "'friends' is no list of bigtown in this treaty; there are heroes"),
        ("rights", [], "rights: go with the scope entitlement"),
        ("treaty.scopes", ["level", "score", "record_flags"], "rights: go with the scope entitlement"),
        # maps
        ("maps.0.points", 7, "is not a list of at least two pairs"),
        ("maps.0.points", [[0, 0], [1000, True]], "is not a list of at least two pairs"),
        ("maps.0.points.1", [0, 100], "do not ascend at home"),
        ("maps.0.points.2", [800, 99], "fall at the host"),
        ("maps.0.points.3", [999, 200], "cover the whole scale of bigtown, 0 to 1000"),
        ("maps.0.points.3", [1000, 201], "read there from 0 to 201; smallville goes from 0 to 200"),
        ("maps.0.points.1", [599, 100], "599 (T2) reads as 100 in smallville, which is a better tier"),
        ("maps.0.points.1", [600, 101], "600, where T3 begins, reads as 101 in smallville, where it begins at 100"),
        ("maps.0.points.2", [800, 119], "800, where T5 begins, reads as 119 in smallville, where it begins at 120"),
        ("maps.1", GONE, "there is none from smallville to bigtown; the scope score needs both directions"),
        ("maps.1.home", "bigtown", "maps go from one of the two cities to the other"),
        ("treaty.scopes", ["entitlement", "level", "record_flags"], "maps go from one of the two cities"),
        # cases
        ("cases", [], "is missing or empty; a treaty shows in cases what is told"),
        (f"{CASE}.home", "smallville", "smallville to smallville is not between the two cities"),
        (f"{CASE}.told", GONE, "say what the host is told"),
        (f"{CASE}.told.entitlement", ["deposit"], "told.entitlement: the treaty tells deposit, price, and the case"),
        (f"{CASE}.told.level", GONE, "told.level: the treaty tells T5, and the case says nothing"),
        (f"{CASE}.told.equivalent", 161, "told.equivalent: the treaty tells 160, and the case says 161"),
        (
            f"{CASE}.told.flags",
            ["veto", "red_list"],
            "told.flags: the treaty tells veto, and the case says red_list, v",
        ),
        (f"{CASE}.flags", ["arrest"], "arrest is not one of red_list, veto"),
        (f"{CASE}.person.level", "platinum", "'platinum' is no level of bigtown"),
        (f"{CASE}.person.points", 1001, "1001 lie on no scale of bigtown"),
        (f"{CASE}.person.lists", ["friends"], "'friends' is no list of bigtown"),
        (f"{CASE}.person.born_on", date(1990, 1, 1), "is not a key of this table"),
        ("signature", "x", "signature: is not a key of this table"),
    ],
)
def test_a_planted_fault_is_refused(place: str, value: object, words: str) -> None:
    faults = plant((place, value))
    assert [fault for fault in faults if words in fault], faults


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([("rights.1", {"host": "smallville", "scenario": "deposit", "home": "bigtown", "from_level": "silver"})],
         "rights[deposit]: stands 2 times in smallville for bigtown"),
        ([("maps.1", {"home": "bigtown", "host": "smallville", "points": [[0, 0], [1000, 200]]})],
         "maps[bigtown]: stands twice for smallville"),
        ([("treaty.starts_on", date(2024, 1, 1)), ("treaty.ends_on", date(2026, 1, 1))],
         "is never open in smallville while the treaty is in force"),
        ([(f"{BIG}.levels", [])], "of a city with a scale say from how many points"),
        ([(f"{BIG}.scale.ceiling", 1), (f"{BIG}.levels.1", GONE), (f"{BIG}.levels.0.at_least", 1)],
         "parties[bigtown].scale: from 0 to 1 is yes or no, and no score"),
        ([(f"{BIG}.scale", GONE), (f"{BIG}.levels", []), (f"{BIG}.lists", [])], "nobody from there could be told of"),
        ([(f"{BIG}.scale", GONE), (f"{BIG}.levels", [])], "gives heroes no tier, and the city has no levels"),
        ([(f"{BIG}.scale", GONE), (f"{BIG}.levels", []), (f"{BIG}.lists.0.tier", "T2")],
         "parties[bigtown].lists[heroes].tier: is T2, of which nothing is told; give T3 or above"),
        ([("treaty.scopes", ["entitlement", "level"]), ("treaty.flags", GONE), ("maps", [])],
         "told.points: the treaty has no scope score; leave it out"),
    ],
)  # fmt: skip
def test_faults_that_take_more_than_one_change_are_refused(changes: list[tuple[str, object]], words: str) -> None:
    faults = plant(*changes)
    assert [fault for fault in faults if words in fault], faults


def test_a_score_that_neither_city_has_cannot_be_a_scope() -> None:
    document = parse_treaty()
    for party in document["parties"]:
        del party["scale"]
        for level in party["levels"]:
            del level["at_least"]
    with pytest.raises(DocumentError) as caught:
        build(document)
    assert any("names score, and neither city has a scale" in fault for fault in caught.value.faults)
    document["treaty"] |= {"scopes": ["entitlement", "level", "record_flags"]}
    document["maps"] = []
    document["cases"][0]["person"].pop("points")
    for part in ("points", "equivalent"):
        document["cases"][0]["told"].pop(part)
    assert not build(document).party("bigtown").has_scale
    document["parties"][0] |= {"levels": [], "lists": [document["parties"][0]["lists"][0] | {"tier": "T3"}]}
    document["rights"] = document["rights"][1:]
    document["cases"][0] |= {
        "person": {"lists": ["heroes"]},
        "told": {"entitlement": ["price"], "level": "T3", "flags": ["veto"]},
    }
    assert build(document).party("bigtown").lists["heroes"].tier == 3


def test_all_faults_come_at_once() -> None:
    faults = plant(("treaty.basis", GONE), (f"{BIG}.levels.1.tier", "T6"), ("maps.0.points", []), ("extra", 1))
    assert len(faults) == 4


def test_what_is_read_and_the_digest_that_the_cities_sign() -> None:
    assert (TREATY.id, TREATY.cities) == ("bigtown-smallville", ("bigtown", "smallville"))
    assert (TREATY.data_life, TREATY.on_suspension) == (timedelta(hours=24), OnSuspension.END)
    assert [TREATY.party(city).is_named for city in TREATY.cities] == [True, False]
    assert (TREATY.duties.deletion, TREATY.duties.breach_notice) == (timedelta(hours=24), timedelta(hours=12))
    assert TREATY.digest == sha256(TEXT.encode()).hexdigest()
    assert read_treaty(TEXT + " ", "a blank more", CATALOGUES).digest != TREATY.digest
    assert read_treaty_cities(TEXT, "small") == TREATY.cities
    assert read_treaty_start(TEXT, "small") == TREATY.starts_on
    with pytest.raises(DocumentError, match="is not TOML"):
        read_treaty_cities("=", "no treaty")


def test_a_city_whose_scenarios_are_not_known_is_believed() -> None:
    document = parse_treaty()
    change(document, f"{FIRST}.scenario", "gift")
    change(document, f"{CASE}.told.entitlement", ["gift", "price"])
    assert build_treaty(document, "free", digest="", catalogues={}).rights[0].scenario == "gift"


ALSO_ON_LIST = {"host": "smallville", "scenario": "deposit", "home": "bigtown", "on_list": "heroes"}


@pytest.mark.parametrize(
    "changes",
    [
        [("treaty.ends_on", date(2031, 1, 1))],
        [("treaty.data_life_hours", 1)],
        [("treaty.data_life_hours", 720)],
        [("treaty.questions_person_day", 1), ("treaty.questions_day", 1)],
        [(f"{FIRST}.from_level", "silver")],
        [("rights.1", ALSO_ON_LIST), (f"{CASE}.told.entitlement", ["deposit"])],
    ],
)
def test_what_stands_on_the_very_edge_is_let_in(changes: list[tuple[str, object]]) -> None:
    document = parse_treaty()
    for place, value in changes:
        change(document, place, value)
    assert build(document).id == TREATY.id


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"ends_on": TREATY.starts_on}, "is never open in smallville"),
        ({"starts_on": TREATY.ends_on}, "is never open in smallville"),
        ({"condition": Condition(level="high", least_age=60)}, "asks in smallville for an age"),
        ({"condition": Condition(level="high", greatest_age=60)}, "asks in smallville for an age"),
        ({"ends_on": TREATY.starts_on + timedelta(days=1)}, None),
        ({"starts_on": TREATY.ends_on - timedelta(days=1)}, None),
    ],
)
def test_a_right_fits_the_scenario_as_the_host_has_it(changed: dict[str, Any], words: str | None) -> None:
    scenarios = {**OFFERS.scenarios, "deposit": replace(OFFERS.scenarios["deposit"], **changed)}
    catalogues = {"smallville": replace(OFFERS, scenarios=scenarios)}
    if words is None:
        assert read_treaty(TEXT, "small", catalogues) == TREATY
        return
    with pytest.raises(DocumentError, match=words):
        read_treaty(TEXT, "small", catalogues)


def list_places(value: object, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Every place of a document, in the writing of `change`."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, held in steps:
        yield ".".join((*path, str(step)))
        yield from list_places(held, (*path, str(step)))


WORDS: tuple[object, ...] = ("", "gold", "T3", GONE, None, True)
NUMBERS: tuple[object, ...] = (0, -1, 10**30, 0.5, date.max, date.min)
NESTS: tuple[object, ...] = ([], [0], [[1, 2]], {}, {"a": 1}, [{}])


@given(st.sampled_from(list(list_places(parse_treaty()))), st.sampled_from(WORDS + NUMBERS + NESTS))
def test_junk_anywhere_is_refused_in_words_or_does_not_matter(place: str, junk: object) -> None:
    document = parse_treaty()
    change(document, place, junk)
    with suppress(DocumentError):
        build(document)
