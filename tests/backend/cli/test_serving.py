from collections.abc import Callable, Iterable
from io import BytesIO
from wsgiref.types import StartResponse, WSGIEnvironment

from backend.cli.serving import MOST_PIECES, PIECE, read_out

BODY = b"x" * (3 * PIECE + 1)


def refuse_unread(_environ: WSGIEnvironment, _start_response: StartResponse) -> Iterable[bytes]:
    return [b"no"]


def start(_status: str, _headers: list[tuple[str, str]], _fault: object = None, /) -> Callable[[bytes], object]:
    raise AssertionError("nobody starts an answer here")


def test_what_an_answer_did_not_need_of_a_body_is_read_all_the_same() -> None:
    body = BytesIO(BODY)
    assert list(read_out(refuse_unread)({"wsgi.input": body}, start)) == [b"no"]
    assert body.read() == b""


def test_without_that_the_body_stays_where_it_is() -> None:
    body = BytesIO(BODY)
    assert list(refuse_unread({"wsgi.input": body}, start)) == [b"no"]
    assert body.read() == BODY


class Endless:
    """A body that never ends."""

    def __init__(self) -> None:
        self.pieces = 0

    def read(self, size: int) -> bytes:
        self.pieces += 1
        return b"x" * size


def test_a_body_without_an_end_is_not_read_to_its_end() -> None:
    body = Endless()
    assert list(read_out(refuse_unread)({"wsgi.input": body}, start)) == [b"no"]
    assert body.pieces == MOST_PIECES
