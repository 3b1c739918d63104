"""Whoever goes through every operation leaves no trace of who he is: not in logs, answers, figures, dumps (R30)."""

import io
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import structlog
from sqlalchemy import make_url
from typing_extensions import override
from werkzeug.test import TestResponse

from backend.gateways.pseudonyms import KeyedIndex, Pseudonyms
from backend.web.declaration import Operation
from backend.web.logs import configure_logs
from tests.backend.cli.prompt import install, run
from tests.backend.records.filing import let_work
from tests.backend.records.handing import HEALTH, TRAFFIC
from tests.door.canaries import HOW_MANY, Canary, Search, make_canaries, spell
from tests.door.door import Call, Door, Scene, renew_key
from tests.door.examples import Making, make_example, prepare
from tests.door.findings import must_be_empty
from tests.door.policy import Policy, read_policy
from tests.door.state import read_state

POLICY_TABLE = read_policy()
CANARIES = make_canaries()
_POINTER = re.compile(r'"pointer":"(?:[^"\\]|\\.)*"')
# Commands that tell something about people; each must do so without naming them.
COMMANDS = (["doubts", "list"], ["clients", "list"], ["work", "parked"], ["purge"])


@dataclass
class Ear:
    """What was said: the log, and every answer as it left."""

    log: io.StringIO = field(default_factory=io.StringIO)
    answers: list[str] = field(default_factory=list)

    def hear(self, answer: TestResponse, *, told: bool = False) -> TestResponse:
        """Remember an answer, unless it is one that names the person, to whoever has to be `told`."""
        if not told or answer.status_code >= HTTPStatus.BAD_REQUEST:
            # Where something is wrong in a request is told by names of the caller's own, to nobody but him.
            self.answers.append(f"{answer.headers}\n{_POINTER.sub('', answer.text)}")
        return answer


@pytest.fixture
def ear() -> Iterator[Ear]:
    """The logs of the process, all of them, set up anew and put back afterwards."""
    ear, handlers, level = Ear(), logging.root.handlers[:], logging.root.level
    configure_logs("DEBUG", ear.log)
    yield ear
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def test_nobody_is_named_anywhere(door: Door, ear: Ear, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    must_be_empty(find_traces(door, ear, tmp_path, capfd))


@pytest.mark.long
@pytest.mark.timeout(1_200)
def test_nobody_is_named_anywhere_with_every_text_in_every_place(
    both_doors: Door, ear: Ear, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    must_be_empty(find_traces(both_doors, ear, tmp_path, capfd, everywhere=True))


def find_traces(
    door: Door, ear: Ear, folder: Path, capfd: pytest.CaptureFixture[str], *, everywhere: bool = False
) -> Iterator[str]:
    """Where any of the canaries is left behind after all of them went through; one sentence a spelling."""
    drive(door, POLICY_TABLE, ear, everywhere=everywhere)
    told = {" ".join(command): tell(door, folder, command) for command in COMMANDS}
    output = capfd.readouterr()
    places = list_places(door, ear) | {"the output": (output.out + output.err).encode()} | told
    if len(places["the log"]) < 100 * HOW_MANY:
        yield "the log is too short to have heard of everybody"
    names = [each.name for each in door.operations if each.name in POLICY_TABLE]
    for sentence in Search(CANARIES).find_in_all(places):
        met = re.search(r" of ([0-9]+) ", sentence)
        yield f"{sentence}, who went through {names[int(met[1]) % len(names)]}" if met else sentence


@pytest.mark.parametrize(
    ("how", "place"),
    [
        ("log", "the log"),
        ("column", "the tables"),
        ("answer", "the answers"),
        ("header", "the answers"),
        ("output", "the output"),
    ],
)
def test_a_leak_is_found(sabotaged: Door, ear: Ear, capfd: pytest.CaptureFixture[str], how: str, place: str) -> None:
    operation = next(each for each in sabotaged.operations if each.name == "whisper")
    call = prepare(sabotaged, operation, sabotaged.make_scene())
    leak = call.saying({"text": f"{how}:{CANARIES[7].person.id_number}"})
    assert ear.hear(sabotaged.send(leak)).status_code == 200
    output = capfd.readouterr()
    places = list_places(sabotaged, ear) | {"the output": (output.out + output.err).encode()}
    found = list(Search(CANARIES).find_in_all(places))
    assert found
    assert all("the number of 7" in sentence for sentence in found), found
    assert any(sentence.startswith(place) for sentence in found), found


def test_every_spelling_is_found() -> None:
    search = Search(CANARIES)
    for how, spelling in spell(CANARIES[3].person.id_number):
        found = list(search.find("here", b"x" * 11 + spelling + b"y"))
        assert any("the number of 3" in sentence for sentence in found), how


def drive(door: Door, policy: Policy, ear: Ear, *, everywhere: bool) -> None:
    """Let every canary go through an operation, well and badly, so that each operation meets several of them.

    Each of them puts one spelling of himself into the places of a body, another for each round; all if `everywhere`.
    """
    operations = [each for each in door.operations if each.name in policy]
    falling = door.standing_on(replace(door.city.context, pseudonyms=Falling(door.city.context.pseudonyms)))
    for number, canary in enumerate(CANARIES):
        operation = operations[number % len(operations)]
        kinds = sorted(operation.kinds)
        side = door.make_side(TRAFFIC if number % 3 == 2 else HEALTH, person=canary.person)
        scene = Scene(own=side, other=side)
        call = prepare(door, operation, scene, kind=kinds[number % len(kinds)])
        told = bool(policy[operation.name].shows)  # its answer names the person, to whoever has to know
        ear.hear(door.send(call), told=told)
        texts = list_texts(canary)
        chosen = texts if everywhere else [texts[number // len(operations) % len(texts)]]
        attempts = list(list_bad_calls(door, operation, call, canary, chosen))
        for attempt in attempts if everywhere else attempts[number // len(operations) % 3 :: 3]:
            ear.hear(door.send(renew_key(attempt)), told=told)
        # Whoever sends a number as his own request id gets it back; it must go nowhere else.
        door.send(call.having(X_Request_Id=canary.person.id_number))
        ear.hear(falling.send(renew_key(call)), told=told)
    let_work(door.city)
    figures = door.find_operation("read_metrics")
    assert figures is not None
    ear.hear(door.send(prepare(door, figures, door.make_scene())))


def list_texts(canary: Canary) -> list[object]:
    """Ways in which somebody writes his number into a text or a number field."""
    number = canary.person.id_number
    spaced = f"{number[:6]} {number[6:14]} {number[14:]}"
    return [number, f"{canary.person.name} {number}", spaced, number.lower(), int(number[:17])]


def list_bad_calls(door: Door, operation: Operation, call: Call, canary: Canary, texts: list[object]) -> Iterator[Call]:
    """The same call with the person in every place where somebody could put him by mistake."""
    number, name, phone = canary.person.id_number, canary.person.name, canary.phone
    yield replace(call, query={**call.query, "id_number": number, "phone": phone, "name": name})
    yield replace(call, query=dict.fromkeys(call.query, number))
    yield replace(call, variables=dict.fromkeys(call.variables, number.ljust(43, "0")))
    quoted = urlencode({"": name})[1:]
    yield call.having(User_Agent=f"{number} {quoted}", Referer=f"https://i.example/?id={number}&phone={phone}")
    yield call.having(
        X_Forwarded_For=number, Cookie=f"id={number}", If_None_Match=f'"{number}"', Accept_Language=number
    )
    yield call.having(Authorization=f"Bearer {number}")
    yield call.having(Authorization=f"Basic {number}")
    yield call.having(Acting_Clerk=number)
    if "Idempotency-Key" in call.headers:
        yield replace(call, headers={**call.headers, "Idempotency-Key": number})
    if operation.body is None:
        return
    example = make_example(Making(door, operation, door.make_scene().own))
    yield call.saying({**example, "phone": phone, number: name})
    for text in texts:
        yield from (call.saying(changed) for changed in change_texts(example, text))


def change_texts(value: Any, text: object) -> Iterator[Any]:  # noqa: ANN401 - JSON
    """A body again and again, each time with `text` in the place of another of its texts, or as another's key."""
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, member in items:
        changes = [text] if isinstance(member, str) else change_texts(member, text)
        for changed in changes:
            if isinstance(value, Mapping):
                yield {**value, key: changed}
            else:
                yield [*value[:key], changed, *value[key + 1 :]]
    if isinstance(value, Mapping):
        yield {**value, str(text): text}


class Falling(Pseudonyms):
    """Pseudonyms that fall over with everything in the text of the exception, as a library might."""

    def __init__(self, good: Pseudonyms) -> None:
        self.__dict__.update(good.__dict__)

    @override
    def all_indexes(self, identity_number: str) -> tuple[KeyedIndex, ...]:
        raise RuntimeError(f"no index for {identity_number}")


def list_places(door: Door, ear: Ear) -> dict[str, bytes]:
    """Where somebody could have been left behind."""
    tables = read_state(door.database)
    content = "\n".join(repr(row) for rows in tables.values() for row in rows).encode()
    content += b"\n".join(
        value for rows in tables.values() for row in rows for value in row if isinstance(value, bytes)
    )
    places = {
        "the log": ear.log.getvalue().encode(),
        "the answers": "\n".join(ear.answers).encode(),
        "the tables": content,
    }
    file = make_url(str(door.database.engine.url)).database
    if door.database.dialect_name == "sqlite" and file is not None:
        for path in sorted(Path(file).parent.glob(f"{Path(file).name}*")):
            places[f"the file {path.suffix}"] = path.read_bytes()
    return places


def tell(door: Door, folder: Path, command: list[str]) -> bytes:
    """What a command says on the terminal."""
    keys = folder / "keys-of-commands"
    url = door.database.engine.url.render_as_string(hide_password=False)
    environment = install(keys / "_".join(command).replace("-", ""), url)
    result = run(command, environment)
    assert result.exit_code == 0, result.output
    return result.output.encode()
