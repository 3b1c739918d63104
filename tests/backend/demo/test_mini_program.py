"""The demo's platform and check: the service's own gateways get along with them."""

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from backend.clock import FixedClock
from backend.demo.cast import list_persons
from backend.demo.mini_program import (
    APP_ID,
    APP_SECRET,
    CHECK_KEY,
    CODE_LIFETIME,
    DemoPlatform,
    make_platform_blueprint,
)
from backend.demo.processes import QuietHandler
from backend.gateways.mini_program import MiniProgram, MiniProgramAccount, MiniProgramFault
from backend.gateways.real_name import RealNameAnswer, RealNameCheck
from backend.gateways.rulebook_files import read_city
from tests.backend.demo.cities import DAY, NOW

PERSONAS = list_persons(read_city("zhengzhou").catalogue_on(DAY), DAY)
PERSON = next(person for persona, person in PERSONAS if persona.key == "an_fen")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def app(clock: FixedClock) -> Flask:
    app = Flask("demo", static_folder=None)
    app.register_blueprint(make_platform_blueprint(DemoPlatform(PERSONAS), clock))
    return app


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def issue(client: FlaskClient) -> str:
    code: str = client.post("/mini-program-codes", json={"persona": "an_fen"}).get_json()["code"]
    return code


def connect(address: str, *, app_id: str = APP_ID, secret: str = APP_SECRET) -> MiniProgram:
    return MiniProgram(url=f"{address}/sns/jscode2session", app_id=app_id, secret=secret)


def test_a_code_of_a_persona_is_exchanged_once(app: Flask, address: str) -> None:
    code = issue(app.test_client())
    assert connect(address).exchange(code) == MiniProgramAccount("demo-an_fen")
    assert connect(address).exchange(code) is MiniProgramFault.CODE_USED


def test_other_codes_are_refused(app: Flask, address: str, clock: FixedClock) -> None:
    code = issue(app.test_client())
    assert connect(address).exchange("x") is MiniProgramFault.CODE_REFUSED
    assert connect(address, app_id="x").exchange(code) is MiniProgramFault.UNAVAILABLE
    assert connect(address, secret="x").exchange(code) is MiniProgramFault.UNAVAILABLE
    clock.move(CODE_LIFETIME)
    assert connect(address).exchange(code) is MiniProgramFault.CODE_REFUSED


def test_the_check_knows_the_personas_alone(address: str) -> None:
    check = RealNameCheck(url=f"{address}/real-name", key=CHECK_KEY)
    assert check.check(PERSON.name, PERSON.id_number) is RealNameAnswer.MATCH
    assert check.check("林一舟", PERSON.id_number) is RealNameAnswer.NO_MATCH
    stranger = RealNameCheck(url=f"{address}/real-name", key="x")
    assert stranger.check(PERSON.name, PERSON.id_number) is RealNameAnswer.UNAVAILABLE


@pytest.mark.parametrize("body", ["", "[]", '{"persona": 1}', '{"persona": "nobody"}'])
def test_a_call_that_names_no_persona_is_told_so(app: Flask, body: str) -> None:
    answer = app.test_client().post("/mini-program-codes", data=body)
    assert answer.status_code == 404
    assert "persona" in answer.get_json()["error"]
