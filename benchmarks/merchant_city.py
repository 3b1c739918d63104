"""A city of people with excellent scores and codes in their hands, and a merchant who scans them, for the benchmark.

People are written straight into the tables, by the thousand; whatever a verification reads of them is what the use
cases would have left there.
"""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.orm import Session

from backend.benefits.codes import digest_code
from backend.benefits.consents import PURPOSE, name_recipient
from backend.benefits.verification_tables import OneTimeCodeRow
from backend.clients.roles import MERCHANT_SCOPES
from backend.clock import SystemClock, today
from backend.context import Context, make_context
from backend.demo.people import make_resident_id
from backend.demo.workplace import Workplace, open_workplace
from backend.grants.tables import BenefitAccountRow
from backend.merchants.tables import ContractRow, MerchantRow
from backend.people.agreement import agreement_on
from backend.people.standing import IDENTITY_FIELD
from backend.people.tables import ConsentRow, EnrolmentRow, SubjectRow
from backend.principals import Principal, PrincipalKind
from backend.scores.current import name_rules
from backend.scores.tables import StoredScoreRow
from backend.storage.bulk import insert_rows
from backend.storage.identifiers import new_id
from backend.storage.migrations import upgrade
from backend.storage.tables import Row
from tests.servers import fresh_postgres_database, running_postgres

MERCHANT, SCENARIO, REGION = "library", "library_card", "410105"
AMOUNT_FEN = 10_000
NO_LIMIT = "1000000/second"
LASTS = timedelta(hours=8)
IDENTITY_NUMBER = make_resident_id(date(1990, 1, 1), 1)  # of all of them: only the age is read from it
TOGETHER = 5000


@dataclass(frozen=True, slots=True)
class MerchantCity:
    """The settings of a service over the city, and scans by its merchant, each of the code of another person."""

    variables: dict[str, str] = field(repr=False)
    requests: list[bytes] = field(repr=False)


@contextmanager
def made_merchant_city(database: str, *, people: int) -> Iterator[MerchantCity]:
    """Make a city of `people`, one scan for each, on an own `sqlite` or `postgresql` that keeps what it is told."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="shangding-benchmark-")))
        environ = {"SHANGDING_RATE_LIMIT": NO_LIMIT, "SHANGDING_LOG_LEVEL": "WARNING"}
        if database == "postgresql":
            server = stack.enter_context(running_postgres(keeps=True))
            environ["SHANGDING_DATABASE_URL"] = stack.enter_context(fresh_postgres_database(server, "benchmark"))
        now = SystemClock().now()
        place = Workplace(directory=folder, people=people, seed=1, port=8000)
        variables, settings = open_workplace(place, environ, now)
        upgrade(settings.database_url)
        context = make_context(settings)
        stack.callback(context.database.dispose)
        with context.database.transaction() as session:
            _add_merchant(session, now)
        codes: list[str] = []
        for start in range(0, people, TOGETHER):
            with context.database.transaction() as session:
                codes += _add_people(session, context, min(TOGETHER, people - start), now)
        yield MerchantCity(variables, _write_requests(context, codes, now))


def _add_merchant(session: Session, now: datetime) -> None:
    registered = {"code": MERCHANT, "name": "市图书馆", "contact": "counter", "registered_at": now}
    _add(session, MerchantRow, [{**registered, "registered_by": "benchmark"}])
    signed = {"contract_id": new_id(now), "merchant": MERCHANT, "scenario": SCENARIO, "region": REGION}
    _add(
        session,
        ContractRow,
        [{**signed, "starts_on": today(now), "figures": {}, "signed_at": now, "signed_by": "benchmark"}],
    )


def _add_people(session: Session, context: Context, number: int, now: datetime) -> list[str]:
    """Add people who have consented, each with a kept score and a code; give the codes."""
    day, ids = today(now), [new_id(now) for _ in range(number)]
    version = agreement_on(day).version
    kind = {"kind": "natural_person", "name_verified": True, "in_doubt": False, "facts_version": 0, "created_at": now}
    kind |= {"identity_key_id": context.settings.pseudonym_keys.current}
    seal = partial(context.sealer.seal, IDENTITY_NUMBER, field=IDENTITY_FIELD)
    _add(
        session,
        SubjectRow,
        [
            {
                "subject_id": each,
                "identity_index": secrets.token_bytes(32),
                "identity_sealed": seal(subject_id=each),
                **kind,
            }
            for each in ids
        ],
    )
    opened = {"enrolment_no": 1, "opened_at": now, "agreement_version": version}
    _add(session, EnrolmentRow, [{"subject_id": each, **opened} for each in ids])
    kept = _make_score(name_rules(context.rules.rulebook_on(day)), now)
    _add(session, StoredScoreRow, [{"subject_id": each, **kept} for each in ids])
    empty = {"open_grants": 0, "overdue_grants": 0, "held_fen": 0, "broken_fen": 0}
    _add(session, BenefitAccountRow, [{"subject_id": each, **empty} for each in ids])
    given = {"purpose": PURPOSE, "recipient": name_recipient(MERCHANT), "scope": SCENARIO}
    given |= {"agreement_version": version}
    _add(
        session, ConsentRow, [{"subject_id": each, "consent_id": new_id(now), "given_at": now, **given} for each in ids]
    )
    codes = {secrets.token_hex(16).upper().translate(_BASE32): each for each in ids}
    made = {"made_at": now, "expires_at": now + LASTS}
    _add(
        session,
        OneTimeCodeRow,
        [{"digest": digest_code(code), "subject_id": each, **made} for code, each in codes.items()],
    )
    return list(codes)


def _add(session: Session, row: type[Row], rows: Sequence[Mapping[str, object]]) -> None:
    names = tuple(rows[0])
    insert_rows(session, row, names, [tuple(each[name] for name in names) for each in rows])


_BASE32 = str.maketrans("01289", "GHIJK")  # a code has letters and the digits from 2 to 7


def _make_score(rules_digest: str, now: datetime) -> dict[str, object]:
    return {
        "facts_version": 0,
        "since": today(now),
        "rules_digest": rules_digest,
        "computed_on": today(now),
        "points": 130,
        "level": "excellent",
        "payload": {"dimensions": {}, "incentives_suspended": False, "in_force": []},
        "kept_at": now,
    }


def _write_requests(context: Context, codes: list[str], now: datetime) -> list[bytes]:
    principal = Principal(kind=PrincipalKind.MERCHANT, id=MERCHANT, scopes=MERCHANT_SCOPES)
    token = context.tokens.issue(principal, LASTS, now)
    head = (
        "POST /v1/verifications HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    )
    requests = []
    for number, code in enumerate(codes):
        asked = {"order_no": f"order-{number}", "scenario": SCENARIO, "code": code, "amount_fen": AMOUNT_FEN}
        body = json.dumps(asked)
        requests.append(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    return requests
