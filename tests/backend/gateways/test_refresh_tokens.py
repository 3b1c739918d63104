from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gateways.refresh_tokens import LONGEST_REFRESH_TOKEN, RefreshClaim, RefreshTokens

OLD, NEW = b"o" * 32, b"n" * 32
TOKENS = RefreshTokens({"k1": OLD}, "k1")
CLAIM = RefreshClaim(subject_id=uuid4(), session_id=uuid4(), generation=7)


@given(st.uuids(), st.uuids(), st.integers(1, 999_999_999))
def test_what_is_written_is_read_again(subject_id: UUID, session_id: UUID, generation: int) -> None:
    claim = RefreshClaim(subject_id=subject_id, session_id=session_id, generation=generation)
    assert TOKENS.read(TOKENS.write(claim)) == claim


def test_the_same_generation_is_the_same_token_word_for_word() -> None:
    assert TOKENS.write(CLAIM) == RefreshTokens({"k1": OLD, "k0": NEW}, "k1").write(CLAIM)


def test_a_token_is_no_longer_than_its_wire_form_allows() -> None:
    longest = RefreshTokens({"k" * 32: OLD}, "k" * 32)
    claim = RefreshClaim(subject_id=uuid4(), session_id=uuid4(), generation=999_999_999)
    assert len(longest.write(claim)) <= LONGEST_REFRESH_TOKEN


@given(st.data())
def test_no_letter_of_a_token_can_be_changed(data: st.DataObject) -> None:
    token = TOKENS.write(CLAIM)
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.characters(codec="ascii").filter(lambda other: other != token[place]))
    assert TOKENS.read(token[:place] + letter + token[place + 1 :]) is None


@given(st.text(max_size=200))
def test_no_text_is_more_than_refused(text: str) -> None:
    assert TOKENS.read(text) is None


@pytest.mark.parametrize("swap", [("sdr1", "sdr2"), (".7.", ".8."), (".7.", ".07."), (".7.", ".٧."), (".k1.", ".k2.")])
def test_parts_are_not_exchanged(swap: tuple[str, str]) -> None:
    assert TOKENS.read(TOKENS.write(CLAIM).replace(*swap)) is None


def test_keys_are_changed_without_losing_tokens() -> None:
    both = RefreshTokens({"k2": NEW, "k1": OLD}, "k2")
    assert both.read(TOKENS.write(CLAIM)) == CLAIM
    assert TOKENS.read(both.write(CLAIM)) is None
    # Under the name of another key the hash is another one too.
    assert RefreshTokens({"k1": NEW}, "k1").read(TOKENS.write(CLAIM)) is None
