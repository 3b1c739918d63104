"""What is looked at after each step of a simulation, and when all has come to rest."""

import json
from collections.abc import Mapping
from itertools import permutations
from typing import Any
from uuid import UUID

from backend.benefits.visitor_tables import list_entitlements
from backend.partners.bundle import find_extent, write_bundle
from backend.partners.bundle_check import check_bundle
from backend.partners.city_keys import list_verifying_keys
from backend.partners.message_log import link_messages
from backend.visits.visiting import VisitState, list_visits
from tests.backend.exchange.reading import read_rows
from tests.backend.exchange.simulated_cities import CODES, LIVES, Town
from tests.backend.exchange.simulated_truth import Truth
from tests.backend.exchange.visitors import list_believed

Rows = list[dict[str, Any]]


def check_beliefs(truth: Truth, town: Town, host: str) -> None:
    """A city believes nothing of a visitor that it should not. What it should not it would go on believing."""
    now = town.city.now()
    with town.city.database.reading() as session:
        believed = [
            (name, each)
            for name, subject_id in town.people.items()
            if LIVES[name][0] != host
            for each in list_entitlements(session, subject_id, now)
        ]
    for name, each in believed:
        breach = truth.find_breach(host, str(each.question_id), each.scenario, each.until, now)
        assert breach is None, f"{host} believes that {name} may have {each.scenario}, but {breach}"


def check_shown(truth: Truth, town: Town, host: str, name: str) -> None:
    """Nothing is shown to a visitor that was withdrawn, is over or beyond its life."""
    now = town.city.now()
    with town.city.database.reading() as session:
        visits = list_visits(session, town.people[name], limit=50, now=now)
    for each in visits:
        if each.state is VisitState.STANDING:
            told = truth.told[str(each.question_id)]
            flaws = {
                "withdrawn": (host, str(each.question_id)) in truth.withdrawn,
                "outlived": each.until is None or each.until <= now or told.until is None or each.until > told.until,
                "over": truth.is_over(told.home, host, now),
            }
            assert not any(flaws.values()), f"{host} shows {name} what is {[flaw for flaw in flaws if flaws[flaw]]}"


def check_grant(town: Town, subject_id: UUID, scenario: str) -> None:
    """What was just given rests on something that is believed, and so on what `check_beliefs` looks at."""
    believed = {each.scenario for each in list_believed(town.city, subject_id)}
    assert scenario in believed, f"{scenario} was given to somebody of whom only {believed} is believed"


def check_rest(truth: Truth, towns: Mapping[str, Town]) -> None:
    """Everything has come to the same in all cities."""
    for code, town in towns.items():
        waiting = read_rows(town.city.database, "SELECT kind, fault FROM exchange_notice WHERE confirmed_at IS NULL")
        assert not waiting, f"{code} has {waiting} left"
        _check_log(town)
    for home, host in permutations(CODES, 2):
        told = read_rows(towns[home].city.database, "SELECT * FROM disclosure WHERE partner = :p", p=host)
        kept = read_rows(towns[host].city.database, "SELECT * FROM home_question WHERE partner = :p", p=home)
        _check_withdrawn(towns[home], told, kept)
        _check_same(told, kept)
        _check_answered(truth, towns[home], home, host, told)
        _check_uses(towns[home], towns[host], home, host)


def check_bundles(towns: Mapping[str, Town]) -> None:
    """The log of each city about each other one verifies with public keys alone."""
    for code, town in towns.items():
        database, keys = town.city.database, town.city.context.exchange_keys
        assert keys is not None
        now = town.city.now()
        link_messages(database, now=now, window=None)
        for other in set(CODES) - {code}:
            with database.reading() as session:
                public = {each: list_verifying_keys(session, each) for each in (code, other)}
                extent = find_extent(session, other)
                lines = list(
                    write_bundle(
                        session, city=code, partner=other, extent=extent, signer=keys.find_signer(now), now=now
                    )
                )
            report = check_bundle(lines, public)
            assert not report.faults, (code, other, report.faults[:3])


def _check_log(town: Town) -> None:
    """No signature was taken twice."""
    rows = read_rows(town.city.database, "SELECT headers FROM exchange_message WHERE direction = 'in'")
    signatures = [json.loads(row["headers"])["signature"] for row in rows]
    assert len(signatures) == len(set(signatures)), "a message was taken in twice"


def _check_withdrawn(home: Town, told: Rows, kept: Rows) -> None:
    """Withdrawal has won: nothing of the answer is kept there, and here it is known to be deleted."""
    rows = read_rows(home.city.database, "SELECT consent_id FROM consent WHERE withdrawn_at IS NOT NULL")
    withdrawn = {str(UUID(row["consent_id"])) for row in rows}
    contents = {row["question_id"]: row["content"] for row in kept}
    for row in told:
        rests_on = set(json.loads(row["scenarios"])["rests_on"].values())
        if rests_on & withdrawn:
            assert contents.get(row["question_id"]) is None, f"kept after the consent was withdrawn: {row}"
        if row["ended_at"] is not None:
            assert row["deleted_at"] is not None, f"nobody has confirmed that this was deleted: {row}"


def _check_same(told: Rows, kept: Rows) -> None:
    """What is kept there is what was told here last, and still stands."""
    stands = {row["question_id"]: row for row in told if row["ended_at"] is None}
    for row in kept:
        if row["content"] is not None:
            source = stands.get(row["question_id"])
            assert source is not None, f"kept, but told no more: {row}"
            assert json.loads(source["told"]) == json.loads(row["content"]), f"{row} is not what stands: {source}"


def _check_answered(truth: Truth, town: Town, home: str, host: str, told: Rows) -> None:
    """Each question that was answered is there once, with one disclosure where something was told, and one look."""
    disclosed = [row["question_id"] for row in told]
    assert len(disclosed) == len(set(disclosed))
    answered = read_rows(town.city.database, "SELECT * FROM answered_question WHERE partner = :p", p=host)
    ids = {row["question_id"] for row in answered}
    looks = read_rows(
        town.city.database,
        "SELECT answered FROM access_entry WHERE asker_kind = 'partner_city' AND asker = :p",
        p=host,
    )
    seen = [json.loads(row["answered"]) for row in looks]
    asked = [each["question_id"] for each in seen if not each["kind"].startswith("exchange_corrected")]
    for (city, question_id), contents in truth.answered.items():
        told_to = truth.told[question_id]
        if (city, told_to.host) != (home, host):
            continue
        key = UUID(question_id).hex
        assert key in ids, f"{home} has answered {question_id} and does not know it"
        assert asked.count(question_id) == 1, f"{question_id} was looked at {asked.count(question_id)} times"
        has_told = any(json.loads(each) not in _NOTHING for each in contents)
        assert (key in disclosed) is has_told, f"{question_id} was answered {contents}, disclosed {disclosed}"


_NOTHING: tuple[dict[str, Any], ...] = ({"entitlements": []}, {"level": None}, {"score": None}, {"flags": []})


def _check_uses(home: Town, host: Town, home_code: str, host_code: str) -> None:
    """What a visitor used is known at home, each use as it stands."""
    names = [name for name, (lives, visited) in LIVES.items() if lives == home_code and host_code in visited]
    for name in names:
        given = read_rows(
            host.city.database,
            "SELECT grant_id, state FROM benefit_grant WHERE subject_id = :s AND via = 'visitor' ORDER BY grant_id",
            s=host.people[name].hex,
        )
        known = read_rows(
            home.city.database,
            "SELECT use_id AS grant_id, state FROM used_away WHERE subject_id = :s AND partner = :p ORDER BY use_id",
            s=home.people[name].hex,
            p=host_code,
        )
        assert known == given, f"{home_code} knows of {name} {known}, but in {host_code} there is {given}"
