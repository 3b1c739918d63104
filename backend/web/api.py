"""flask-smorest's Api with one shape for whatever goes wrong, and every protocol header kept."""

from collections.abc import Mapping
from http import HTTPStatus

import flask_smorest
import structlog
from flask import Response
from typing_extensions import override
from werkzeug.exceptions import HTTPException

from backend.storage.database import StorageUnavailableError
from backend.web.answers import make_refusal, send_answer
from backend.web.faults import describe_fault
from backend.web.problem_schemas import ProblemSchema
from backend.web.problems import Problem, ProblemCode, Refusal
from backend.web.requests import current_notes

_KEPT_HEADERS = frozenset({"allow", "retry-after", "www-authenticate"})
_CODES: Mapping[int, ProblemCode] = {
    HTTPStatus.NOT_FOUND: ProblemCode.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED: ProblemCode.METHOD_NOT_ALLOWED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ProblemCode.BODY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ProblemCode.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.TOO_MANY_REQUESTS: ProblemCode.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE: ProblemCode.UNAVAILABLE,
}

log = structlog.get_logger("shangding.fault")


class Api(flask_smorest.Api):
    """Registers blueprints and answers every exception with a problem document."""

    ERROR_SCHEMA = ProblemSchema
    DEFAULT_ERROR_RESPONSE_NAME = None  # every operation lists its own problems

    @override
    def _register_error_handlers(self) -> None:
        self._app.register_error_handler(Problem, answer_problem)
        self._app.register_error_handler(HTTPException, self.handle_http_exception)
        self._app.register_error_handler(StorageUnavailableError, answer_unavailable)
        self._app.register_error_handler(Exception, answer_fault)

    def _register_pagination_header(self) -> None:
        """Leave flask-smorest's pages by number out of the document: ours are cut by cursor."""

    @override
    def handle_http_exception(self, error: HTTPException) -> Response:
        """Turn what werkzeug and Flask raise into the problem of the same status."""
        status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR and status not in _CODES:
            return answer_fault(getattr(error, "original_exception", None) or error)
        headers = {name: value for name, value in error.get_headers() if name.lower() in _KEPT_HEADERS}
        return _answer(Refusal(_CODES.get(status, ProblemCode.MALFORMED_REQUEST), headers=headers))


def answer_problem(problem: Problem) -> Response:
    """Answer what the HTTP edge refused."""
    return _answer(problem.refusal)


def answer_unavailable(_error: StorageUnavailableError) -> Response:
    """Answer 503 when the database is busy or away: nothing was done, so the caller may try again."""
    log.warning("storage_unavailable")
    return _answer(Refusal(ProblemCode.UNAVAILABLE, headers={"Retry-After": "1"}))


def answer_fault(error: BaseException) -> Response:
    """Answer 500 and log where it happened; the text of an exception may hold personal data and stays unsaid."""
    log.error("fault", **describe_fault(error))
    return _answer(Refusal(ProblemCode.INTERNAL_FAULT))


def _answer(refusal: Refusal) -> Response:
    return send_answer(make_refusal(refusal, current_notes()))
