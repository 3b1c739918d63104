"""Before anybody consents he reads who gets what is told, how, and what in the treaty is anybody's own choice."""

from scenarios.treaty import OPEN, Scope
from tests.backend.city import City
from tests.backend.disclosures.asking import DOCUMENTS, HANGZHOU, consent
from tests.backend.disclosures.test_answering import settle_in
from tests.backend.disclosures.test_consents import get, withdraw


def test_receiver_method_and_note_are_shown_wherever_one_consents(city: City) -> None:
    _, subject_id = settle_in(city)
    given = consent(city, subject_id)
    [shown] = [each for each in get(city, subject_id, "cities")["items"] if each["city"] == HANGZHOU]
    asked = f"preview?city={HANGZHOU}&scope={Scope.ENTITLEMENT}&purpose=benefit"
    preview = get(city, subject_id, asked)
    # The shipped proposal leaves open who that is, and it shows.
    receiver = {"authority": OPEN.zh, "contact": OPEN.zh, "method": "加密、签名后经接口逐次告知"}
    consents = [*get(city, subject_id, "consents")["items"], withdraw(city, subject_id, given)]
    assert [each["receiver"] for each in (shown, preview, *consents)] == [receiver] * (2 + len(consents))
    assert shown["treaty"]["note"] == preview["treaty"]["note"] == DOCUMENTS[HANGZHOU].treaty.note
    told = next(each["told"] for each in shown["scopes"] if each["code"] == Scope.ENTITLEMENT)
    assert "商户" in told
    assert "凭您的证件号码" in told
