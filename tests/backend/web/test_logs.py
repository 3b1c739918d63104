import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from backend.web.logs import BLACKED_OUT, configure_logs, redact
from tests.backend.web.probe import ID_NUMBER, Probe

SECRETS = {
    "18 digits": "410102199003071234",
    "17 digits and X": ID_NUMBER,
    "17 digits and x": ID_NUMBER.lower(),
    "15 digits": "410102900307123",
    "full-width": "４１０１０２１９９００３０７１２３Ｘ",
    "phone": "13812345678",
    "phone with 86": "+86 138-1234-5678",
    "bearer": "Bearer abc.def-ghi",
    "token": "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln",
}
HARMLESS = [
    "019a0000-0000-7000-8000-000000000000",
    "2026-11-22T04:00:00.123456Z",
    "0a1b2c3",
    "read_score",
    "91410100MA45ABCD1X",
    "12345678901234567890",
]


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """The logs of the process, set up anew and put back afterwards."""
    found = io.StringIO()
    handlers, level = logging.root.handlers[:], logging.root.level
    configure_logs("INFO", found)
    yield found
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
def test_secrets_are_blacked_out_wherever_they_stand(secret: str) -> None:
    event = {"event": f"saw {secret}!", "deep": [{"a": (f"{secret}号", "x")}], "set": {secret}}
    found = json.dumps(redact(None, "info", event), ensure_ascii=False)
    assert secret not in found
    assert found.count(BLACKED_OUT) == 3


def test_numbers_are_looked_at_too() -> None:
    found = redact(None, "info", {"event": "e", "number": 410102199003071234, "phone_like": 13812345678, "count": 7})
    assert found == {"event": "e", "number": BLACKED_OUT, "phone_like": BLACKED_OUT, "count": 7}


@pytest.mark.parametrize("key", ["id_number", "name", "ticket", "token", "authorization", "Authorization", "body"])
def test_secret_keys_are_blacked_out_whatever_they_hold(key: str) -> None:
    assert redact(None, "info", {"event": "e", "deep": {key: "张三"}})["deep"] == {key: BLACKED_OUT}


@pytest.mark.parametrize("text", HARMLESS)
def test_ordinary_values_stay(text: str) -> None:
    assert redact(None, "info", {"event": text}) == {"event": text}


def test_a_request_leaves_one_line_without_address_or_body(probe: Probe, stream: io.StringIO) -> None:
    headers = probe.sign_in("notes:read") | {"X-Request-Id": "request-0001"}
    probe.client().get(f"/v1/probe/notes?cursor={ID_NUMBER}", headers=headers)
    (line,) = lines(stream)
    assert line["event"] == "request"
    assert line["request_id"] == "request-0001"
    assert line["operation"] == "list_notes"
    assert line["principal_kind"] == "citizen"
    assert line["status"] == 422
    assert isinstance(line["duration_ms"], float)
    assert ID_NUMBER not in stream.getvalue()
    assert "cursor" not in stream.getvalue()


def test_a_request_id_that_is_an_identity_number_is_replaced(probe: Probe, stream: io.StringIO) -> None:
    answer = probe.client().get("/health/live", headers={"X-Request-Id": ID_NUMBER})
    assert lines(stream)[0]["request_id"] == answer.headers["X-Request-Id"] != ID_NUMBER


def test_a_fault_is_told_by_type_and_place_only(probe: Probe, stream: io.StringIO) -> None:
    probe.client().post("/v1/probe/fault", headers=probe.sign_in("notes:write"))
    fault = next(line for line in lines(stream) if line["event"] == "fault")
    assert fault["types"] == ["builtins.RuntimeError"]
    assert "fail_after_write" in str(fault["frames"])
    assert isinstance(fault["request_id"], str)
    assert ID_NUMBER not in stream.getvalue()


def test_libraries_are_redacted_and_lose_the_text_of_exceptions(stream: io.StringIO) -> None:
    try:
        int(f"{ID_NUMBER} 张三")
    except ValueError:
        logging.getLogger("library").exception("failed for %s", ID_NUMBER)
    (line,) = lines(stream)
    assert line["event"] == f"failed for {BLACKED_OUT}"
    assert line["types"] == ["builtins.ValueError"]
    assert "张三" not in stream.getvalue()


def test_a_line_cannot_be_forged(stream: io.StringIO) -> None:
    structlog.get_logger().info('a\n{"event": "forged"}')
    assert len(lines(stream)) == 1


def test_without_redaction_the_secret_would_be_there(stream: io.StringIO) -> None:
    """The planted defect: the same chain without `redact`."""
    processors = [each for each in structlog.get_config()["processors"] if each is not redact]
    structlog.configure(processors=processors)
    structlog.get_logger().info(ID_NUMBER)
    assert ID_NUMBER in stream.getvalue()


def test_a_line_outside_a_request_has_no_id_of_one(probe: Probe, stream: io.StringIO) -> None:
    probe.client().get("/health/live", headers={"X-Request-Id": "request-0001"})
    structlog.get_logger().info("later")
    assert [line.get("request_id") for line in lines(stream)] == ["request-0001", None]
