import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from backend.gateways.exchange_keys import (
    KEPT_AFTER,
    TAKES_OVER_AFTER,
    ExchangeKeys,
    SealingKey,
    read_exchange_keys,
    rotate_exchange,
    write_exchange_keys,
)
from backend.gateways.key_making import make_exchange_keys, make_sealing_entry, make_signing_entry
from backend.gateways.partner_keys import PartnerKeys, read_partner_keys
from backend.gateways.sealed_messages import SealedMessageError, SealedMessageFault, seal_for
from backend.gateways.signed_claims import KeySetError
from backend.gateways.token_keys import CHECKED_EVERY, replace_file
from tests.backend.gateways.signing import NOON

FIRST = read_exchange_keys(make_exchange_keys(NOON))
SECOND, STEP = timedelta(seconds=1), timedelta(hours=5)
SECRET = {"id_number": "410102199003071234"}


def learn(keys: ExchangeKeys, now: datetime) -> PartnerKeys:
    """What a partner knows that fetches our keys now."""
    return read_partner_keys(json.dumps({"keys": keys.describe(now)}))


def check_no_message_is_lost(path: Path) -> None:
    """Two machines through two rotations, with a partner that fetches keys when it meets a new one, and once a day."""
    one, other = ExchangeKeys.from_file(path), ExchangeKeys.from_file(path)
    known, learnt_at, now = learn(one, NOON), NOON, NOON
    for step in range(5 * 25):
        now = NOON + step * STEP
        if step in {1, 5 * 12}:
            replace_file(path, write_exchange_keys(rotate_exchange(read_exchange_keys(path.read_text()), now)))
        signer = one.find_signer(now)
        if signer.key_id not in known.signing or now - learnt_at >= timedelta(days=1):
            known, learnt_at = learn(other, now), now
        assert known.signing[signer.key_id] == signer.key.public_key()
        assert known.sealing is not None
        sealed = seal_for(SECRET, key_id=known.sealing.key_id, key=known.sealing.key)
        for later in (now, now + timedelta(days=8)):  # at once, and by a partner that was away over the holidays
            assert ExchangeKeys.from_file(path).open(sealed, later) == SECRET
    assert len(learn(one, now).signing) == 1


def test_no_message_is_lost_over_rotations(tmp_path: Path) -> None:
    path = tmp_path / "exchange.json"
    replace_file(path, write_exchange_keys(FIRST))
    check_no_message_is_lost(path)


def test_a_rotation_that_ends_keys_early_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "exchange.json"
    replace_file(path, write_exchange_keys(FIRST))
    monkeypatch.setattr("backend.gateways.exchange_keys.KEPT_AFTER", timedelta(0))
    with pytest.raises((AssertionError, SealedMessageError)):
        check_no_message_is_lost(path)


def test_the_next_keys_take_over_at_one_moment_and_those_before_end() -> None:
    keys = rotate_exchange(FIRST, NOON)
    held, begins_at = ExchangeKeys.from_keys(keys), NOON + TAKES_OVER_AFTER
    before, after = learn(held, begins_at - SECOND), learn(held, begins_at)
    assert set(before.signing) == set(after.signing) == {keys[0].key_id, keys[1].key_id}
    assert [held.find_signer(moment).key_id for moment in (begins_at - SECOND, begins_at)] == list(before.signing)
    assert before.sealing is not None
    assert after.sealing is not None
    assert (before.sealing.key_id, after.sealing.key_id) == (keys[2].key_id, keys[3].key_id)
    late = seal_for(SECRET, key_id=before.sealing.key_id, key=before.sealing.key)
    assert held.open(late, begins_at + KEPT_AFTER - SECOND) == SECRET
    with pytest.raises(SealedMessageError) as caught:
        held.open(late, begins_at + KEPT_AFTER)
    assert caught.value.fault is SealedMessageFault.UNKNOWN_KEY
    assert set(held.list_public(begins_at + KEPT_AFTER)) == {keys[1].key_id}
    with pytest.raises(KeySetError, match="rotate again after that"):
        rotate_exchange(keys, begins_at - SECOND)
    assert len(rotate_exchange(keys, begins_at + KEPT_AFTER)) == 4


def test_of_stolen_keys_none_is_left() -> None:
    keys = rotate_exchange(FIRST, NOON, at_once=True)
    held = ExchangeKeys.from_keys(keys)
    assert {key.key_id for key in keys}.isdisjoint(key.key_id for key in FIRST)
    assert [entry["kid"] for entry in held.describe(NOON)] == [key.key_id for key in keys]
    assert held.find_signer(NOON) is keys[0]


def test_the_file_keeps_times_and_what_is_published_no_secret(tmp_path: Path) -> None:
    keys, path = rotate_exchange(FIRST, NOON), tmp_path / "exchange.json"
    assert write_exchange_keys(read_exchange_keys(write_exchange_keys(keys))) == write_exchange_keys(keys)
    replace_file(path, write_exchange_keys(FIRST))
    held = ExchangeKeys.from_file(path)
    replace_file(path, write_exchange_keys(keys))
    published = held.describe(NOON + CHECKED_EVERY)
    assert [set(entry) for entry in published] == [{"kid", "kty", "crv", "x", "y", "use", "alg"}] * 3
    assert all(str(key.key.private_numbers().private_value) not in repr(key) for key in keys)
    assert any(isinstance(key, SealingKey) for key in keys)


@pytest.mark.parametrize(
    ("entries", "what"),
    [
        ([make_signing_entry(NOON)], "one of use sig and one of use enc"),
        ([make_sealing_entry(NOON)], "one of use sig and one of use enc"),
        ([make_signing_entry(NOON) | {"use": "enc"}], "no use in the exchange"),
        ([make_sealing_entry(NOON) | {"alg": "ECDH-ES"}], "no use in the exchange"),
        ([make_sealing_entry(NOON) | {"opened_until": "tomorrow"}], "opened_until that is no moment"),
    ],
)
def test_an_unusable_file_says_what_is_wrong(entries: list[dict[str, str]], what: str) -> None:
    with pytest.raises(KeySetError, match=what):
        read_exchange_keys(json.dumps({"keys": entries}))
