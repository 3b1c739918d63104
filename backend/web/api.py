"""flask-smorest's Api with one shape for whatever goes wrong, and every protocol header kept."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import flask_smorest
import structlog
from apispec import APISpec
from flask import Flask, Response
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
    """Registers blueprints and answers every exception with a problem document.

    Blueprints are described when somebody asks for the description: the service itself serves none, and describing
    takes longer than all the rest of starting.
    """

    ERROR_SCHEMA = ProblemSchema
    DEFAULT_ERROR_RESPONSE_NAME = None  # every operation lists its own problems

    @override
    def __init__(self, app: Flask, *, spec_kwargs: Mapping[str, object]) -> None:
        self._undescribed: list[flask_smorest.Blueprint] = []
        super().__init__(app, spec_kwargs=spec_kwargs)

    @override
    def register_blueprint(
        self,
        blp: flask_smorest.Blueprint,
        *,
        parameters: Sequence[Mapping[str, object]] | None = None,
        **options: Any,
    ) -> None:
        """Register a blueprint with the application; it is described later."""
        self._app.register_blueprint(blp, **options)
        self._undescribed.append(blp)

    def describe(self) -> APISpec:
        """Describe every operation that is registered, once, and give the description."""
        while self._undescribed:
            blueprint = self._undescribed.pop(0)
            name = blueprint.name
            blueprint.register_views_in_doc(self, self._app, self.spec, name=name, parameters=None)
            self.spec.tag({"name": name, "description": blueprint.description})
        return self.spec

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
