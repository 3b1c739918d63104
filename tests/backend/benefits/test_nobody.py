"""Whoever is not known is stood in for by one subject, which is there from the first time on."""

import pytest

from backend.benefits import nobody
from backend.benefits.nobody import NOBODY, find_or_add_nobody
from backend.people.tables import find_subject
from tests.backend.city import make_person, make_resident_id, running_city


def test_somebody_or_nobody_is_always_there(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_city(database_url) as city:
        context, person = city.context, make_person()
        known = city.know(person)

        def find(number: str) -> object:
            digests = [index.digest for index in context.pseudonyms.all_indexes(number)]
            with city.database.transaction() as session:
                found = find_or_add_nobody(
                    session, digests, pseudonyms=context.pseudonyms, sealer=context.sealer, now=city.now()
                )
                assert find_subject(session, found) is not None
                return found

        with monkeypatch.context() as planted:
            planted.setattr(nobody, "_add_nobody", lambda *_, **__: None)
            with pytest.raises(LookupError, match="is not there"):
                find(make_resident_id())
        assert [find(make_resident_id()), find(make_resident_id()), find(person.id_number)] == [NOBODY, NOBODY, known]
