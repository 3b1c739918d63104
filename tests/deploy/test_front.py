import json
import re
import socket
import ssl
from pathlib import Path

import pytest

from backend.app import API_PREFIX, create_app
from backend.cli import commands
from backend.cli.serving import choose_options
from backend.web.declaration import BODY_LIMIT
from backend.web.messages import Language, get_message
from backend.web.problems import PROBLEM_MEDIA_TYPE, PROBLEM_TYPE, ProblemCode
from backend.web.views import DeclaredView
from tests.backend.web.probe import make_test_context
from tests.deploy.front import (
    HOST,
    NAME,
    PATIENCE_S,
    SHIPPED,
    Answer,
    Front,
    Service,
    ask,
    list_passed_headers,
    read_answer,
    running_front,
    write_request,
)
from tests.tidy.tree import ROOT

CANARY = "canary410102199003071234"
CODES = {code.value: code for code in ProblemCode}
NO_ANSWER = {ProblemCode.UNAVAILABLE}


def read_problem(answer: Answer) -> ProblemCode:
    """The code of a problem in the one shape we have; anything else fails."""
    assert answer.headers["Content-Type"] == PROBLEM_MEDIA_TYPE, answer
    document = json.loads(answer.body)
    code = CODES[document["code"]]
    assert set(document) >= {"type", "title", "status", "detail", "code", "instance"}
    assert (document["type"], document["status"], answer.status) == (f"{PROBLEM_TYPE}{code}", code.status, code.status)
    assert document["instance"] == answer.headers["X-Request-Id"]
    assert answer.headers["Content-Language"] in set(Language)
    assert answer.headers["Cache-Control"] == "no-store"
    return code


def test_the_service_answers_through_the_front(front: Front) -> None:
    answer = ask(front, write_request("GET /health/live HTTP/1.1", "X-Request-Id: our-own-id-1"))
    assert (answer.status, answer.headers["X-Request-Id"]) == (200, "our-own-id-1")
    assert answer.headers["Server"] == "nginx"
    assert answer.headers.get_all("Strict-Transport-Security") == ["max-age=31536000; includeSubDomains"]


SMUGGLED = b"0\r\n\r\nGET /health/live HTTP/1.1\r\nHost: credit.example.gov.cn\r\n\r\n"
MALFORMED = {
    "length and chunks": write_request(
        "POST /v1/accounts HTTP/1.1", "Content-Length: 6", "Transfer-Encoding: chunked", body=SMUGGLED
    ),
    "two lengths": write_request("POST /v1/x HTTP/1.1", "Content-Length: 6", "Content-Length: 5", body=b"123456"),
    "a signed length": write_request("POST /v1/x HTTP/1.1", "Content-Length: +5", body=b"12345"),
    "a negative length": write_request("POST /v1/x HTTP/1.1", "Content-Length: -5", body=b"12345"),
    "a blank before the colon": write_request("POST /v1/x HTTP/1.1", "Content-Length : 5", body=b"12345"),
    "a blank before chunked": write_request("POST /v1/x HTTP/1.1", "Transfer-Encoding : chunked", body=SMUGGLED),
    "a coding of its own": write_request("POST /v1/x HTTP/1.1", "Transfer-Encoding: xchunked", body=SMUGGLED),
    "two codings": write_request("POST /v1/x HTTP/1.1", "Transfer-Encoding: gzip, chunked", body=SMUGGLED),
    "a broken chunk": write_request("POST /v1/x HTTP/1.1", "Transfer-Encoding: chunked", body=b"zz\r\n1\r\n0\r\n\r\n"),
    "no host": b"GET /health/live HTTP/1.1\r\n\r\n",
    "two hosts": write_request("GET /health/live HTTP/1.1", f"Host: {NAME}"),
    "another host": b"GET /health/live HTTP/1.1\r\nHost: other.example\r\nConnection: close\r\n\r\n",
    "a broken host": b"GET /health/live HTTP/1.1\r\nHost: a/b\r\nConnection: close\r\n\r\n",
    "no version": b"GET /health/live HTTP\r\n\r\n",
    "a version to come": write_request("GET /health/live HTTP/3.0"),
    "a method in small letters": write_request("get /health/live HTTP/1.1"),
    "no path": write_request("GET  HTTP/1.1"),
    "a NUL": write_request("GET /health/live\0 HTTP/1.1"),
    "a NUL in a header": write_request("GET /health/live HTTP/1.1", "Accept: a\0b"),
    "a path out of the root": write_request("GET /../../etc/passwd HTTP/1.1"),
    "a line too long": write_request(f"GET /{'a' * 9000} HTTP/1.1"),
    "a header too long": write_request("GET /health/live HTTP/1.1", f"Accept: {'a' * 9000}"),
    "a head too long": write_request("GET /health/live HTTP/1.1", *(f"Accept-{n}: {'a' * 4000}" for n in range(12))),
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
}


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED)
def test_what_is_malformed_ends_at_the_front(front: Front, service: Service, raw: bytes) -> None:
    before = service.log.read_text("utf-8")
    answer = ask(front, raw)
    assert read_problem(answer) is ProblemCode.MALFORMED_REQUEST
    assert answer.others == b""
    assert service.log.read_text("utf-8") == before


REFUSED = {
    "an unknown path": (write_request("GET /nowhere HTTP/1.1"), ProblemCode.NOT_FOUND),
    "a page of the front": (write_request("GET /.problem/unavailable HTTP/1.1"), ProblemCode.NOT_FOUND),
    "TRACE": (write_request("TRACE /health/live HTTP/1.1"), ProblemCode.METHOD_NOT_ALLOWED),
    "CONNECT": (write_request("CONNECT /health/live HTTP/1.1"), ProblemCode.METHOD_NOT_ALLOWED),
    "a method of two letters": (write_request("GO /health/live HTTP/1.1"), ProblemCode.METHOD_NOT_ALLOWED),
    "a method of the service's": (write_request("DELETE /health/live HTTP/1.1"), ProblemCode.METHOD_NOT_ALLOWED),
    "a path in no encoding": (write_request("GET /%ff%fe HTTP/1.1"), ProblemCode.NOT_FOUND),
    "a path of 8 kB": (write_request(f"GET /{'a' * 8100} HTTP/1.1"), ProblemCode.NOT_FOUND),
    "many headers": (write_request("GET /nowhere HTTP/1.1", *(f"X-{n}: 1" for n in range(500))), ProblemCode.NOT_FOUND),
    "a body too large": (
        write_request("POST /v1/sign-in HTTP/1.1", f"Content-Length: {BODY_LIMIT + 1}", body=b"x"),
        ProblemCode.BODY_TOO_LARGE,
    ),
    "chunks too large": (
        write_request(
            "POST /v1/sign-in HTTP/1.1",
            "Transfer-Encoding: chunked",
            body=b"11000\r\n" + b"x" * 0x11000 + b"\r\n0\r\n\r\n",
        ),
        ProblemCode.BODY_TOO_LARGE,
    ),
    "no token": (write_request("POST /v1/batches HTTP/1.1", "Content-Length: 0"), ProblemCode.TOKEN_MISSING),
}


@pytest.mark.parametrize(("raw", "code"), REFUSED.values(), ids=REFUSED)
def test_every_no_through_the_front_is_a_problem_of_ours(front: Front, raw: bytes, code: ProblemCode) -> None:
    answer = ask(front, raw)
    assert read_problem(answer) is code
    assert ("Allow" in answer.headers) == (code is ProblemCode.METHOD_NOT_ALLOWED)


@pytest.mark.parametrize(("path", "size"), [("/v1/batches", 2 * 1024 * 1024), ("/v1/files", 8 * 1024 * 1024)])
def test_a_large_body_that_is_refused_unread_gets_its_answer(front: Front, path: str, size: int) -> None:
    """The service says no to whoever has no token before it reads; the front must not lose that in the middle."""
    raw = write_request(f"POST {path} HTTP/1.1", f"Content-Length: {size}", body=b"x" * size)
    assert [read_problem(ask(front, raw)) for _ in range(5)] == [ProblemCode.TOKEN_MISSING] * 5


def test_plain_http_is_malformed(front: Front) -> None:
    with socket.create_connection((HOST, front.port), PATIENCE_S) as connection:
        connection.sendall(write_request("GET /health/live HTTP/1.1"))
        answer = read_answer(b"".join(iter(lambda: connection.recv(65536), b"")))
    assert read_problem(answer) is ProblemCode.MALFORMED_REQUEST


def test_without_its_pages_the_front_speaks_html(folder: Path, service: Service) -> None:
    """The planted defect: the guard over `MALFORMED` must notice it."""
    with running_front(folder, service.address, sabotage=("include problem-pages.conf;", "")) as front:
        answer = ask(front, MALFORMED["two lengths"])
        assert (answer.status, answer.headers["Content-Type"]) == (400, "text/html")
        with pytest.raises(AssertionError):
            read_problem(answer)


def test_a_service_that_is_away_is_unavailable(folder: Path, tmp_path: Path) -> None:
    with running_front(folder, tmp_path / "nobody.sock") as front:
        answer = ask(front, write_request("GET /health/live HTTP/1.1", "Accept-Language: en"))
        assert read_problem(answer) is ProblemCode.UNAVAILABLE
        assert (answer.headers["Retry-After"], answer.headers["Content-Language"]) == ("1", "en")


@pytest.mark.parametrize("language", list(Language))
def test_the_front_speaks_in_the_words_of_the_service(language: Language) -> None:
    texts = (SHIPPED / "problem-texts.conf").read_text("utf-8").replace("\\'", "'")
    codes = re.findall(r"^map \$shangding_language \$problem_(\w+) \{", texts, re.MULTILINE)
    assert codes
    for code in codes:
        key = "default" if language is Language.CHINESE else language.value
        said = re.search(rf"\$problem_{code} \{{.*?^    {key} '(.*?)';$", texts, re.MULTILINE | re.DOTALL)
        assert said is not None
        expected = {part: get_message(f"problem.{code}.{part}", language) for part in ("title", "detail")}
        found = json.loads(f"{{{said[1]}}}")
        if CODES[code] in NO_ANSWER:  # the front cannot know what became of the request, the service can
            assert found.pop("detail") != expected.pop("detail")
        assert found == expected


def test_only_our_name_is_served(front: Front) -> None:
    front.trust.check_hostname = False
    try:
        with pytest.raises(ssl.SSLError), front.connect(name="other.example"):
            pass
    finally:
        front.trust.check_hostname = True


def test_tls_is_not_older_than_1_2(front: Front) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError), Front(front.port, front.folder, old).connect():
        pass


def leave_canaries(front: Front) -> str:
    """Put a canary wherever a caller can put something, and give all that nginx wrote."""
    for line in (f"GET /v1/score?cursor={CANARY} HTTP/1.1", f"GET /{CANARY} HTTP/1.1", f"{CANARY} / HTTP/1.1"):
        ask(front, write_request(line, f"Authorization: Bearer {CANARY}", f"Referer: /{CANARY}", f"Cookie: {CANARY}"))
    ask(front, write_request("POST /v1/sign-in HTTP/1.1", f"Content-Length: {len(CANARY)}", body=CANARY.encode()))
    return front.read_logs()


def test_the_log_tells_how_a_request_ended_and_nothing_of_it(front: Front, folder: Path, tmp_path: Path) -> None:
    written = leave_canaries(front)
    with running_front(folder, tmp_path / "nobody.sock") as without_service:  # a fault is where nginx says most
        written += leave_canaries(without_service)
    assert '"method":"GET","status":401' in written
    assert CANARY not in written


@pytest.mark.parametrize("told", ["$request_uri", "$http_authorization", "$http_referer"])
def test_a_log_that_tells_more_is_noticed(folder: Path, service: Service, told: str) -> None:
    with running_front(folder, service.address, sabotage=('"tls":"$ssl_protocol"', f'"more":"{told}"')) as front:
        assert CANARY in leave_canaries(front)


def test_an_error_log_that_tells_more_is_noticed(folder: Path, tmp_path: Path) -> None:
    with running_front(folder, tmp_path / "nobody.sock", sabotage=("error.log alert;", "error.log error;")) as front:
        assert CANARY in leave_canaries(front)


def test_every_header_that_the_service_knows_is_passed_on() -> None:
    described = set(
        re.findall(r"^ +name: ([A-Z][A-Za-z]*-[A-Za-z-]+)$", (ROOT / "openapi.yaml").read_text("utf-8"), re.MULTILINE)
    )
    known = {"Authorization", "Accept-Language", "Content-Type", "Content-Encoding", "If-None-Match", "X-Request-Id"}
    known |= {"Content-Digest", "Signature", "Signature-Input"}
    assert described
    assert described | known <= list_passed_headers()


def read_body_limits() -> dict[str, int]:
    """The body limits of the shipped configuration by path, in bytes; that of all others under an empty path."""
    text = (SHIPPED / "nginx.conf").read_text("utf-8")
    sizes = {"k": 1024, "m": 1024 * 1024}
    locations = re.findall(r"location = (\S+) \{\s*client_max_body_size (\d+)([km]);", text)
    general = re.search(r"^    client_max_body_size (\d+)([km]);", text, re.MULTILINE)
    assert general is not None
    limits = {path: int(number) * sizes[unit] for path, number, unit in locations}
    return {"": int(general[1]) * sizes[general[2]], **limits}


def test_bodies_may_be_as_large_as_the_operations_take(sqlite_url: str) -> None:
    """A path takes what its largest operation takes; where that is an ordinary body the general limit stands."""
    context = make_test_context(sqlite_url)
    app = create_app(context)
    context.database.dispose()
    asked: dict[str, int] = {}
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        assert isinstance(view, DeclaredView)
        operation = view.operation
        size = operation.upload.limit if operation.upload is not None else operation.body_limit
        asked[rule.rule] = max(asked.get(rule.rule, 0), size)
    limits = read_body_limits()
    large = {path: size for path, size in asked.items() if size > BODY_LIMIT}
    assert limits.pop("") == BODY_LIMIT
    assert limits == large
    assert f"{API_PREFIX}/batches" in large


def test_the_front_lets_no_more_pass_than_gunicorn_takes() -> None:
    """Or an HTML page of gunicorn's would reach the caller. nginx counts the end of the line, gunicorn does not."""
    options, text = choose_options("", workers=1, threads=1), (SHIPPED / "nginx.conf").read_text("utf-8")
    assert "large_client_header_buffers 4 8k;" in text
    assert options["limit_request_line"] >= 8 * 1024 - len("\r\n")
    assert options["limit_request_field_size"] >= 8 * 1024 - len("\r\n")
    assert options["limit_request_fields"] > text.count("proxy_set_header ") + 2
    found = re.search(r"keepalive_timeout (\d+)s;  # less than gunicorn's", text)
    assert found is not None
    assert int(found[1]) < options["keepalive"]


@pytest.mark.parametrize("unit", sorted((ROOT / "deploy" / "systemd").glob("*.service")), ids=lambda path: path.name)
def test_units_start_commands_that_exist(unit: Path) -> None:
    found = re.search(r"^ExecStart=\S+/shangding (\w+)", unit.read_text("utf-8"), re.MULTILINE)
    assert found is not None
    assert found[1] in commands.commands
