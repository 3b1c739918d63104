"""What was told ends in every city: however much it is, the notices that say so are taken there."""

from uuid import uuid4

from sqlalchemy import inspect, select

from backend.disclosures.ending import end_resting_on
from backend.disclosures.tables import DisclosureRow
from backend.exchange.schemas import MOST_QUESTIONS, WithdrawnSchema
from backend.web.writing import make_form
from tests.backend.city import City
from tests.backend.disclosures.asking import ask, consent, list_notices
from tests.backend.disclosures.test_answering import settle_in


def test_a_notice_names_no_more_than_the_protocol_has(town: City) -> None:
    person, subject_id = settle_in(town)
    consent_id = consent(town, subject_id)
    ask(town, person)
    with town.database.transaction() as session:
        told = session.scalars(select(DisclosureRow)).one()
        values = {each.key: getattr(told, each.key) for each in inspect(DisclosureRow).column_attrs}
        session.add_all(DisclosureRow(**values | {"question_id": uuid4()}) for _ in range(MOST_QUESTIONS))
        session.flush()
        ended = end_resting_on(session, subject_id, {consent_id}, about=consent_id, now=town.now())
    assert ended == MOST_QUESTIONS + 1
    notices = [content for _, _, content in list_notices(town)]
    assert [make_form(WithdrawnSchema).validate(content) for content in notices] == [{}, {}]
    assert len({each for content in notices for each in content["question_ids"]}) == MOST_QUESTIONS + 1
