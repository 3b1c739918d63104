"""Each refusal with its law, and the nearest row that is admitted."""

from datetime import date

import pytest

from scoring.admission import LegalFacts, Row, admit
from tests.scoring.small_city import CATALOGUE

RECEIVED_ON = date(2026, 6, 1)
FINAL = LegalFacts(document_no="城罚〔2026〕1号", procedure="ordinary", finality="no_appeal_in_time")
GOOD_FINE = Row("FINE", "natural_person", date(2026, 5, 1), None, {"amount_fen": 50_000}, FINAL)
GOOD_ARREARS = Row(
    "ARREARS",
    "natural_person",
    date(2025, 5, 1),
    None,
    {"months": 3},
    LegalFacts(document_no="（2025）民初1号", confirmed_by="court"),
)
GOOD_HOURS = Row("HOURS", "natural_person", date(2026, 5, 1), None, {"hours": 3}, LegalFacts())


def code_of(row: Row, department: str) -> str | None:
    refusal = admit(row, CATALOGUE, department=department, received_on=RECEIVED_ON)
    return refusal and refusal.code


def test_good_rows_are_admitted() -> None:
    assert code_of(GOOD_FINE, "court") is None
    assert code_of(GOOD_ARREARS, "waterworks") is None
    assert code_of(GOOD_HOURS, "civil_affairs") is None


def legal(
    document_no: str | None = FINAL.document_no,
    procedure: str | None = FINAL.procedure,
    finality: str | None = FINAL.finality,
    *,
    minor_and_remedied: bool = False,
) -> Row:
    return GOOD_FINE._replace(legal=LegalFacts(document_no, procedure, finality, minor_and_remedied))


@pytest.mark.parametrize(
    ("row", "code", "law"),
    [
        (GOOD_FINE._replace(indicator="GOSSIP"), "outside_catalogue", "49号"),
        (legal(procedure="simple"), "simple_procedure", "第十三条"),
        (legal(procedure=None), "simple_procedure", "第十三条"),
        (legal(minor_and_remedied=True), "minor_remedied", "第十三条"),
        (legal(finality="not_final"), "not_final", "第二十条"),
        (legal(finality=None), "not_final", "第二十条"),
        (legal(document_no=None), "no_document", "49号"),
        (GOOD_FINE._replace(fields={"amount_fen": 1, "blood_type": "A"}), "sensitive_item", "第四十五条"),
        (GOOD_FINE._replace(occurred_on=date(2021, 6, 1)), "expired", "第十九条"),
        (GOOD_FINE._replace(occurred_on=date(2026, 6, 2)), "future_day", "第十七条"),
        (GOOD_FINE._replace(ended_on=date(2026, 5, 2)), "bad_items", "第十七条"),
        (GOOD_FINE._replace(fields={}), "bad_items", "第十七条"),
        (GOOD_FINE._replace(fields={"amount_fen": True}), "bad_items", "第十七条"),
        (GOOD_FINE._replace(fields={"amount_fen": -1}), "bad_items", "第十七条"),
        (GOOD_FINE._replace(fields={"amount_fen": 1, "colour": 2}), "bad_items", "第十七条"),
        (GOOD_FINE._replace(subject_kind="enterprise"), "wrong_subject", "第十七条"),
    ],
)
def test_a_refusal_names_its_law(row: Row, code: str, law: str) -> None:
    refusal = admit(row, CATALOGUE, department="court", received_on=RECEIVED_ON)
    assert refusal is not None
    assert refusal.code == code
    assert law in refusal.law
    assert refusal.detail


def test_another_department_may_not_hand_it_in() -> None:
    assert code_of(GOOD_FINE, "waterworks") == "not_provider"


def test_adverse_facts_are_taken_for_five_years_to_the_day() -> None:
    assert code_of(GOOD_FINE._replace(occurred_on=date(2021, 6, 2)), "court") is None


def test_arrears_need_a_court_or_an_arbitration() -> None:
    unconfirmed = GOOD_ARREARS._replace(legal=GOOD_ARREARS.legal._replace(confirmed_by="none"))
    assert code_of(unconfirmed, "waterworks") == "unconfirmed_arrears"
    arbitrated = GOOD_ARREARS._replace(legal=GOOD_ARREARS.legal._replace(confirmed_by="arbitration"))
    assert code_of(arbitrated, "waterworks") is None


def test_a_listing_still_in_force_never_expires() -> None:
    listed = Row("DEFAULTER", "natural_person", date(2015, 1, 1), None, {}, LegalFacts(document_no="执1号"))
    assert code_of(listed, "court") is None
    assert code_of(listed._replace(ended_on=date(2020, 1, 1)), "court") == "expired"


def test_an_end_before_the_beginning_is_refused() -> None:
    assert code_of(GOOD_ARREARS._replace(ended_on=date(2025, 4, 30)), "waterworks") == "bad_items"


def test_a_correction_is_never_too_old() -> None:
    old = GOOD_FINE._replace(occurred_on=date(2018, 1, 1))
    assert code_of(old, "court") == "expired"
    assert admit(old, CATALOGUE, department="court", received_on=RECEIVED_ON, is_correction=True) is None


JUDGED = LegalFacts(document_no="（2026）刑初1号", finality="no_appeal_in_time")
GOOD_JUDGMENT = Row("GRADED", "natural_person", date(2026, 5, 1), None, {"stated_points": -20}, JUDGED)


@pytest.mark.parametrize(
    ("legal_facts", "code"),
    [
        (JUDGED, None),
        (JUDGED._replace(finality=None), "not_final"),
        (JUDGED._replace(finality="not_final"), "not_final"),
        (JUDGED._replace(procedure="simple"), "simple_procedure"),
        (JUDGED._replace(minor_and_remedied=True), "minor_remedied"),
    ],
)
def test_what_was_decided_elsewhere_must_be_final_too(legal_facts: LegalFacts, code: str | None) -> None:
    assert code_of(GOOD_JUDGMENT._replace(legal=legal_facts), "court") == code


def test_a_listing_need_not_say_that_it_is_final_but_may_not_say_it_is_not() -> None:
    listed = Row("DEFAULTER", "natural_person", date(2026, 1, 1), None, {}, LegalFacts(document_no="执1号"))
    assert code_of(listed, "court") is None
    assert code_of(listed._replace(legal=LegalFacts("执1号", finality="not_final")), "court") == "not_final"
