import errno
import json
import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import jwt
import pytest
import structlog

from backend.clients.registration import TOKEN_LIFETIME
from backend.gateways.key_making import make_signing_keys
from backend.gateways.signed_claims import KeySetError, TokenError, TokenFault, read_public_keys
from backend.gateways.token_keys import (
    CACHED_FOR,
    CHECKED_EVERY,
    LEARNT_WITHIN,
    LONGEST_LIFE,
    LONGEST_OFFLINE,
    PUBLISHED_BEFORE,
    READ_AFTER,
    KeptKeys,
    KeyFile,
    TokenKey,
    choose_offline_signer,
    choose_signer,
    list_readable,
    read_token_keys,
    replace_file,
    rotate,
    write_token_keys,
)
from backend.gateways.tokens import TokenIssuer
from backend.people.sessions import ACCESS_LIFETIME
from backend.principals import Principal, PrincipalKind
from tests.backend.gateways.signing import NOON, make_key

ISSUER = "https://score.example"
CITIZEN = Principal(kind=PrincipalKind.CITIZEN, id="0195", scopes=frozenset({"score:read"}))
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
FIRST = read_token_keys(make_signing_keys(NOON))


def find_key_id(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with one key that has always signed."""
    path = tmp_path / "keys.json"
    path.write_text(write_token_keys(FIRST), encoding="utf-8")
    return path


def rotate_file(path: Path, now: datetime, *, at_once: bool = False) -> None:
    replace_file(path, write_token_keys(rotate(read_token_keys(path.read_text()), now, at_once=at_once)))


def test_a_key_is_published_then_signs_then_is_read_then_is_gone() -> None:
    older, newer = rotate(FIRST, NOON)
    begins_at = NOON + PUBLISHED_BEFORE
    assert [choose_signer((older, newer), moment) for moment in (NOON, begins_at - SECOND, begins_at)] == [
        older,
        older,
        newer,
    ]
    assert older.read_until == begins_at + READ_AFTER
    assert READ_AFTER >= LONGEST_LIFE + CACHED_FOR
    (kept, newest) = rotate((older, newer), older.read_until)
    assert (kept.key_id, newest.key_id not in {older.key_id, newer.key_id}) == (newer.key_id, True)


def test_a_rotation_waits_for_the_one_before() -> None:
    keys = rotate(FIRST, NOON)
    with pytest.raises(KeySetError, match=f"key {keys[1].key_id} begins to sign at 2026-03-02T04:15:00"):
        rotate(keys, NOON + PUBLISHED_BEFORE - SECOND)
    assert len(rotate(keys, NOON + PUBLISHED_BEFORE)) == 3


def test_of_stolen_keys_none_is_left() -> None:
    (only,) = rotate(rotate(FIRST, NOON), NOON + MINUTE, at_once=True)
    assert choose_signer((only,), NOON + MINUTE) == only


def test_times_survive_the_file() -> None:
    keys = rotate(FIRST, NOON)
    assert [(key.key_id, key.signs_from, key.read_until) for key in read_token_keys(write_token_keys(keys))] == [
        (key.key_id, key.signs_from, key.read_until) for key in keys
    ]


def check_no_token_is_lost(path: Path) -> None:
    """Issue a token of the longest life every 5 minutes through two rotations, and read each through all of it."""
    one, other = (TokenIssuer.from_file(path, issuer=ISSUER) for _ in range(2))
    alive: list[tuple[str, datetime]] = []
    for step in range(60):
        now = NOON + step * 5 * MINUTE
        if step in {2, 30}:
            rotate_file(path, now)
        alive.append((one.issue(CITIZEN, LONGEST_LIFE, now), now + LONGEST_LIFE))
        alive = [(token, until) for token, until in alive if now < until]
        for token, _ in alive:
            try:
                other.read(token, now)
            except TokenError as error:
                raise AssertionError(f"at step {step}: {error.code}") from None
        signer = choose_signer(read_token_keys(path.read_text()), now)
        assert find_key_id(alive[-1][0]) == signer.key_id


def test_no_token_is_lost_over_rotations(file: Path) -> None:
    check_no_token_is_lost(file)


@pytest.mark.parametrize(
    ("name", "value"), [("READ_AFTER", timedelta(0)), ("CHECKED_EVERY", timedelta(days=1))], ids=["overlap", "reload"]
)
def test_a_rotation_that_loses_tokens_is_caught(
    file: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: timedelta
) -> None:
    monkeypatch.setattr(f"backend.gateways.token_keys.{name}", value)
    with pytest.raises(AssertionError):
        check_no_token_is_lost(file)


def check_gates_know_the_keys() -> None:
    """Sign for a day offline every 3 hours through rotations; a gate that learnt our keys a day ago reads it all along.

    The keys are rotated once early and then as often as it goes.
    """
    keys, hours = FIRST, timedelta(hours=3)
    learnt: list[tuple[datetime, set[str]]] = []
    signed: list[tuple[datetime, str]] = []
    for step in range(60):
        now = NOON + step * hours
        if step in {9, 17, 18, 40}:
            keys = rotate(keys, now)
        learnt.append((now, {key.key_id for key in list_readable(keys, now)}))
        signed.append((now, choose_offline_signer(keys, now, until=now + LONGEST_OFFLINE).key_id))
    for signed_at, key_id in signed:
        for learnt_at, known in learnt:
            if signed_at - LEARNT_WITHIN <= learnt_at <= signed_at + LONGEST_OFFLINE:
                assert key_id in known, (signed_at, learnt_at)


def test_a_gate_that_learns_the_keys_once_a_day_knows_each(monkeypatch: pytest.MonkeyPatch) -> None:
    check_gates_know_the_keys()
    monkeypatch.setattr("backend.gateways.token_keys.READ_AFTER", LONGEST_OFFLINE + CACHED_FOR)
    with pytest.raises(AssertionError):
        check_gates_know_the_keys()


def test_what_is_signed_offline_ends_with_its_key_and_is_no_token(file: Path) -> None:
    issuer = TokenIssuer(dict.fromkeys(["k"], make_key()), issuer=ISSUER)
    with pytest.raises(ValueError, match="type of its own"):
        issuer.sign_offline({}, kind="at+jwt", now=NOON, until=NOON + MINUTE)
    signed = issuer.sign_offline({"sub": "x", "aud": ISSUER, "jti": "1"}, kind="list", now=NOON, until=NOON + MINUTE)
    with pytest.raises(TokenError) as caught:
        issuer.read(signed.text, NOON)
    assert caught.value.code is TokenFault.WRONG_TYPE
    rotate_file(file, NOON)
    only_old = KeptKeys(read_token_keys(file.read_text())[:1])
    ending = TokenIssuer(only_old, issuer=ISSUER).sign_offline(
        {"sub": "x"}, kind="list", now=NOON, until=NOON + timedelta(days=9)
    )
    assert ending.expires_at == only_old.list_keys(NOON)[0].read_until


def test_a_key_past_its_time_is_not_read(file: Path) -> None:
    issuer = TokenIssuer.from_file(file, issuer=ISSUER)
    token = issuer.issue(CITIZEN, MINUTE, NOON)
    rotate_file(file, NOON, at_once=True)
    with pytest.raises(TokenError) as caught:
        issuer.read(token, NOON + CHECKED_EVERY)
    assert caught.value.code is TokenFault.UNKNOWN_KEY


def test_the_published_set_holds_the_next_key_and_no_secret(file: Path) -> None:
    issuer = TokenIssuer.from_file(file, issuer=ISSUER)
    issuer.issue(CITIZEN, MINUTE, NOON)
    rotate_file(file, NOON)
    for now, count in ((NOON + CHECKED_EVERY, 2), (NOON + PUBLISHED_BEFORE + READ_AFTER, 1)):
        published = issuer.list_public_keys(now)
        assert [set(key) for key in published] == [{"kid", "kty", "crv", "x", "y", "use", "alg"}] * count
        assert len(read_public_keys(json.dumps({"keys": published}))) == count


def test_a_file_that_turned_bad_is_told_once_and_the_keys_stay(file: Path) -> None:
    issuer, stream = TokenIssuer.from_file(file, issuer=ISSUER), StringIO()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(stream), cache_logger_on_first_use=False)
    try:
        for step, content in enumerate(("{", "{", '{"keys": []}')):
            replace_file(file, content)
            for later in (0, 3):
                now = NOON + (step * 10 + later) * SECOND
                assert issuer.read(issuer.issue(CITIZEN, MINUTE, now), now) == CITIZEN
        file.unlink()
        assert issuer.issue(CITIZEN, MINUTE, NOON + 60 * SECOND)
    finally:
        structlog.reset_defaults()
    assert stream.getvalue().count("token_keys_unusable") == 4


def test_readers_and_a_writer_at_once_see_whole_files(file: Path) -> None:
    key_file = KeyFile(file)

    def read(number: int) -> int:
        return len(key_file.list_keys(NOON + number * CHECKED_EVERY))

    def write(number: int) -> int:
        rotate_file(file, NOON + number * PUBLISHED_BEFORE)
        return 2

    with ThreadPoolExecutor(4) as pool:
        reads = [pool.submit(read, number) for number in range(200)]
        writes = [pool.submit(write, number) for number in (1,)]
    assert {done.result() for done in reads + writes} <= {1, 2}


def test_a_file_is_replaced_for_its_owner_alone_and_nothing_is_left_beside_it(file: Path) -> None:
    file.chmod(0o644)
    replace_file(file, "new")
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("new", 0o600)
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_file_that_cannot_be_read_is_told_once_and_tried_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key_file, stream = KeyFile(file), StringIO()
    rotate_file(file, NOON)  # and after that nothing about the file changes
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(stream), cache_logger_on_first_use=False)
    try:
        for minutes, fault in ((1, PermissionError(errno.EACCES, "no")), (2, OSError(errno.EIO, "no"))):
            with monkeypatch.context() as patch:
                patch.setattr(Path, "read_bytes", raising(fault))
                patch.setattr(Path, "read_text", raising(fault))
                moments = [NOON + minutes * MINUTE + step * CHECKED_EVERY for step in range(3)]
                assert [len(key_file.list_keys(moment)) for moment in moments] == [1] * 3
        assert stream.getvalue().count("token_keys_unusable") == 2
        assert len(key_file.list_keys(NOON + 60 * MINUTE)) == 2
    finally:
        structlog.reset_defaults()


def raising(fault: Exception) -> Callable[..., str]:
    def read(*_: object, **__: object) -> str:
        raise fault

    return read


def test_a_file_that_is_away_is_told_once_and_read_when_it_is_back(file: Path) -> None:
    key_file, stream, aside = KeyFile(file), StringIO(), file.with_name("aside")
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(stream), cache_logger_on_first_use=False)
    try:
        for turn in range(2):
            file.rename(aside)
            for step in range(3):
                assert len(key_file.list_keys(NOON + turn * MINUTE + step * CHECKED_EVERY)) == 1
            aside.rename(file)
            key_file.list_keys(NOON + turn * MINUTE + 30 * SECOND)
        assert stream.getvalue().count("token_keys_unusable") == 2
    finally:
        structlog.reset_defaults()
    rotate_file(file, NOON)
    assert len(key_file.list_keys(NOON + 5 * MINUTE)) == 2


def check_every_change_is_noticed(file: Path) -> None:
    """The file is written anew in place, with another key, and its time put back."""
    key_file, before = KeyFile(file), file.stat()
    other = write_token_keys(read_token_keys(make_signing_keys(NOON)))
    while file.stat().st_ctime_ns == before.st_ctime_ns:  # the clock of a file system ticks slowly
        file.write_text(other, encoding="utf-8")
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = file.stat()
    assert (after.st_mtime_ns, after.st_ino, after.st_size) == (before.st_mtime_ns, before.st_ino, before.st_size)
    assert [key.key_id for key in key_file.list_keys(NOON)] == [key.key_id for key in read_token_keys(other)]


def test_a_change_that_leaves_size_and_time_as_they_were_is_noticed(file: Path) -> None:
    check_every_change_is_noticed(file)


def test_looking_at_size_and_time_alone_is_caught(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def look(path: Path) -> tuple[int, ...]:
        status = path.stat()
        return status.st_mtime_ns, status.st_ino, status.st_size

    monkeypatch.setattr("backend.gateways.token_keys._stamp", look)
    with pytest.raises(AssertionError):
        check_every_change_is_noticed(file)


def test_no_token_of_the_service_outlives_its_key() -> None:
    assert max(ACCESS_LIFETIME, TOKEN_LIFETIME) <= LONGEST_LIFE


def test_when_every_key_has_ended_nothing_is_signed() -> None:
    with pytest.raises(KeySetError, match="no token key may be used any more"):
        choose_signer((TokenKey("k", make_key(), read_until=NOON),), NOON)


def test_before_all_times_the_first_to_come_signs() -> None:
    keys = rotate(FIRST, NOON, at_once=True)
    assert choose_signer(keys, NOON - MINUTE) == keys[0]


@pytest.mark.parametrize(("name", "value"), [("signs_from", "soon"), ("read_until", 7), ("read_until", "2026-03-02")])
def test_a_time_that_is_none_is_refused(name: str, value: object) -> None:
    document = json.loads(make_signing_keys(NOON))
    document["keys"][0][name] = value
    with pytest.raises(KeySetError, match="that is no moment"):
        read_token_keys(json.dumps(document))
