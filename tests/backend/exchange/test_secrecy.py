"""An identity number is in no log, no table, no message and no error in clear, whatever goes well or wrong."""

from dataclasses import replace

from structlog.testing import capture_logs

from backend.gateways.city_calls import MessageTag
from tests.backend.city import make_person
from tests.backend.exchange.journeys import HOME, HOST, Journey
from tests.backend.exchange.reading import dump
from tests.backend.exchange.tampering import read_call, sign_anew, write_call
from tests.backend.exchange.visitors import SHOP, call_home, come_to_counter, let_tell, visit
from tests.backend.merchants.shops import open_shop


def test_no_number_is_written_in_clear_anywhere(journey: Journey) -> None:
    open_shop(journey.host, SHOP, "bike_hire")
    stranger = make_person()
    third = make_person()  # of whom nobody has asked a moment ago
    numbers = [each.id_number for each in (journey.person, stranger, third)]
    with capture_logs() as logs:
        home = call_home(journey.host, journey.network.send)
        journey.ask()
        come_to_counter(journey.host, home, journey.person, HOME, "order-1")
        come_to_counter(journey.host, home, stranger, HOME, "order-2")
        visit(home, journey.host.know(stranger), HOME)
        let_tell(journey.home, journey.at_home, HOST)
        question = read_call(journey.catch(lambda: come_to_counter(journey.host, home, third, HOME, "order-3")))
        bent = replace(question, body=question.body.replace(b"zhengzhou", b"nanjing"))
        signed = sign_anew(bent, journey.sign_for(HOST, MessageTag.QUESTION))
        answer = journey.network.arrive(write_call(signed))
        journey.withdraw()
        journey.deliver()
    written = [repr(logs), answer.content.decode()]
    written += [repr(sent) + repr(sent.body) + repr(sent.headers) for sent in journey.network.sent]
    written += [text for city in (journey.home, journey.host) for text in dump(city.database).values()]
    assert answer.status == 422
    for number in numbers:
        assert not any(number in text for text in written)
