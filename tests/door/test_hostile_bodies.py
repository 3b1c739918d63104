"""Bodies that are meant to hurt, at every operation that takes one: never a fault of ours, always one shape (R18)."""

import gzip
import json
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any

import pytest
from werkzeug.test import TestResponse

from backend.web.declaration import Operation
from backend.web.problems import PROBLEM_MEDIA_TYPE
from tests.backend.city import read_json
from tests.backend.web.test_json_parser import HOSTILE, MISFITS
from tests.door.door import Call, Door, renew_key
from tests.door.examples import Making, make_example, prepare
from tests.door.findings import must_be_empty, must_hold
from tests.door.policy import Policy, read_policy
from tests.door.sabotage import POLICY

POLICY_TABLE = read_policy()
MEGABYTE = 1024 * 1024
MOST_BYTES = 50 * MEGABYTE  # what one body may cost in memory
COPIES = 3  # of a body are held by the client of these tests
LARGE = ("a byte too long", "many keys", "a list to the limit", "escapes to the limit")
LONGEST_ANSWER = 64 * 1024
MEMBERS = frozenset({"type", "title", "status", "detail", "code", "instance"})
Place = tuple[str | int, ...]

# Values that are put in the place of every member of a good body, one after the other.
VALUES: Mapping[str, object] = {
    "null": None,
    "true": True,
    "zero": 0,
    "minus": -1,
    "2^63": 2**63,
    "fraction": 0.1,
    "empty text": "",
    "blank": " ",
    "long text": "长" * 20_000,
    "list": [],
    "nested list": [[[[[[]]]]]],
    "long list": [0] * 5_000,
    "object": {},
    "deep object": {"a": {"b": {"c": {"d": {}}}}},
    "wide object": {f"k{number}": number for number in range(2_000)},
    "operator": {"$ne": None},
    "prototype": {"__proto__": {"admin": True}},
    "SQL": "' OR 1=1; DROP TABLE subject; --",
    "SQL of PostgreSQL": "'; SELECT pg_sleep(10); --",
    "format": "{0.__class__.__init__.__globals__}",
    "percent": "%s%n%x%d%(name)s",
    "template": "{{7*7}}${7*7}<%= 7*7 %>",
    "log4j": "${jndi:ldap://127.0.0.1/x}",
    "path": "../../../../etc/passwd",
    "shell": "$(id); `id` | id",
    "markup": "<script>alert(1)</script><!--",
    "entity": "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>&x;",
    "header": "a\r\nSet-Cookie: x=1",
    "CSV": "=cmd|'/C calc'!A0",
    "bidi": "a\u202eb\u2066c",
    "zero width": "a\u200bb\u200dc",
    "combining": "a" + "\u0301" * 1_000,
    "not NFC": "e\u0301",
    "astral": "𠀀𪚥😀",
    "noncharacter": "\uffff\ufdd0",
    "Arabic digits": "٤١٠١٠٢",
    "full-width": "４１０１０２",
    "moment": "2026-11-22T04:00:00Z",
    "31 February": "2026-02-31",
    "year 0": "0000-01-01",
    "year 9999": "9999-12-31",
    "leap second": "2026-12-31T23:59:60Z",
    "UUID nil": "00000000-0000-0000-0000-000000000000",
    "UUID upper": "019A0000-0000-7000-8000-00000000000F",
    "UUID braces": "{019a0000-0000-7000-8000-000000000000}",
    "token": "e30.e30.e30",
    "URL": "http://169.254.169.254/latest/meta-data",
}
# Whole bodies that are large, packed or of another kind than they say, for an operation that takes so many bytes.
WHOLE: Mapping[str, Callable[[int], bytes]] = {
    "a byte too long": lambda limit: b" " * (limit + 1),
    "a megabyte of brackets": lambda _: b"[" * MEGABYTE,
    "a megabyte of quotes": lambda _: b'"' * MEGABYTE,
    "a megabyte of backslashes": lambda _: b'"' + b"\\" * MEGABYTE,
    "many equal keys": lambda limit: b"{" + b'"a":1,' * (limit // 8) + b'"a":1}',
    "many keys": lambda limit: json.dumps({f"k{n}": n for n in range(limit // 20)}).encode(),
    "a list to the limit": lambda limit: b"[" + b"0," * (limit // 2 - 2) + b"0]",
    "escapes to the limit": lambda limit: b'{"a":"' + b"\\u4e00" * (limit // 6 - 4) + b'"}',
    "digits to the limit": lambda limit: b"9" * limit,
    "gzip": lambda _: gzip.compress(b" " * 10 * MEGABYTE),
    "zip header": lambda _: b"PK\x03\x04" + b"\0" * 100,
    "XML": lambda _: b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY l "l"><!ENTITY m "&l;&l;">]><l>&m;</l>',
    "form": lambda _: b"a=1&a=2&%00=%ff&__proto__[x]=1",
    "form without end": lambda _: b"a=1&" * 10_000,
    "half an escape": lambda _: b"ticket=%&ticket=%f",
    "multipart": lambda _: b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--",
    "CSV": lambda _: "﻿证件号码,姓名\n=1+1,\0\n".encode(),
    "random": lambda _: bytes(range(256)) * 16,
}  # fmt: skip
CONTENT_TYPES = (
    None,
    "",
    "text/plain",
    "application/xml",
    "application/json; charset=utf-7",
    "application/json;charset=utf-16",
    "multipart/form-data; boundary=x",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "a" * 4_000,
)


def test_no_body_is_more_than_refused(door: Door) -> None:
    must_be_empty(find_body_faults(door, POLICY_TABLE))


@pytest.mark.long
@pytest.mark.timeout(1_200)
def test_no_body_is_more_than_refused_with_each_value_in_each_place(both_doors: Door) -> None:
    must_be_empty(find_body_faults(both_doors, POLICY_TABLE, everywhere=True))


def test_no_large_body_costs_much_memory(door: Door) -> None:
    """The operations that take the most of their kind: what smaller ones cost lies below."""
    taking = _list_taking(door, POLICY_TABLE)
    kinds = {(each.form, each.upload is not None): each for each in sorted(taking, key=limit_of)}
    must_be_empty(find_costly_bodies(door, kinds.values(), LARGE))


@pytest.mark.long
@pytest.mark.timeout(1_200)
def test_no_large_body_costs_much_memory_anywhere(door: Door) -> None:
    must_be_empty(find_costly_bodies(door, _list_taking(door, POLICY_TABLE), WHOLE))


def test_there_are_enough_of_them() -> None:
    assert len(HOSTILE) + len(MISFITS) + len(VALUES) + len(WHOLE) >= 60


def test_a_view_that_falls_over_is_found(sabotaged: Door) -> None:
    must_hold(find_body_faults(sabotaged, POLICY), ["fall_over_unicode: 'astral' at /text is answered 500"])


@pytest.mark.parametrize("size", [60 * MEGABYTE])
def test_what_a_body_costs_is_seen(size: int) -> None:
    """The planted defect: something that holds more than is allowed."""
    assert measure_bytes(lambda: bytearray(size)) > MOST_BYTES


def limit_of(operation: Operation) -> int:
    """How many bytes the operation takes at most; a large file is tried at its head only."""
    return min(operation.body_limit if operation.upload is None else operation.upload.limit, 4 * MEGABYTE)


def find_body_faults(door: Door, policy: Policy, *, everywhere: bool = False) -> Iterator[str]:
    """Bodies that are answered with a fault of ours, or in another shape than that of a problem.

    Each value stands in one place of the body, another for each value; in every place if `everywhere`.
    """
    make_whole = cache(lambda what, limit: WHOLE[what](limit))  # many operations have one limit
    for operation in _list_taking(door, policy):
        call = prepare(door, operation, door.make_scene())
        for what, attack in _list_attacks(door, operation, call, make_whole, everywhere=everywhere):
            answer = door.send(renew_key(attack))  # or a body that is taken would hide those after it
            fault = find_fault(operation, answer)
            if fault is not None:
                yield f"{operation.name}: {what} is answered {answer.status_code} {answer.text[:100]}; {fault}"


def find_fault(operation: Operation, answer: TestResponse) -> str | None:
    """What is wrong with an answer: 5xx, too long, no problem document, or a code that was not declared."""
    if answer.status_code >= 500:
        return "a fault of ours"
    if answer.status_code < 400:
        return None
    if len(answer.get_data()) > LONGEST_ANSWER:
        return f"longer than {LONGEST_ANSWER} bytes"
    if answer.mimetype != PROBLEM_MEDIA_TYPE:
        return "no problem document"
    document = read_json(answer)
    if not MEMBERS <= document.keys() <= MEMBERS | {"errors"} or document["status"] != answer.status_code:
        return "not the shape of a problem"
    declared = {code.value for code in operation.list_problems()}
    return None if document["code"] in declared else f"{document['code']} is not among the codes it declares"


def find_costly_bodies(door: Door, operations: Iterable[Operation], names: Iterable[str]) -> Iterator[str]:
    """Bodies that cost more memory than they may."""
    for operation in operations:
        call = prepare(door, operation, door.make_scene())
        for what in names:
            attack = renew_key(_with(call, WHOLE[what](limit_of(operation))))
            cost = measure_bytes(partial(door.send, attack)) - COPIES * len(attack.body)
            if cost > MOST_BYTES:
                yield f"{operation.name}: {what} costs {cost // MEGABYTE} MiB"


def measure_bytes(do: Callable[[], object]) -> int:
    """How much memory is held at most while `do` runs."""
    tracemalloc.start()
    try:
        do()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _list_taking(door: Door, policy: Policy) -> list[Operation]:
    takes = [each for each in door.operations if each.body is not None or each.upload is not None]
    return [each for each in takes if each.name in policy]


def _list_attacks(
    door: Door, operation: Operation, call: Call, make_whole: Callable[[str, int], bytes], *, everywhere: bool
) -> Iterator[tuple[str, Call]]:
    for what, body in {**HOSTILE, **MISFITS}.items():
        yield repr(what), _with(call, body)
    for what in WHOLE:
        yield repr(what), _with(call, make_whole(what, limit_of(operation)))
    for content_type in CONTENT_TYPES:
        yield f"content type {content_type!r:.40}", call.having(Content_Type=content_type)
    yield "a body that says it is packed", call.having(Content_Encoding="gzip")
    yield "a body that says it is shorter", call.having(Content_Length="2")
    if operation.body is None:
        return
    making = Making(door, operation, door.make_scene().own)
    example = make_example(making)
    places = list(_list_places(example))
    for number, (what, value) in enumerate(VALUES.items()):
        for place in places if everywhere else [places[number % len(places)]]:
            if operation.signed_as is not None:  # a message has an id of its own, or it is refused for that
                example = make_example(making)
            yield f"{what!r} at {_point(place)}", call.saying(_replace(example, place, value))
    for place in places:
        yield f"nothing at {_point(place)}", call.saying(_replace(example, place, ...))


def _with(call: Call, body: bytes) -> Call:
    return replace(call, body=body)


def _point(place: Place) -> str:
    return "/" + "/".join(map(str, place))


def _list_places(value: object, place: Place = ()) -> Iterator[Place]:
    """Every member of a body, those of the first item of each list included."""
    items: list[tuple[str | int, object]] = []
    if isinstance(value, Mapping):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value[:1]))
    for key, member in items:
        yield (*place, key)
        yield from _list_places(member, (*place, key))


def _replace(value: Any, place: Place, new: object) -> Any:  # noqa: ANN401 - JSON
    """`value` with another value at a place; `...` takes it out."""
    if not place:
        return new
    key, rest = place[0], place[1:]
    if isinstance(value, list):
        changed = [_replace(item, rest, new) if at == key else item for at, item in enumerate(value)]
        return [item for item in changed if item is not ...]
    changed_members = {name: _replace(member, rest, new) if name == key else member for name, member in value.items()}
    return {name: member for name, member in changed_members.items() if member is not ...}
