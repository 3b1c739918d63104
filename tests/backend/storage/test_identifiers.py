from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.storage.identifiers import IdentifierSource, new_id

NOON = datetime(2026, 3, 2, 4, 0, 0, 123_000, tzinfo=UTC)


def test_an_identifier_has_version_variant_and_moment() -> None:
    made = IdentifierSource().next(NOON)
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert made.int >> 80 == 1772424000123


def test_the_moment_of_the_example_of_the_rfc() -> None:
    # RFC 9562, appendix A.6: 2022-02-22T14:22:22-05:00 is 0x017F22E279B0.
    made = IdentifierSource().next(datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC))
    assert str(made).startswith("017f22e2-79b0-7")


@given(st.lists(st.timedeltas(min_value=timedelta(days=-2), max_value=timedelta(days=2)), max_size=50))
def test_each_is_greater_than_the_one_before_whatever_the_clock_does(steps: list[timedelta]) -> None:
    source = IdentifierSource()
    made = [source.next(NOON + step) for step in steps]
    assert made == sorted(set(made))
    assert all(identifier.version == 7 for identifier in made)


def test_threads_get_different_identifiers() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: new_id(NOON), range(4000)))
    assert len(set(made)) == 4000


def test_two_sources_differ_at_the_same_moment() -> None:
    assert IdentifierSource().next(NOON) != IdentifierSource().next(NOON)


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(TypeError):
        new_id(NOON.replace(tzinfo=None))
