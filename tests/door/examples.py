"""What a call needs beyond its operation's declaration, in a few short registries.

`OBJECTS` make what must be there first, `VARIABLES` give the path variables, `MEMBERS` the values of a body's example
that must be new or true, `MESSAGES` those of other cities, which are true only as a whole, `QUERIES` the parameters
that are required, `FILES` what is uploaded, `PREPARATIONS` what must have happened before. Whatever an operation needs
and no registry has fails with a sentence that says where to add it.
"""

import csv
import io
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

from jwt.algorithms import ECAlgorithm
from sqlalchemy import update

from backend.benefits.card_ending import end_cards
from backend.benefits.card_examples import NEW_CARD as CARD
from backend.benefits.card_tables import CardEnd
from backend.benefits.offer_examples import NEW_APPLICATION as APPLICATION
from backend.clock import format_moment, today
from backend.disclosures.tables import list_live
from backend.fulfilment.complaints import answer_complaint
from backend.gateways.sealed_messages import seal_for
from backend.governance.draft_views import Draft
from backend.governance.shadows import start_shadow
from backend.grants.giving import give_grant
from backend.grants.grant import Actor, Grant
from backend.grants.life import Mover, cancel_reserved, start
from backend.grants.tables import CitizenQuotaUseRow, QuotaUseRow
from backend.merchants.contracts import find_contract
from backend.merchants.deliveries import show_deliveries
from backend.merchants.endpoints import MOST_ENDPOINTS, end_endpoint, list_endpoints
from backend.merchants.events import EventKind, leave_event
from backend.merchants.suspensions import suspend_merchant, suspend_scenario
from backend.merchants.tables import MerchantRow
from backend.partners.city_keys import find_sealing_key
from backend.partners.treaties import resume_treaty, suspend_treaty
from backend.people.agreement import agreement_on
from backend.principals import Principal, PrincipalKind
from backend.reports.city_report import Audience
from backend.reports.figure_tables import put_pictures
from backend.reports.periods import choose_month
from backend.storage.identifiers import new_id
from backend.visits.home_cities import make_home_cities
from backend.visits.routes import HOME_CITIES
from backend.web.declaration import Operation
from backend.web.messages import Language
from tests.backend.builders import add_person
from tests.backend.clients.machines import Machine, make_department
from tests.backend.clients.machines import make_key as make_signing_key
from tests.backend.fulfilment.breaking import break_at_once
from tests.backend.governance.drafting import WANG, Office
from tests.backend.grants.giving import make_scenario, want
from tests.backend.merchants.receivers import register as register_webhook
from tests.backend.merchants.shops import open_shop, sign
from tests.backend.partners.cities import OURS, THEIRS, TREATY, TREATY_TEXT
from tests.backend.records.filing import let_work
from tests.backend.records.handing import FINAL, TRAFFIC, make_donation, post, read_answer
from tests.backend.records.handing import make_batch as hand_in
from tests.backend.reports.small_city import keep_count
from tests.backend.visits.home import Home
from tests.door.door import Call, Door, Scene, Side, key_headers, make_key, media_type_of, write_body

_versions = count(1)


class MissingExampleError(Exception):
    """An operation needs an example that no registry has; the sentence says which and where to add it."""


@dataclass(frozen=True)
class Making:
    """One call in the making: for which operation and side, and which objects it has made so far."""

    door: Door
    operation: Operation
    side: Side
    made: dict[str, Any] = field(default_factory=dict)

    def find(self, what: str) -> Any:  # noqa: ANN401 - whatever the object is
        """The object called `what`, made at the first call."""
        if what not in self.made:
            self.made[what] = OBJECTS[what](self)
        return self.made[what]

    def ask(self, name: str, kind: PrincipalKind | None = None) -> dict[str, Any]:
        """What the operation `name` answers to this side; it must succeed."""
        operation = self.door.find_operation(name)
        assert operation is not None, f"{name} is not served any more; mend tests/door/examples.py"
        answer = self.door.send(prepare(self.door, operation, Scene(own=self.side, other=self.side), kind=kind))
        assert answer.status_code < 300, f"{name}: {answer.status_code} {answer.text}"
        return answer.get_json(silent=True) or {}


Value = Callable[[Making], object]


def _draw_sample(making: Making) -> dict[str, Any]:
    return making.ask("add_sample")


def _register(making: Making) -> Machine:
    return make_department(making.door.city, making.side.department)


def _link(making: Making) -> str:
    """A link token: what a mini-program account gets that nobody has linked yet."""
    token: str = making.ask("sign_in_by_mini_program")["link_token"]
    making.door.register.people.add((making.side.person.name, making.side.person.id_number))
    return token


# Members of an example that must stay as they are there, because they mean something else in this operation.
KEPT = frozenset({("add_mapping", "name"), ("create_merchant", "name"), ("make_my_card", "scenario")})


def make_row(door: Door, side: Side) -> dict[str, Any]:
    """A good row of the side's department about the side's person, of today."""
    changes: dict[str, Any] = {"occurred_on": f"{door.city.now():%Y-%m-%d}", "source_key": make_key()}
    if side.department == TRAFFIC:
        changes |= {"indicator": "ZZ-LAW-03", "items": {"amount_fen": 50_000}, "legal": FINAL}
    return make_donation(side.person, **changes)


def prepare(door: Door, operation: Operation, scene: Scene, *, kind: PrincipalKind | None = None) -> Call:
    """The call of `operation` by its rightful caller about objects of his own, which succeeds.

    Raises MissingExampleError where a registry lacks something that the operation needs.
    """
    making = Making(door, operation, scene.own)
    if operation.name in PREPARATIONS:
        PREPARATIONS[operation.name](making)
    variables = {name: str(_make(making, "VARIABLES", VARIABLES, name)) for name in sorted(operation.variables)}
    query, body = make_query(making), make_body(making)
    headers = key_headers(operation)
    if operation.needs_token:  # last, for the clock may have moved
        headers |= door.authorise(door.make_principal(operation, scene.own, kind))
    media_type = media_type_of(operation)
    if media_type is not None:
        headers["Content-Type"] = media_type
    signer = door.cities.partner if operation.signed_as is not None else None
    return Call(operation=operation, variables=variables, query=query, headers=headers, body=body, signer=signer)


def make_query(making: Making) -> dict[str, str]:
    """The required parameters of an operation's query."""
    if making.operation.query is None:
        return {}
    fields = making.operation.query().fields.items()
    required = [each.data_key or name for name, each in fields if each.required]
    return {name: str(_make(making, "QUERIES", QUERIES, name)) for name in required}


def make_body(making: Making) -> bytes:
    """The operation's body: its declared example with new values where they must be new, or a file."""
    operation = making.operation
    if operation.upload is not None:
        content = _make(making, "FILES", FILES, operation.name)
        assert isinstance(content, bytes)
        return content
    return b"" if operation.body is None else write_body(operation, make_example(making))


def make_example(making: Making) -> dict[str, Any]:
    """The value of an operation's body, which must be declared with an example."""
    operation = making.operation
    assert operation.body is not None
    assert isinstance(operation.body_example, Mapping), f"{operation.name} declares no example of its body"
    if operation.name in MESSAGES:
        return {**operation.body_example, "from": THEIRS, "to": OURS, **MESSAGES[operation.name](making)}
    return {
        name: MEMBERS[name](making) if name in MEMBERS and (operation.name, name) not in KEPT else value
        for name, value in operation.body_example.items()
    }


def _make(making: Making, registry: str, values: Mapping[str, Value], name: str) -> object:
    if name not in values:
        raise MissingExampleError(
            f"{making.operation.name}: tests/door/examples.py knows no {name!r}; add how to make one to {registry}"
        )
    return values[name](making)


def write_file(rows: list[dict[str, Any]]) -> bytes:
    """Rows as a CSV file with the members' paths as headings."""
    flat = [
        {
            (f"{name}.{inner}" if inner else name): str(value)
            for name, member in row.items()
            for inner, value in (member.items() if isinstance(member, dict) else [("", member)])
        }
        for row in rows
    ]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(dict.fromkeys(title for row in flat for title in row)))
    writer.writeheader()
    writer.writerows(flat)
    return text.getvalue().encode()


def _hand_in_file(making: Making) -> dict[str, Any]:
    """A file that a worker has read."""
    file = making.ask("upload_file", PrincipalKind.DEPARTMENT)
    let_work(making.door.city)
    return file


def _quarantine(making: Making) -> str:
    """A row in which the side's person has a name that nobody vouched for."""
    row = {**make_row(making.door, making.side), "name": "周海"}
    answer = read_answer(post(making.door.city, making.side.department, "/batches", hand_in(row)), 201)
    quarantine_id: str = answer["receipts"][0]["quarantine"]["quarantine_id"]
    return quarantine_id


def _find_record(making: Making) -> object:
    """A record of the side's department; of its sample, where the operation is about one."""
    if "sample_id" in making.operation.variables:
        return making.find("sample")["members"][0]["record_id"]
    return making.find("batch")["receipts"][0]["record_id"]


def _hand_in_yesterday(making: Making) -> None:
    """Hand in a batch a day ago: a day must be over before it can be sampled."""
    making.door.city.clock.move(timedelta(days=-1))
    making.find("batch")
    making.door.city.clock.move(timedelta(days=1))


def _count_city(making: Making) -> None:
    """Keep figures and a picture of yesterday, unless that was done."""
    city = making.door.city
    day = today(city.now()) - timedelta(days=1)
    keep_count(city.database, city.context.rules, day=day, now=city.now())
    with city.database.transaction() as session:
        for audience in Audience:
            put_pictures(session, day, audience, [("levels", language, "<svg/>") for language in Language])


def _name_merchant(making: Making) -> object:
    """The code of a merchant: of nobody yet where one is to be registered, or else the merchant of the side."""
    if making.operation.name == "create_merchant":
        return f"shop-{make_key()}"
    return making.side.name_caller(PrincipalKind.MERCHANT)


def _name_scenario(making: Making) -> str:
    """A scenario of the catalogue; another one where it is switched off, which the others should not notice."""
    return "home_care" if "suspension" in making.operation.path else "library_card"


def _suspend_merchant(making: Making) -> None:
    with making.door.database.transaction() as session:
        suspend_merchant(session, making.find("merchant"), because="x", by="zhao", now=making.door.city.now())


def _suspend_scenario(making: Making) -> None:
    code, now = _name_scenario(making), making.door.city.now()
    with making.door.database.transaction() as session:
        suspend_scenario(session, code, scenarios={code}, because="x", by="zhao", now=now)


def _visit(making: Making) -> Home:
    """A home city that says yes to the side's person whenever it is asked."""
    _agree(making)
    city = making.door.city
    home = Home(pair=making.door.cities.pair, text=TREATY_TEXT, now=city.now, yes={making.side.person.id_number})
    city.app.extensions[HOME_CITIES] = make_home_cities(city.context, send=home.send)
    return home


def _agree(making: Making) -> None:
    """Have nobody's suspension stand in the way of the treaty with the partner city."""
    with making.door.database.transaction() as session:
        resume_treaty(session, *TREATY, city=OURS, by="zhao", reason="x", now=making.door.city.now())


def _ask_about_person(making: Making) -> dict[str, Any]:
    """A question of the partner about the side's person, whose number is sealed to this city."""
    door = making.door
    question_id = str(new_id(door.city.now()))
    with door.database.reading() as session:
        sealing = find_sealing_key(session, OURS)
    assert sealing is not None
    person = {"id_number": making.side.person.id_number, "question_id": question_id, "from": THEIRS}
    return {
        "question_id": question_id,
        "asked_at": format_moment(door.city.now()),
        "treaty": {"id": TREATY[0], "version": TREATY[1], "digest": sha256(TREATY_TEXT.encode()).hexdigest()},
        "person": seal_for(person, key_id=sealing.key_id, key=sealing.key),
        "scenarios": ["medical_credit"],
    }


def _tell_of_use(making: Making) -> dict[str, Any]:
    """A notice of the partner that the side's person has used there what this city has told it."""
    now = making.door.city.now()
    used = {
        "question_id": making.find("answered")["question_id"],
        "use_id": str(new_id(now)),
        "scenario": "medical_credit",
        "title": "先诊疗后付费",
        "place": "西湖区人民医院",
        "state": "in_use",
        "step": 1,
        "happened_at": format_moment(now),
    }
    return {"notice_id": str(new_id(now)), "kind": "used", "left_at": format_moment(now), "content": used}


def _let_partner_ask(making: Making) -> None:
    """Let the side's person consent that the partner is told everything."""
    _agree(making)
    making.find("city_consent")


def _suspend_treaty(making: Making) -> None:
    _agree(making)
    with making.door.database.transaction() as session:
        suspend_treaty(session, *TREATY, city=OURS, by="zhao", reason="x", now=making.door.city.now())


def _make_room_for_score_card(making: Making) -> None:
    """End the side's live score cards; there are five at most."""
    _agree(making)
    city = making.door.city
    with making.door.database.transaction() as session:
        for row in list_live(session, making.side.subject_id, city.now()):
            row.ended_at, row.ended_because = city.now(), "consent"


def _make_room_for_webhook(making: Making) -> None:
    """End the endpoints of the side's merchant, but for one; there are no more than three."""
    code, now = making.side.name_caller(PrincipalKind.MERCHANT), making.door.city.now()
    with making.door.database.transaction() as session:
        for each in list_endpoints(session, code)[: 2 - MOST_ENDPOINTS]:
            end_endpoint(session, code, each.endpoint_id, by="door", now=now)


def _register_webhook(making: Making) -> object:
    _make_room_for_webhook(making)
    return register_webhook(making.door.city, making.side.name_caller(PrincipalKind.MERCHANT), "https://shop.example/")


def _leave_event(making: Making) -> object:
    """An event of the side's merchant that waits for an endpoint."""
    code, now = making.side.name_caller(PrincipalKind.MERCHANT), making.door.city.now()
    about = making.find("webhook")
    with making.door.database.transaction() as session:
        leave_event(session, merchant=code, event=EventKind.GRANT_EXPIRED, about=about, payload={}, now=now)
        return show_deliveries(session, code, limit=1)[0].event_id


def _find_session(making: Making) -> object:
    making.find("signed_in")
    return making.ask("list_my_sessions")["items"][0]["session_id"]


def _today(making: Making) -> str:
    return f"{making.door.city.now():%Y-%m-%d}"


def _yesterday(making: Making) -> str:
    return f"{making.door.city.now() - timedelta(days=1):%Y-%m-%d}"


def _break_grant(making: Making) -> object:
    """A grant of the side's person that its merchant has just ended as broken."""
    merchant = making.side.name_caller(PrincipalKind.MERCHANT)
    return str(break_at_once(making.door.city, making.side.subject_id, merchant))


def _give_grant(making: Making) -> object:
    """A grant of the side that stands as the operation needs it; merchants have it of somebody of its own."""
    name, now = making.operation.name, making.door.city.now()
    merchant = making.side.name_caller(PrincipalKind.MERCHANT)
    overdue, mover = name in {"settle_grant", "break_grant"}, Mover(by=Actor.MERCHANT, merchant=merchant)
    with making.door.database.transaction() as session:
        subject_id = making.side.subject_id
        if PrincipalKind.MERCHANT in making.operation.kinds:
            subject_id = add_person(session)
        cancel_reserved(session, subject_id, now=now)  # or there would be too many
        scenario = make_scenario(lasting_days=0 if overdue else 30)
        given = give_grant(session, want(subject_id, scenario, merchant=merchant), now=now)
        assert isinstance(given, Grant), given
        if overdue or name == "complete_grant":
            start(session, given.grant_id, mover, now=now)
    return given.grant_id


def _answer_complaint(making: Making) -> None:
    """Have the side's merchant answer the complaint; nothing is decided before."""
    city, merchant = making.door.city, making.side.name_caller(PrincipalKind.MERCHANT)
    principal = Principal(kind=PrincipalKind.MERCHANT, id=merchant)
    complaint_id = UUID(making.find("complaint")["complaint_id"])
    with city.database.transaction() as session:
        answer_complaint(session, complaint_id, "x", principal=principal, sealer=city.context.sealer, now=city.now())


def _make_room_for_card(making: Making) -> None:
    """Let the side's merchant offer what needs no hold, and the side's person have as many as there are tests."""
    merchant, now = making.side.name_caller(PrincipalKind.MERCHANT), making.door.city.now()
    with making.door.database.transaction() as session:
        is_offered = find_contract(session, merchant, CARD["scenario"], today(now)) is not None
        end_cards(session, making.side.subject_id, because=CardEnd.CITIZEN, now=now)
        session.execute(update(CitizenQuotaUseRow).values(used=0))
        session.execute(update(QuotaUseRow).values(used=0))
    if not is_offered:
        sign(making.door.city, merchant, CARD["scenario"])


def _make_code(making: Making) -> object:
    """A code: one that the side's person has just made to be scanned, or one of the mini-program's platform."""
    if making.operation.name == "verify":
        return making.ask("make_my_code", PrincipalKind.CITIZEN)["code"]
    return making.door.platform.issue(make_key(), f"open-{making.side.subject_id}")


def _find_verification(making: Making) -> object:
    """A verification of the side's merchant, or a question of it about the side's person."""
    return making.find("ask" if "asks" in making.operation.path else "verification")["verification_id"]


def _make_room_for_application(making: Making) -> None:
    """Let the side's merchant offer what everybody may have, and the side's person have none in use."""
    merchant, now = making.side.name_caller(PrincipalKind.MERCHANT), making.door.city.now()
    scenario = str(APPLICATION["scenario"])
    with making.door.database.transaction() as session:
        is_offered = find_contract(session, merchant, scenario, today(now)) is not None
        cancel_reserved(session, making.side.subject_id, now=now)
    if not is_offered:
        sign(making.door.city, merchant, scenario)


def _be_registered_longer(making: Making) -> None:
    """Have the side's merchant registered two days ago: there is a statement of yesterday then."""
    merchant = making.side.name_caller(PrincipalKind.MERCHANT)
    with making.door.database.transaction() as session:
        before = making.door.city.now() - timedelta(days=2)
        session.execute(update(MerchantRow).where(MerchantRow.code == merchant).values(registered_at=before))


def _open_rule_office(making: Making) -> Office:
    """An office that drafts rules in the city of the door; whose files are those of an empty city."""
    folder = Path(tempfile.mkdtemp(prefix="door-city-", dir=making.door.city.key_set_path.parent))
    return Office(making.door.database, folder, making.door.city.clock)


def _draft_rules(making: Making) -> Draft:
    """A draft by somebody who is on neither side, as far on its way as the operation needs it."""
    name, office = making.operation.name, _open_rule_office(making)
    draft = office.draft_next(_next_version())
    if name in {"ask_rule_impact", "start_rule_shadow", "stop_rule_shadow", "get_rule_shadow"}:
        office.check(draft.draft_id)
    if name in {"approve_rule_draft", "withdraw_rule_draft", "get_rule_impact"}:
        office.prepare(draft)
    if name == "withdraw_rule_draft":
        office.approve(draft.draft_id, draft.digest)
    if name in {"stop_rule_shadow", "get_rule_shadow"}:
        with office.database.transaction() as session:
            start_shadow(session, draft.draft_id, by=WANG, now=office.now)
    return draft


def _announce_rules(making: Making) -> None:
    """Announce an edition, so that there is a former one to go back to."""
    office = _open_rule_office(making)
    draft = office.draft_next(_next_version())
    office.prepare(draft)
    office.approve(draft.draft_id, draft.digest)


def _next_version() -> str:
    return f"2030.{next(_versions)}"


OBJECTS: dict[str, Value] = {
    "answered": lambda making: making.ask("answer_question_of_city"),
    "ask": lambda making: making.ask("ask_owner", PrincipalKind.MERCHANT),
    "card": lambda making: making.ask("make_my_card"),
    "consent": lambda making: making.ask("add_my_consent"),
    "city_consent": lambda making: making.ask("add_my_city_consent"),
    "verification": lambda making: making.ask("verify"),
    "complaint": lambda making: making.ask("complain"),
    "proposal": lambda making: making.ask("propose_record"),
    "batch": lambda making: making.ask("hand_in_batch", PrincipalKind.DEPARTMENT),
    "contract": lambda making: sign(making.door.city, making.find("merchant"), "library_card"),
    "file": _hand_in_file,
    "link": _link,
    "machine": _register,
    "mapping": lambda making: making.ask("add_mapping"),
    "merchant": lambda making: open_shop(making.door.city, f"shop-{make_key()}"),
    "quarantine": _quarantine,
    "rule_draft": _draft_rules,
    "sample": _draw_sample,
    "signed_in": lambda making: making.ask("sign_in"),
    "webhook": _register_webhook,
}
VARIABLES: dict[str, Value] = {
    "card_id": lambda making: making.find("card")["card_id"],
    "picture": lambda _: "levels",
    "question_id": lambda making: making.ask("begin_my_visit")["question_id"],
    "consent_id": lambda making: making.find("consent")["consent_id"],
    "city_consent_id": lambda making: making.find("city_consent")["consent_id"],
    "verification_id": _find_verification,
    "list_no": lambda _: "0000",
    "grant_id": _give_grant,
    "complaint_id": lambda making: making.find("complaint")["complaint_id"],
    "proposal_id": lambda making: making.find("proposal")["proposal_id"],
    "batch_id": lambda making: making.find("batch")["batch_id"],
    "client_id": lambda making: making.find("machine").client_id,
    "contract_id": lambda making: making.find("contract"),
    "draft_id": lambda making: making.find("rule_draft").draft_id,
    "effective_on": lambda making: making.door.city.context.editions.shipped.rules.editions[0].effective_on,
    "endpoint_id": lambda making: making.find("webhook"),
    "event_id": _leave_event,
    "file_id": lambda making: making.find("file")["file_id"],
    "key_id": lambda making: making.find("machine").key_id,
    "mapping_id": lambda making: making.find("mapping")["mapping_id"],
    "merchant": lambda making: making.find("merchant"),
    "quarantine_id": lambda making: making.find("quarantine"),
    "record_id": _find_record,
    "sample_id": lambda making: making.find("sample")["sample_id"],
    "scenario": _name_scenario,
    "session_id": _find_session,
}
MEMBERS: dict[str, Value] = {
    "grant_id": _break_grant,
    "after": lambda making: making.find("rule_draft").digest,
    "agreement_version": lambda making: agreement_on(making.door.city.now().date()).version,
    "batch_no": lambda _: make_key(),
    "card": lambda making: _visit(making).make_card(making.side.person.id_number),
    "client_assertion": lambda making: making.find("machine").assert_itself(),
    "code": _make_code,
    "identity_number": lambda making: making.side.person.id_number,
    "order_no": lambda _: make_key(),
    "decided_on": lambda making: today(making.door.city.now()).isoformat(),
    "department": lambda making: making.side.department,
    "digest": lambda making: making.find("rule_draft").digest,
    "draft_id": lambda making: str(making.find("rule_draft").draft_id),
    "from": _yesterday,
    "id_number": lambda making: making.side.person.id_number,
    "indicator": lambda making: make_row(making.door, making.side)["indicator"],
    "jwk": lambda _: ECAlgorithm.to_jwk(make_signing_key().public_key(), as_dict=True),
    "link_token": lambda making: making.find("link"),
    "merchant": _name_merchant,
    "name": lambda making: making.side.person.name,
    "record_id": _find_record,
    "refresh_token": lambda making: making.find("signed_in")["refresh_token"],
    "rows": lambda making: [make_row(making.door, making.side)],
    "ticket": lambda making: making.door.city.issue_ticket(making.side.person),
    "to": _yesterday,
}
MESSAGES: dict[str, Callable[[Making], dict[str, Any]]] = {
    "answer_question_of_city": _ask_about_person,
    "take_notice_of_city": _tell_of_use,
}
QUERIES: dict[str, Value] = {
    "day": _yesterday,
    "because": lambda _: "lost",
    "case_no": lambda _: "2026-17",
    "file_no": lambda _: make_key(),
    "from": _today,
    "month": lambda making: f"{choose_month(None, today=today(making.door.city.now())).first_on:%Y-%m}",
    "order_no": lambda making: making.find("verification")["order_no"],
    "purpose": lambda making: "own_view" if making.operation.name == "preview_exchange" else "data_check",
    "city": lambda _: THEIRS,
    "scope": lambda _: "level",
    "to": _today,
}
FILES: dict[str, Value] = {
    "upload_file": lambda making: write_file([make_row(making.door, making.side)]),
}
PREPARATIONS: dict[str, Value] = {
    "get_my_statement_file": _be_registered_longer,
    "get_figures": _count_city,
    "get_figures_picture": _count_city,
    "get_score_report": _count_city,
    "get_report_picture": _count_city,
    "apply_for_my_benefit": _make_room_for_application,
    "make_my_card": _make_room_for_card,
    "decide_on_complaint": _answer_complaint,
    "add_rule_rollback": _announce_rules,
    "add_sample": _hand_in_yesterday,
    "create_account": lambda making: making.ask("close_my_account"),
    "create_webhook": _make_room_for_webhook,
    "delete_merchant_suspension": _suspend_merchant,
    "delete_scenario_suspension": _suspend_scenario,
    "begin_my_visit": _visit,
    "add_my_city_consent": _agree,
    "answer_question_of_city": _let_partner_ask,
    "preview_exchange": _agree,
    "withdraw_all_from_city": _agree,
    "make_my_score_card": _make_room_for_score_card,
    "resume_signed_treaty": _suspend_treaty,
    "suspend_signed_treaty": _agree,
}
