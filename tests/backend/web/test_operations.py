from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask

from backend.app import create_app
from backend.principals import PrincipalKind
from backend.storage.database import Database
from backend.web.declaration import DeclarationError, Operation, Repeats
from backend.web.operations import Blueprint, list_operations, seal
from backend.web.problems import ProblemCode
from tests.backend.web.probe import ID_NUMBER, NewNoteSchema, Probe, blueprint, read_json


def view_of(*names: str) -> Callable[..., object]:
    """A view that asks for `names`, by keyword."""
    space: dict[str, Callable[..., object]] = {}
    exec(f"def view({'*, ' if names else ''}{', '.join(names)}): ...", space)  # noqa: S102 - any signature at will
    return space["view"]


SOUND: dict[str, object] = {
    "method": "GET",
    "path": "/things",
    "view": view_of(),
    "kinds": frozenset({PrincipalKind.CITIZEN}),
    "scope": "things:read",
    "summary": "Things",
    "writes": False,
}
UNSOUND: dict[str, dict[str, object]] = {
    "nobody": {"kinds": frozenset()},
    "no scope": {"scope": None},
    "scope without a verb": {"scope": "things"},
    "scope for anyone": {"kinds": frozenset({PrincipalKind.ANYONE})},
    "anyone among others": {"kinds": frozenset({PrincipalKind.ANYONE, PrincipalKind.CITIZEN})},
    "no summary": {"summary": " "},
    "unknown method": {"method": "BREW"},
    "integer in the path": {"path": "/things/<int:thing_id>", "view": view_of("thing_id")},
    "unbounded text in the path": {"path": "/things/<thing_id>", "view": view_of("thing_id")},
    "capitals in the path": {"path": "/Things"},
    "variable not asked for": {"path": "/things/<uuid:thing_id>"},
    "view asks for more than it gets": {"view": view_of("password")},
    "body without a schema": {"view": view_of("body"), "method": "POST", "repeats": Repeats.HARMLESS},
    "schema without a body": {"body": NewNoteSchema, "method": "POST", "repeats": Repeats.HARMLESS},
    "body of a GET": {"body": NewNoteSchema, "view": view_of("body")},
    "query without a schema": {"view": view_of("query")},
    "positional view": {"view": lambda thing: thing},
    "POST without a word on repeats": {"method": "POST", "writes": True},
    "key on a GET": {"repeats": Repeats.BY_KEY},
    "key for anyone": {
        "method": "POST",
        "kinds": frozenset({PrincipalKind.ANYONE}),
        "scope": None,
        "repeats": Repeats.BY_KEY,
        "writes": True,
    },
}


def test_a_sound_declaration_is_taken() -> None:
    assert Operation(**SOUND).name == "view"  # type: ignore[arg-type]  # one dict for all types of arguments


@pytest.mark.parametrize("change", UNSOUND.values(), ids=UNSOUND.keys())
def test_an_incomplete_declaration_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(DeclarationError):
        Operation(**(SOUND | change))  # type: ignore[arg-type]


def test_every_route_comes_from_an_operation_and_serves_its_method_only(probe: Probe) -> None:
    rules = list(probe.app.url_map.iter_rules())
    assert len(rules) == len(list_operations(probe.app)) > 10
    assert all("OPTIONS" not in (rule.methods or set()) for rule in rules)


def plant_plain_route(app: Flask) -> None:
    app.add_url_rule("/back-door", "back_door", lambda: "open")


def plant_static_files(app: Flask) -> None:
    app.add_url_rule("/static/<path:filename>", "static", app.send_static_file)


def plant_another_method(app: Flask) -> None:
    app.add_url_rule("/v1/probe/scarce", "probe.read_scarce", methods=["DELETE"])


def plant_a_second_name(app: Flask) -> None:
    twice = Blueprint("twice", __name__)
    declare = twice.operation("GET", "/again", kinds={PrincipalKind.ANYONE}, summary="Again")

    @declare
    def read_scarce() -> None: ...

    app.register_blueprint(twice)


@pytest.mark.parametrize("plant", [plant_plain_route, plant_static_files, plant_another_method, plant_a_second_name])
def test_an_undeclared_route_keeps_the_application_from_starting(probe: Probe, plant: Callable[[Flask], None]) -> None:
    seal(probe.app)
    plant(probe.app)
    with pytest.raises(DeclarationError):
        seal(probe.app)


def test_without_a_token_the_answer_is_401_with_a_challenge(probe: Probe) -> None:
    answer = probe.client().get("/v1/probe/notes")
    assert answer.status_code == 401
    assert read_json(answer)["code"] == "token_missing"
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="shangding"'


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer ", "Bearer x", "Bearer a.b.c", "Basic dTpw", "Bearer  x", "bearer \u00e9"]
)
def test_a_token_that_is_none_is_refused(probe: Probe, value: str) -> None:
    answer = probe.client().get("/v1/probe/notes", headers={"Authorization": value})
    assert answer.status_code == 401
    assert read_json(answer)["code"] == "token_invalid"
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_an_expired_token_is_refused_as_expired(probe: Probe) -> None:
    headers = probe.sign_in("notes:read", lifetime=timedelta(minutes=-5))
    answer = probe.client().get("/v1/probe/notes", headers=headers)
    assert (answer.status_code, read_json(answer)["code"]) == (401, "token_expired")


@pytest.mark.parametrize("kind", list(PrincipalKind))
@pytest.mark.parametrize("scope", ["notes:read", "notes:write"])
def test_only_the_declared_kind_with_the_declared_scope_gets_in(probe: Probe, kind: PrincipalKind, scope: str) -> None:
    answer = probe.client().get("/v1/probe/notes", headers=probe.sign_in(scope, kind=kind))
    if kind is not PrincipalKind.CITIZEN:
        assert (answer.status_code, read_json(answer)["code"]) == (403, "principal_refused")
    elif scope != "notes:read":
        assert (answer.status_code, read_json(answer)["code"]) == (403, "scope_missing")
        assert 'scope="notes:read"' in answer.headers["WWW-Authenticate"]
    else:
        assert answer.status_code == 200


def test_every_operation_that_is_not_open_refuses_strangers(probe: Probe) -> None:
    for operation in list_operations(probe.app):
        if not operation.is_open:
            prefix = "" if operation.name == "read_metrics" else "/v1/probe"
            prefix = prefix if operation.signed_as is None else "/exchange/v1"
            path = f"{prefix}{operation.path}".replace("<uuid:note_id>", "019a0000-0000-7000-8000-000000000000")
            answer = probe.client().open(path, method=operation.method)
            assert answer.status_code == 401, operation.name


def test_who_may_not_come_in_is_told_nothing_about_his_body(probe: Probe) -> None:
    answer = probe.client().post("/v1/probe/notes", data=b"{", content_type="application/json")
    assert read_json(answer)["code"] == "token_missing"


def test_an_open_operation_does_not_look_at_tokens(probe: Probe) -> None:
    headers = {"Authorization": "Bearer nonsense"}
    assert probe.client().post("/v1/probe/echo", json={"text": "a"}, headers=headers).status_code == 200


def test_a_refusal_commits(probe_on_both: Probe) -> None:
    answer = probe_on_both.client().post("/v1/probe/refused", headers=probe_on_both.sign_in("notes:write"))
    assert (answer.status_code, read_json(answer)["code"]) == (409, "already_enrolled")
    assert probe_on_both.count_notes() == 1


def test_a_fault_rolls_back_and_says_nothing(probe_on_both: Probe, capsys: pytest.CaptureFixture[str]) -> None:
    answer = probe_on_both.client().post("/v1/probe/fault", headers=probe_on_both.sign_in("notes:write"))
    assert (answer.status_code, read_json(answer)["code"]) == (500, "internal_fault")
    assert probe_on_both.count_notes() == 0
    said = answer.text + "".join(capsys.readouterr())
    assert ID_NUMBER not in said
    assert "RuntimeError" not in answer.text
    assert "fail_after_write" in said


def test_a_read_cannot_write(probe_on_both: Probe) -> None:
    headers = probe_on_both.sign_in("notes:read")
    assert probe_on_both.client().get("/v1/probe/writing-read", headers=headers).status_code == 500
    assert probe_on_both.count_notes() == 0


def test_a_database_that_is_away_is_503_and_worth_another_try(probe: Probe) -> None:
    away = Database("sqlite:////nowhere/at/all.sqlite")
    made = create_app(replace(probe.context, database=away), (blueprint,))
    answer = made.test_client().get("/v1/probe/notes", headers=probe.sign_in("notes:read"))
    assert (answer.status_code, read_json(answer)["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "1"


def test_problem_codes_follow_from_the_declaration(probe: Probe) -> None:
    by_name = {operation.name: operation.list_problems() for operation in list_operations(probe.app)}
    assert ProblemCode.IDEMPOTENCY_KEY_MISSING in by_name["write_note"]
    assert ProblemCode.SCOPE_MISSING in by_name["read_note"]
    assert ProblemCode.TOKEN_MISSING not in by_name["echo"]
