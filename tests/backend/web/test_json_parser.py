import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.web.json_parser import JsonError, parse_json
from tests.backend.web.probe import Probe, read_json

DEEP = b"[" * 40 + b"]" * 40
HOSTILE: dict[str, bytes] = {
    "empty": b"",
    "blank": b"   ",
    "half object": b"{",
    "half text": b'{"text": "a',
    "trailing comma": b'{"text": "a",}',
    "two values": b'{"text": "a"} {"text": "b"}',
    "comment": b'{"text": "a" /* b */}',
    "single quotes": b"{'text': 'a'}",
    "NaN": b'{"text": "a", "stars": NaN}',
    "Infinity": b'{"text": "a", "stars": Infinity}',
    "minus Infinity": b'{"text": "a", "stars": -Infinity}',
    "1e999": b'{"text": "a", "stars": 1e999}',
    "5000 digits": b'{"text": "a", "stars": ' + b"9" * 5000 + b"}",
    "21 digits": b'{"text": "a", "stars": ' + b"9" * 21 + b"}",
    "long fraction": b'{"text": "a", "stars": 0.' + b"1" * 5000 + b"}",
    "huge exponent": b'{"text": "a", "stars": 1E+999999999}',
    "leading zero": b'{"text": "a", "stars": 01}',
    "plus": b'{"text": "a", "stars": +1}',
    "hex": b'{"text": "a", "stars": 0x1}',
    "full-width digit": '{"text": "a", "stars": １}'.encode(),
    "duplicate key": b'{"text": "a", "text": "b"}',
    "duplicate key by escape": b'{"text": "a", "\\u0074ext": "b"}',
    "NUL escape": b'{"text": "a\\u0000"}',
    "NUL in a key": b'{"text\\u0000": "a"}',
    "raw NUL": b'{"text": "a\x00"}',
    "raw newline": b'{"text": "a\nb"}',
    "lone high surrogate": b'{"text": "\\ud800"}',
    "lone low surrogate": b'{"text": "\\udc00x"}',
    "surrogate key": b'{"\\udfff": 1}',
    "BOM": b'\xef\xbb\xbf{"text": "a"}',
    "UTF-16": '{"text": "a"}'.encode("utf-16"),
    "UTF-16 without BOM": '{"text": "a"}'.encode("utf-16-le"),
    "UTF-32": '{"text": "a"}'.encode("utf-32"),
    "Latin-1": b'{"text": "\xe9"}',
    "overlong UTF-8": b'{"text": "\xc0\xaf"}',
    "encoded surrogate": b'{"text": "\xed\xa0\x80"}',
    "deep list": DEEP,
    "very deep list": b"[" * 30000,
    "very deep object": b'{"a":' * 10000,
    "deep behind a text": b'["[[[[\\"", ' + DEEP + b"]",
}
MISFITS: dict[str, bytes] = {
    "null": b"null",
    "list": b"[]",
    "text": b'"text"',
    "number": b"1",
    "no member": b"{}",
    "unknown member": b'{"text": "a", "admin": true}',
    "null text": b'{"text": null}',
    "number for text": b'{"text": 1}',
    "object for text": b'{"text": {"$ne": ""}}',
    "too long": b'{"text": "' + b"a" * 21 + b'"}',
    "empty text": b'{"text": ""}',
    "blanks": b'{"text": " "}',
    "bell": b'{"text": "a\\u0007"}',
    "right-to-left override": '{"text": "a\u202eb"}'.encode(),
    "not NFC": b'{"text": "e\\u0301"}',
    "true for a number": b'{"text": "a", "stars": true}',
    "1.0 for a number": b'{"text": "a", "stars": 1.0}',
    "text for a number": b'{"text": "a", "stars": "1"}',
    "too many stars": b'{"text": "a", "stars": 6}',
    "30 February": b'{"text": "a", "on": "2026-02-30"}',
    "moment for a day": b'{"text": "a", "on": "2026-02-03T00:00:00Z"}',
    "basic form of a day": b'{"text": "a", "on": "20260203"}',
    "four tags": b'{"text": "a", "tags": ["a", "b", "c", "d"]}',
    "null tag": b'{"text": "a", "tags": [null]}',
    "object for tags": b'{"text": "a", "tags": {}}',
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_no_plain_json_is_refused_with_a_code(probe: Probe, body: bytes) -> None:
    answer = probe.client().post("/v1/probe/echo", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert read_json(answer)["code"] == "malformed_json"
    assert len(read_json(answer)["errors"]) == 1


@pytest.mark.parametrize("body", MISFITS.values(), ids=MISFITS.keys())
def test_what_does_not_fit_is_refused_with_its_place(probe: Probe, body: bytes) -> None:
    answer = probe.client().post("/v1/probe/echo", data=body, content_type="application/json")
    assert answer.status_code == 422
    assert read_json(answer)["code"] == "invalid_request"
    assert {error["in"] for error in read_json(answer)["errors"]} == {"body"}


def test_a_plain_parser_would_let_some_of_it_through() -> None:
    """The planted defect: with `json.loads` in our parser's place the cases above would pass or crash."""
    taken = 0
    for body in HOSTILE.values():
        try:
            json.loads(body)
        except (ValueError, RecursionError):
            continue
        taken += 1
    assert taken >= 10


@pytest.mark.parametrize(
    "content_type",
    [None, "text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", "application/jsonp"],
)
def test_another_content_type_is_refused(probe: Probe, content_type: str | None) -> None:
    answer = probe.client().post("/v1/probe/echo", data=b'{"text": "a"}', content_type=content_type)
    assert answer.status_code == 415
    assert read_json(answer)["code"] == "unsupported_media_type"


def test_every_flaw_is_named_at_once_with_pointer_and_code(probe: Probe) -> None:
    body = {"text": "a" * 21, "stars": 9, "tags": ["ok", 7], "a/b": 1}
    answer = probe.client().post("/v1/probe/echo", json=body)
    found = {error["pointer"]: error["code"] for error in read_json(answer)["errors"]}
    assert found == {
        "/text": "too_long",
        "/stars": "out_of_range",
        "/tags/1": "not_a_text",
        "/a~1b": "unknown",
    }


def test_many_flaws_are_cut_at_fifty(probe: Probe) -> None:
    answer = probe.client().post("/v1/probe/echo", json={f"key{number}": 1 for number in range(500)})
    assert len(read_json(answer)["errors"]) == 50


def test_depth_counts_brackets_outside_texts_only() -> None:
    assert parse_json(b'["' + b"[" * 100 + b'"]') == ["[" * 100]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_ordinary_json_is_read_as_json_reads_it(value: object) -> None:
    text = json.dumps(value)
    if "\\u0000" in text:
        with pytest.raises(JsonError):
            parse_json(text.encode())
    else:
        assert parse_json(text.encode()) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_and_never_crash(body: bytes) -> None:
    try:
        parse_json(body)
    except JsonError as error:
        code = error.flaw.code
    else:
        code = "json_"
    assert code.startswith("json_")
