"""The nightly proof: silent where all agrees, and no planted difference escapes it."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from backend.benefits.grant_proof import prove
from backend.grants.due import sweep_due
from backend.grants.giving import give_grant
from backend.grants.grant import Actor, Grant
from backend.grants.life import Mover, break_, cancel, complete, lower, start
from backend.grants.places import move_account
from backend.storage.database import Database
from scenarios.catalogue import BenefitKind, Quotas
from tests.backend.cli.prompt import install, run
from tests.backend.grants.giving import LIBRARY, NOON, make_scenario, settle_in, want
from tests.databases import run_sql

SHOP = Mover(Actor.MERCHANT, merchant=LIBRARY)
EVERYWHERE = Quotas(citizen_day=9, citizen_total=9, merchant_day=9, scenario_day=9, scenario_total=9)
# What somebody with a console could do, or a fault of ours; and the checks that must see it.
DEFECTS = {
    "UPDATE benefit_account SET open_grants = open_grants + 1": {"open_grants"},
    "UPDATE benefit_account SET overdue_grants = 1": {"overdue_grants"},
    "UPDATE benefit_account SET held_fen = held_fen - 1": {"held_by_grants", "held_by_transfers"},
    "UPDATE benefit_account SET broken_fen = broken_fen + 1": {"broken_by_grants", "broken_by_transfers"},
    "UPDATE benefit_grant SET held_fen = held_fen - 1 WHERE state = 'in_use'": {
        "held_by_grants",
        "held_of_each",
        "states_by_history",
    },
    "UPDATE benefit_grant SET agreed_fen = agreed_fen + 1 WHERE state = 'in_use'": {"agreed_of_each"},
    "UPDATE benefit_grant SET final_fen = 1 WHERE state = 'broken'": {"broken_by_grants", "broken_of_each"},
    "UPDATE benefit_grant SET state = 'cancelled' WHERE state = 'completed'": {
        "own_places",
        "places",
        "states_by_history",
    },
    "UPDATE benefit_grant SET state = 'settled' WHERE state = 'cancelled'": {
        "own_places",
        "places",
        "states_by_history",
    },
    "UPDATE benefit_grant SET state = 'settled' WHERE state = 'expired'": {
        "own_places",
        "places",
        "states_by_history",
    },
    "UPDATE quota_use SET used = used + 1 WHERE period <> ''": {"places"},
    "UPDATE quota_use SET used = used - 1 WHERE period = ''": {"places"},
    "UPDATE citizen_quota_use SET used = used - 1": {"own_places"},
    "DELETE FROM citizen_quota_use": {"own_places"},
    "DELETE FROM quota_use WHERE owner <> ''": {"places"},
    "UPDATE benefit_grant SET via = 'code' WHERE state = 'broken'": {"answers"},
    "INSERT INTO hold_transfer SELECT subject_id, grant_id, 9, 'held', 'available', 5, granted_at"
    " FROM benefit_grant WHERE state = 'in_use'": {"held_by_transfers", "held_of_each"},
    "INSERT INTO hold_transfer SELECT subject_id, grant_id, 9, 'held', 'available', 5,"
    " (SELECT min(granted_at) FROM benefit_grant) FROM benefit_grant WHERE state = 'in_use'": {
        "held_by_transfers",
        "held_of_each",
        "order_of_transfers",
    },
    "INSERT INTO grant_event SELECT subject_id, grant_id, 9, 'lowered', state, held_fen, held_fen, 'merchant', NULL,"
    " (SELECT min(granted_at) FROM benefit_grant) FROM benefit_grant WHERE state = 'in_use'": {"order_of_events"},
    "INSERT INTO grant_event SELECT subject_id, grant_id, 1, 'lowered', state, held_fen, held_fen, 'merchant', NULL,"
    " (SELECT min(granted_at) FROM benefit_grant) FROM benefit_grant WHERE via = 'application'"
    " AND started_at = ended_at": {"order_of_events"},
}


def live(database: Database) -> UUID:
    """Give somebody grants, and give the person.

    One lapsed, one was cancelled, one is in use, one was broken, one was enjoyed at once.
    """
    (subject_id,) = settle_in(database, persons=1)
    scenario = make_scenario(quotas=EVERYWHERE)
    ticket = make_scenario("ticket", kind=BenefitKind.DISCOUNT, quotas=EVERYWHERE)
    with database.transaction() as session:
        give_grant(session, want(subject_id, scenario), now=NOON - timedelta(minutes=30))
        let_go = give_grant(session, want(subject_id, scenario), now=NOON - timedelta(minutes=1))
        assert isinstance(let_go, Grant)
        cancel(session, let_go.grant_id, SHOP, now=NOON)
        used, lent, enjoyed = (
            give_grant(session, want(subject_id, each), now=NOON) for each in (scenario, scenario, ticket)
        )
        assert isinstance(used, Grant)
        assert isinstance(lent, Grant)
        assert isinstance(enjoyed, Grant)
        for grant in (used, lent):
            start(session, grant.grant_id, SHOP, now=NOON)
        break_(session, lent.grant_id, SHOP, 4_000, now=NOON + timedelta(days=2))
        lower(session, used.grant_id, SHOP, 6_000, now=NOON)
        complete(session, enjoyed.grant_id, SHOP, 0, now=NOON)
    return subject_id


def find_differing(database: Database) -> set[str]:
    with database.reading() as session:
        return {name for name, differences in prove(session).items() if differences}


def find_after(database: Database, statement: str) -> set[str]:
    """Which checks differ after a statement, which is taken back."""
    with database.transaction() as session:
        session.execute(text(statement))
        differing = {name for name, differences in prove(session).items() if differences}
        session.rollback()
    return differing


def test_every_planted_difference_is_found(database: Database) -> None:
    live(database)
    assert find_differing(database) == set()
    for statement, checks in DEFECTS.items():
        assert find_after(database, statement) == checks, statement
    assert find_differing(database) == set()


def test_the_command_names_each_difference(database_url: str, database: Database, tmp_path: Path) -> None:
    subject_id, settings = live(database), install(tmp_path, database_url)
    proven = run(["proof"], settings)
    assert (proven.exit_code, "held_by_transfers    agrees" in proven.output) == (0, True), proven.output
    run_sql(database, "UPDATE benefit_account SET held_fen = 1")
    failed = run(["proof"], settings)
    assert failed.exit_code == 1
    assert f"held_by_grants: subject_id={subject_id} is kept as 1, counted as 6000" in failed.output


def test_one_whose_accounts_disagree_keeps_nobody_else_waiting(database: Database) -> None:
    broken, whole = settle_in(database, persons=2)
    with database.transaction() as session:
        for subject_id in (broken, whole):
            assert isinstance(give_grant(session, want(subject_id, make_scenario()), now=NOON), Grant)
        move_account(session, broken, held_fen=-1)
    with pytest.raises(IntegrityError):
        sweep_due(database, now=NOON + timedelta(hours=1))
    with database.reading() as session:
        states = Counter(session.scalars(text("SELECT state FROM benefit_grant")).all())
    assert states == {"reserved": 1, "expired": 1}
    assert find_differing(database) == {"held_by_grants", "held_by_transfers"}
