from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gateways.sealing import Sealer, SealError

OLD, NEW = b"o" * 32, b"n" * 32
SEALER = Sealer({"s1": OLD}, "s1")
PERSON = uuid4()
NUMBER = "410102199003071234"


@given(st.text())
def test_what_is_sealed_is_opened_again(plain: str) -> None:
    sealed = SEALER.seal(plain, subject_id=PERSON, field="name")
    assert SEALER.open(sealed, subject_id=PERSON, field="name") == plain


def test_nothing_shows_and_no_two_are_alike() -> None:
    one = SEALER.seal(NUMBER, subject_id=PERSON, field="identity")
    assert NUMBER.encode() not in one
    assert one != SEALER.seal(NUMBER, subject_id=PERSON, field="identity")


def test_a_sealed_value_opens_in_its_own_place_only() -> None:
    sealed = SEALER.seal(NUMBER, subject_id=PERSON, field="identity")
    with pytest.raises(SealError, match="another subject or field"):
        SEALER.open(sealed, subject_id=uuid4(), field="identity")
    with pytest.raises(SealError, match="another subject or field"):
        SEALER.open(sealed, subject_id=PERSON, field="name")


def test_every_flipped_bit_and_every_cut_is_noticed() -> None:
    sealed = SEALER.seal(NUMBER, subject_id=PERSON, field="identity")
    spoilt = [
        sealed[:at] + bytes([sealed[at] ^ 1 << bit]) + sealed[at + 1 :] for at in range(len(sealed)) for bit in range(8)
    ]
    for value in (*spoilt, *(sealed[:end] for end in range(len(sealed))), sealed + b"\0"):
        with pytest.raises(SealError):
            SEALER.open(value, subject_id=PERSON, field="identity")


def test_keys_are_changed_without_losing_values() -> None:
    sealed = SEALER.seal(NUMBER, subject_id=PERSON, field="identity")
    both = Sealer({"s2": NEW, "s1": OLD}, "s2")
    assert both.open(sealed, subject_id=PERSON, field="identity") == NUMBER
    assert not both.is_current(sealed)
    assert both.is_current(both.seal(NUMBER, subject_id=PERSON, field="identity"))
    with pytest.raises(SealError, match="sealed with key 's1', which is not in SHANGDING_SEALING_KEYS"):
        Sealer({"s2": NEW}, "s2").open(sealed, subject_id=PERSON, field="identity")


def test_an_error_does_not_repeat_the_value() -> None:
    sealed = SEALER.seal(NUMBER, subject_id=PERSON, field="identity")
    with pytest.raises(SealError) as caught:
        SEALER.open(sealed, subject_id=uuid4(), field="identity")
    assert NUMBER not in str(caught.value)
