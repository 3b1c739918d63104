"""What a city may call the merchant for whom it asks."""

import pytest

from backend.exchange.routes import QUESTION_EXAMPLE
from backend.exchange.schemas import QuestionSchema
from backend.web.writing import make_form
from tests.backend.city import make_person


@pytest.mark.parametrize(
    ("name", "is_taken"),
    [
        ("西湖医院", True),
        (None, True),
        ("", False),
        ("x" * 101, False),
        ("去 prize.top 领奖", False),
        ("店 {number}", False),
    ],
)
def test_a_merchant_has_a_name_that_is_one(name: str | None, *, is_taken: bool) -> None:
    called = None if name is None else name.format(number=make_person().id_number)
    flaws = make_form(QuestionSchema).validate({**QUESTION_EXAMPLE, "acting_name": called})
    assert (not flaws, set(flaws) <= {"acting_name"}) == (is_taken, True)
