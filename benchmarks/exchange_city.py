"""A city whose people let a partner be told what they may have there, and the questions of that partner.

People are written straight into the tables, as a city would have them that has kept their scores. Questions are written
and sealed beforehand; they are signed just before they are sent, as a signature lasts for a minute.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.orm import Session

from backend.clock import SystemClock, today
from backend.context import Context, make_context
from backend.demo.people import make_resident_id
from backend.demo.workplace import Workplace, open_workplace
from backend.disclosures.scopes import PURPOSE, name_recipient, name_terms
from backend.gateways.city_calls import CityCall, MessageTag, sign_call
from backend.gateways.exchange_keys import ExchangeKeys, read_exchange_keys
from backend.gateways.key_making import make_exchange_keys
from backend.gateways.partner_keys import PartnerSealingKey, read_partner_keys
from backend.gateways.treaty_files import read_treaties
from backend.partners.city_keys import note_own_keys, store_keys
from backend.partners.partners import register_partner
from backend.partners.treaties import add_treaty
from backend.partners.treaty_signing import Signatures, sign_treaty
from backend.people.agreement import agreement_on
from backend.people.standing import IDENTITY_FIELD
from backend.people.tables import ConsentRow, EnrolmentRow, SubjectRow
from backend.scores.current import name_rules
from backend.scores.tables import StoredScoreRow
from backend.storage.bulk import insert_rows
from backend.storage.identifiers import new_id
from backend.storage.migrations import upgrade
from backend.storage.tables import Row
from backend.visits.questions import HomeAsk, write_question
from scenarios.treaty import Role, Scope, Treaty, TreatyPurpose
from tests.servers import fresh_postgres_database, running_postgres

HOME, HOST, SCENARIO = "zhengzhou", "hangzhou", "medical_credit"
PATH = "/exchange/v1/questions"
NO_LIMIT = "1000000/second"
A_DAY = 1000  # resident ids with the same birthday


@dataclass(frozen=True, slots=True)
class ExchangeCity:
    """The settings of a service over the city, and what it takes to ask it: the partner's keys, and who lives there."""

    variables: dict[str, str] = field(repr=False)
    numbers: Sequence[str] = field(repr=False)
    keys: ExchangeKeys = field(repr=False)
    sealing: PartnerSealingKey = field(repr=False)
    treaty: Treaty = field(repr=False)

    def write_questions(self, number: int) -> list[bytes]:
        """Write so many questions, each sealed and with an id of its own, about one person after the other."""
        now = SystemClock().now()
        return [self._write(self.numbers[place % len(self.numbers)], now) for place in range(number)]

    def sign(self, questions: Sequence[bytes]) -> list[bytes]:
        """Sign questions as of now, and give them as they go over the line."""
        url = f"{self.variables['SHANGDING_PUBLIC_URL']}{PATH}"
        calls = [
            CityCall(city=HOST, url=url, tag=MessageTag.QUESTION, body=body, deadline_seconds=5) for body in questions
        ]
        now = SystemClock().now()
        return [_write_request(sign_call(call, keys=self.keys, now=now).request.headers, call.body) for call in calls]

    def _write(self, id_number: str, now: datetime) -> bytes:
        question_id = new_id(now)
        wanted = HomeAsk(
            home_city=HOME,
            subject_id=question_id,
            id_number=id_number,
            scope=Scope.ENTITLEMENT,
            scenarios=(SCENARIO,),
            purpose=TreatyPurpose.BENEFIT,
            role=Role.MERCHANT,
            acting="clinic",
            case_no="benchmark",
        )
        return write_question(wanted, question_id, self.treaty, self.sealing, host=HOST, now=now)


@contextmanager
def made_exchange_city(database: str, *, people: int) -> Iterator[ExchangeCity]:
    """Make a city of `people` and its partner, on an own `sqlite` or `postgresql` that keeps what it is told."""
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
        own = make_exchange_keys(now)
        (folder / "exchange-keys.jwks.json").write_text(own, encoding="utf-8")
        variables["SHANGDING_EXCHANGE_KEYS"] = str(folder / "exchange-keys.jwks.json")
        theirs = ExchangeKeys.from_keys(read_exchange_keys(make_exchange_keys(now)))
        context = make_context(settings)
        stack.callback(context.database.dispose)
        ours = ExchangeKeys.from_keys(read_exchange_keys(own))
        with context.database.transaction() as session:
            treaty = _agree(session, context, ours, theirs, now)
        numbers = _make_numbers(people)
        with context.database.transaction() as session:
            _add_people(session, context, numbers, treaty, now)
        sealing = read_partner_keys(json.dumps({"keys": ours.describe(now)})).sealing
        assert sealing is not None  # noqa: S101 - the keys are our own
        yield ExchangeCity(variables, numbers, theirs, sealing, treaty)


def _agree(session: Session, context: Context, ours: ExchangeKeys, theirs: ExchangeKeys, now: datetime) -> Treaty:
    register_partner(session, HOST, title=HOST, url="https://partner.example", city=HOME, by="benchmark", now=now)
    store_keys(session, HOST, json.dumps({"keys": theirs.describe(now)}), now=now)
    note_own_keys(session, HOME, ours, now=now)
    text = next(each.text for each in read_treaties(HOME) if HOST in each.treaty.cities)
    signatures = Signatures(*(sign_treaty(text, keys.find_signer(now)) for keys in (ours, theirs)))
    rulebook = context.rules.rulebook_on(today(now))
    return add_treaty(session, text, signatures, city=HOME, rulebook=rulebook, by="benchmark", now=now).treaty


def _make_numbers(people: int) -> list[str]:
    return [
        make_resident_id(date(1990, 1, 1) + timedelta(days=place // A_DAY), place % A_DAY) for place in range(people)
    ]


def _add_people(session: Session, context: Context, numbers: Sequence[str], treaty: Treaty, now: datetime) -> None:
    """Add people with an account, a kept score, and a consent for everything that the partner gives."""
    day, ids = today(now), {new_id(now): number for number in numbers}
    version = agreement_on(day).version
    kind = {"kind": "natural_person", "name_verified": True, "in_doubt": False, "facts_version": 0, "created_at": now}
    indexes = {each: context.pseudonyms.index(number) for each, number in ids.items()}
    subjects = [
        {
            "subject_id": each,
            "identity_index": indexes[each].digest,
            "identity_key_id": indexes[each].key_id,
            "identity_sealed": context.sealer.seal(number, subject_id=each, field=IDENTITY_FIELD),
            **kind,
        }
        for each, number in ids.items()
    ]
    _add(session, SubjectRow, subjects)
    opened = {"enrolment_no": 1, "opened_at": now, "agreement_version": version}
    _add(session, EnrolmentRow, [{"subject_id": each, **opened} for each in ids])
    kept = {
        "facts_version": 0,
        "since": day,
        "rules_digest": name_rules(context.rules.rulebook_on(day)),
        "computed_on": day,
        "points": 130,
        "level": "excellent",
        "payload": {"dimensions": {}, "incentives_suspended": False, "in_force": []},
        "kept_at": now,
    }
    _add(session, StoredScoreRow, [{"subject_id": each, **kept} for each in ids])
    given: dict[str, object] = {
        "purpose": PURPOSE[TreatyPurpose.BENEFIT],
        "recipient": name_recipient(HOST),
        "scope": "entitlement",
    }
    given |= {"agreement_version": name_terms(treaty), "given_at": now}
    _add(session, ConsentRow, [{"subject_id": each, "consent_id": new_id(now), **given} for each in ids])


def _add(session: Session, row: type[Row], rows: Sequence[dict[str, object]]) -> None:
    names = tuple(rows[0])
    insert_rows(session, row, names, [tuple(each[name] for name in names) for each in rows])


def _write_request(headers: Mapping[str, str], body: bytes) -> bytes:
    lines = [f"POST {PATH} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
