from hashlib import sha256
from itertools import count

import pytest
from werkzeug.test import TestResponse

from tests.backend.web.probe import FILE_LIMIT, Probe, read_json

_keys = count(1)


def send(probe: Probe, content: bytes, *, media_type: str | None = "text/csv", key: str | None = None) -> TestResponse:
    headers = probe.sign_in("notes:write") | {"Idempotency-Key": key or f"key-{next(_keys):08}"}
    return probe.client().post("/v1/probe/files", data=content, headers=headers, content_type=media_type)


@pytest.mark.parametrize("size", [0, 1, 1024 * 1024 + 1, FILE_LIMIT])
def test_a_file_arrives_whole(probe: Probe, size: int) -> None:
    content = b"x" * size
    answer = send(probe, content)
    assert answer.text == f"{size} {sha256(content).hexdigest()} {size}"


def test_a_file_that_is_too_large_is_413_and_leaves_nothing(probe: Probe) -> None:
    answer = send(probe, b"x" * (FILE_LIMIT + 1))
    assert (answer.status_code, read_json(answer)["code"]) == (413, "body_too_large")
    assert probe.count_notes() == 0


@pytest.mark.parametrize("media_type", ["application/json", "text/html", None])
def test_a_file_of_another_type_is_415(probe: Probe, media_type: str | None) -> None:
    assert send(probe, b"a,b", media_type=media_type).status_code == 415


def test_a_repeated_file_is_taken_once_and_another_one_needs_its_own_key(probe_on_both: Probe) -> None:
    first, again = (send(probe_on_both, b"a,b", key="key-of-mine") for _ in range(2))
    assert (first.text, again.headers["Idempotency-Replayed"]) == (again.text, "true")
    other = send(probe_on_both, b"a,c", key="key-of-mine")
    assert (other.status_code, read_json(other)["code"]) == (422, "idempotency_key_reused")
    assert probe_on_both.count_notes() == 1


def test_a_file_is_given_piece_by_piece(probe: Probe) -> None:
    answer = probe.client().get("/v1/probe/files", headers=probe.sign_in("notes:read"))
    assert (answer.text, answer.content_type) == ("a,b\n1,2\n", "text/csv")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Content-Length" not in answer.headers
