from hashlib import sha256
from uuid import uuid4

import pytest

from backend.gateways.pseudonyms import Pseudonyms

NUMBER = "410102199003071234"
OLD, NEW = b"o" * 32, b"n" * 32


def test_an_index_depends_on_number_and_key_alone() -> None:
    one, other = Pseudonyms({"k": OLD}, "k"), Pseudonyms({"k": OLD}, "k")
    assert one.index(NUMBER) == other.index(NUMBER)
    assert one.index(NUMBER) != one.index(NUMBER[:-1] + "X")
    assert one.index(NUMBER).digest != Pseudonyms({"k": NEW}, "k").index(NUMBER).digest
    assert len(one.index(NUMBER).digest) == 32


def test_an_index_is_no_plain_hash_and_no_hash_with_the_settings_key() -> None:
    digest = Pseudonyms({"k": OLD}, "k").index(NUMBER).digest
    assert digest != sha256(NUMBER.encode()).digest()
    assert digest.hex() == "3bc723953401ae63816ee13914e837181676165a9134f42f64b3152996f774e8"


def test_older_keys_still_find_what_they_indexed() -> None:
    before = Pseudonyms({"old": OLD}, "old").index(NUMBER)
    now = Pseudonyms({"old": OLD, "new": NEW}, "new")
    assert now.index(NUMBER).key_id == "new"
    assert now.all_indexes(NUMBER) == (now.index(NUMBER), before)


def test_names_are_bound_to_the_person() -> None:
    pseudonyms, one, other = Pseudonyms({"k": OLD}, "k"), uuid4(), uuid4()
    digest = pseudonyms.index_name("王伟", subject_id=one).digest
    assert digest != pseudonyms.index_name("王伟", subject_id=other).digest
    assert pseudonyms.is_name("王伟", digest, subject_id=one)
    assert not pseudonyms.is_name("王伟", digest, subject_id=other)
    assert not pseudonyms.is_name("王玮", digest, subject_id=one)
    assert Pseudonyms({"n": NEW, "k": OLD}, "n").is_name("王伟", digest, subject_id=one)
    assert not Pseudonyms({"n": NEW}, "n").is_name("王伟", digest, subject_id=one)


@pytest.mark.parametrize(
    ("keys", "current", "what"),
    [({}, "k", "is not among the keys"), ({"k": OLD}, "l", "is not among"), ({"k": b"short"}, "k", "has 5 bytes")],
)
def test_an_unusable_ring_is_refused(keys: dict[str, bytes], current: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        Pseudonyms(keys, current)


def test_accounts_are_found_by_each_key_and_differ_from_numbers() -> None:
    before = Pseudonyms({"old": OLD}, "old").index_account(NUMBER)
    now = Pseudonyms({"old": OLD, "new": NEW}, "new").index_account(NUMBER)
    assert [index.key_id for index in now] == ["new", "old"]
    assert now[1:] == before
    assert before[0].digest != Pseudonyms({"old": OLD}, "old").index(NUMBER).digest


def test_what_was_tried_is_named_by_no_index_of_it() -> None:
    pseudonyms = Pseudonyms({"k": OLD}, "k")
    tried = pseudonyms.name_attempt(NUMBER)
    assert tried == pseudonyms.name_attempt(NUMBER)
    assert tried != pseudonyms.name_attempt(NUMBER[::-1])
    assert len(tried) == 32
    digests = (pseudonyms.index(NUMBER).digest, pseudonyms.index_account(NUMBER)[0].digest)
    assert all(tried not in digest.hex() for digest in digests)
