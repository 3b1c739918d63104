"""The bundle: the stand-alone verifier finds every changed byte, and every message that proves nothing."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from hashlib import sha256
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from sqlalchemy import update

from backend.gateways.detached_signatures import sign_detached
from backend.partners.bundle import find_extent, write_bundle
from backend.partners.bundle_check import BundleReport, check_bundle
from backend.partners.bundle_lines import BUNDLE_KIND, chain, write_line
from backend.partners.message_log import Direction, MessageKind, link_messages
from backend.partners.message_tables import MessageRow
from backend.storage.database import Database
from tests.backend.partners.cities import NOON, OURS, THEIRS, Pair

FIRST, SECOND = UUID(int=1), UUID(int=2)
Document = dict[str, Any]
# What the everyday run leaves out of the positions of a bundle; the long one leaves out nothing.
STRIDE = 23


def make_bundle(database: Database, pair: Pair, **numbers: int) -> list[bytes]:
    """The lines of a bundle with a question of ours, a notice of theirs, and what was answered."""
    with database.transaction() as session:
        pair.meet(session)
        pair.agree(session)
        pair.talk(session, MessageKind.QUESTION, Direction.OUT, FIRST)
        pair.talk(session, MessageKind.NOTICE, Direction.IN, SECOND, NOON + timedelta(seconds=1))
    assert link_messages(database, now=NOON) == 4
    return export(database, pair, **numbers)


def export(database: Database, pair: Pair, **numbers: int) -> list[bytes]:
    """The lines of a bundle of what there is."""
    with database.reading() as session:
        extent = find_extent(session, THEIRS, **numbers)
        signer = pair.us.keys.find_signer(NOON)
        return list(write_bundle(session, city=OURS, partner=THEIRS, extent=extent, signer=signer, now=NOON))


def erase(database: Database, about: list[UUID], *, but: tuple[str, ...] = ()) -> None:
    """Erase bodies as the purge does."""
    erased = update(MessageRow).where(MessageRow.about.in_(about), MessageRow.kind.not_in(but))
    with database.transaction() as session:
        session.execute(erased.values(body=None, erased_at=NOON))


def list_keys(pair: Pair) -> Mapping[str, Mapping[str, EllipticCurvePublicKey]]:
    """The public keys of both."""
    return {OURS: pair.us.list_public(), THEIRS: pair.them.list_public()}


def check(content: bytes, pair: Pair) -> BundleReport:
    """Check a file."""
    return check_bundle(BytesIO(content), list_keys(pair))  # lines end with a line feed, and nothing else


def forge(lines: list[bytes], pair: Pair, change: Callable[[list[Document]], None]) -> BundleReport:
    """Change a bundle as its own exporter could: chained and closed anew."""
    documents = [json.loads(line) for line in lines[:-1]]
    change(documents)
    for document in documents[1:]:  # whose digest is found wrong at once otherwise
        if document["body"] is not None:
            document["message"]["body_digest"] = sha256(document["body"].encode()).hexdigest()
    previous = bytes.fromhex(documents[0]["previous"])
    for number, document in enumerate(documents[1:], start=documents[0]["from_no"]):
        digest = chain(previous, document["message"])
        document |= {"log_no": number, "previous": previous.hex(), "digest": digest.hex()}
        previous = digest
    written = [write_line(document) for document in documents]
    digest = sha256(b"".join(written)).digest()
    closing = sign_detached(digest, kind=BUNDLE_KIND, signer=pair.us.keys.find_signer(NOON))
    return check_bundle([*written, write_line({"closing": closing})], list_keys(pair))


def list_changes(content: bytes, stride: int) -> Iterator[bytes]:
    """Every file that differs in one byte: changed, taken out, or put in."""
    for at in range(0, len(content), stride):
        yield content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
        yield content[:at] + bytes([content[at] ^ 0x80]) + content[at + 1 :]
        yield content[:at] + content[at + 1 :]
        yield content[:at] + b" " + content[at:]


def test_every_changed_byte_is_found(sqlite_database: Database) -> None:
    find_every_change(sqlite_database, STRIDE)


@pytest.mark.long
def test_every_changed_byte_is_found_at_every_position(sqlite_database: Database) -> None:
    find_every_change(sqlite_database, 1)


def find_every_change(database: Database, stride: int) -> None:
    """Find each single-byte change of an exported bundle, at every position or one in so many.

    Half of its messages have lost their bodies.
    """
    pair = Pair()
    make_bundle(database, pair)
    erase(database, [FIRST, SECOND], but=("question", "confirmation"))
    content = b"".join(export(database, pair))
    report = check(content, pair)
    assert report == BundleReport(OURS, THEIRS, 4, 2, 1, ())
    # The first and last bytes of each line are looked at in any case.
    missed = [changed for changed in list_changes(content, stride) if check(changed, pair).is_sound]
    ends = [at + step for at in range(len(content)) if content[at] == 10 for step in (-1, 0, 1)]
    missed += [
        changed
        for at in ends
        for changed in (content[:at] + content[at + 1 :], content[:at] + b"\n" + content[at:])
        if changed != content and check(changed, pair).is_sound
    ]
    assert not missed, f"{len(missed)} changes go unseen, such as {missed[0]!r}"


def test_a_forged_bundle_is_found_though_its_exporter_has_closed_it(sqlite_database: Database) -> None:
    pair, stranger = Pair(), Pair()
    lines = make_bundle(sqlite_database, pair)
    honest = partial(forge, lines, pair)
    assert honest(lambda _: None).is_sound

    def change(line: int, member: str, value: object) -> Callable[[list[Document]], None]:
        return lambda documents: documents[line - 1]["message"].__setitem__(member, value)

    def rewrite(line: int, body: str) -> Callable[[list[Document]], None]:
        return lambda documents: documents[line - 1].__setitem__("body", body)

    def forget(line: int, digest: str) -> Callable[[list[Document]], None]:  # and put another digest in its place
        def change_both(documents: list[Document]) -> None:
            documents[line - 1]["body"] = None
            documents[line - 1]["message"]["body_digest"] = digest

        return change_both

    def swap(documents: list[Document]) -> None:  # two answers of a kind change places
        documents[2]["message"]["about"], documents[4]["message"]["about"] = str(SECOND), str(FIRST)

    def resign(documents: list[Document]) -> None:
        documents[0]["treaties"][0]["their_signature"] = stranger.them.sign_treaty()

    def retell(documents: list[Document]) -> None:
        treaty = documents[0]["treaties"][0]
        treaty["digest"] = treaty["digest"][::-1]

    later = "2026-11-22T04:01:02.000000Z"
    url = "https://other.example/exchange/v1/questions"
    for line, said, defect in (
        (2, "signature_refused", rewrite(2, "{}")),
        (2, "signature_refused", forget(2, sha256(b"{}").hexdigest())),
        (3, "signature_refused", forget(3, sha256(b"{}").hexdigest())),
        (2, "not 64 hexadecimal digits", forget(2, "{}")),
        (2, "signature_stale", change(2, "logged_at", later)),
        (2, "signature_refused", change(2, "url", url)),
        (2, "has a status", change(2, "status", 200)),
        (2, "in a log of messages with", change(2, "partner", "nanjing")),
        (2, "does not say that it comes from hangzhou", change(2, "direction", "in")),
        (2, "no such message", change(2, "kind", "greeting")),
        (3, "signature_refused", change(3, "status", 201)),
        (3, "another address", change(3, "url", url)),
        (3, "answers a question that is not in this bundle", change(3, "about", str(SECOND))),
        (3, "without a status", change(3, "status", None)),
        (3, "that is not in this bundle", swap),
        (2, "that is not in this bundle", lambda documents: documents.pop(1)),
        (1, "the signature of hangzhou is refused", resign),
        (1, "its digest is not that of its text", retell),
    ):
        report = forge(lines, pair, partial(mend_extent, defect))
        assert any(fault.line == line and said in fault.what for fault in report.faults), (said, report.faults)


def mend_extent(change: Callable[[list[Document]], None], documents: list[Document]) -> None:
    """Change the documents, and have the first line say how many there are."""
    change(documents)
    documents[0]["to_no"] = documents[0]["from_no"] + len(documents) - 2


def test_a_digest_of_another_question_is_found(sqlite_database: Database) -> None:
    pair = Pair(digest_of=b"another")
    with sqlite_database.transaction() as session:
        pair.meet(session)
        pair.talk(session, MessageKind.QUESTION, Direction.OUT, FIRST)
    link_messages(sqlite_database, now=NOON)
    (fault,) = check(b"".join(export(sqlite_database, pair)), pair).faults
    assert fault == (3, "its question_digest is not that of what it answers")


def test_keys_of_the_past_still_prove_and_parts_hang_together(database: Database) -> None:
    pair = Pair()
    make_bundle(database, pair)
    old = list_keys(pair)
    pair.us.rotate()
    pair.them.rotate()
    both = {city: {**old[city], **keys} for city, keys in list_keys(pair).items()}
    with database.transaction() as session:
        pair.talk(session, MessageKind.QUESTION, Direction.IN, UUID(int=3), NOON + timedelta(seconds=9))
    link_messages(database, now=NOON)
    before = export(database, pair)
    erase(database, [FIRST])
    after = export(database, pair)
    assert [json.loads(line).get("digest") for line in after] == [json.loads(line).get("digest") for line in before]
    whole, part, nothing = (export(database, pair, **numbers) for numbers in ({}, {"from_no": 5}, {"from_no": 7}))
    assert [check_bundle(each, both)[2:] for each in (whole, part, nothing)] == [
        (6, 2, 1, ()),
        (2, 0, 1, ()),
        (0, 0, 1, ()),
    ]
    assert json.loads(part[0])["previous"] == json.loads(whole[4])["digest"]
    assert [fault.line for fault in check_bundle(whole, list_keys(pair)).faults] == [1, 1]  # of the treaty
    (fault,) = check_bundle(part[:-1], both).faults
    assert fault == (4, "is missing; a bundle has a first line, messages and a closing line")
