"""The one way from a request to the view of an operation and back."""

from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime
from http import HTTPStatus

from flask import Response, request

from backend.context import Context, current_context
from backend.principals import Principal, PrincipalKind
from backend.storage.database import Database
from backend.storage.idempotency import Answer
from backend.web.answers import Stream, make_answer, send_answer
from backend.web.arguments import read_arguments
from backend.web.authentication import (
    ANYONE,
    CLERK_HEADER,
    authorise,
    find_revocation,
    find_staleness,
    identify,
    name_clerk,
)
from backend.web.declaration import Operation, Repeats
from backend.web.idempotency import Call, find_earlier, keep, read_call
from backend.web.limits import count_request
from backend.web.problems import Problem, Refusal
from backend.web.requests import current_notes
from backend.web.signed_calls import read_signed_call
from backend.web.uploads import read_upload
from backend.web.writing import make_writer


class DeclaredView:
    """What Flask calls for an operation. Its type is the proof of the declaration that `seal` looks for."""

    def __init__(self, operation: Operation, description: Mapping[str, object]) -> None:
        self.operation = operation
        self._wanted = operation.parameters
        self._needs_session = "session" in operation.parameters or operation.repeats is Repeats.BY_KEY
        if operation.response is not None:
            make_writer(operation.response)  # a form that cannot be written does not wait for its first answer
        # Flask would answer OPTIONS by itself, for everybody: an operation that nobody declared.
        self.provide_automatic_options = False
        self.__name__ = operation.name
        self.__doc__ = operation.view.__doc__
        # Where flask-smorest looks for what to say in OpenAPI; its own `doc` decorator would hide the type.
        self._apidoc = {"manual_doc": deepcopy(dict(description))}

    def __call__(self, **variables: object) -> Response:
        """Identify, count, authorise, parse; then run the view in its transaction and send its answer.

        A view that returns commits, also when it returns a `Refusal`; one that raises rolls back.
        """
        context, operation, notes = current_context(), self.operation, current_notes()
        now = context.clock.now()
        notes.operation, notes.method = operation.name, request.method
        notes.personal = not operation.is_open
        signed = None if operation.signed_as is None else read_signed_call(operation, now)
        principal = _admit(context, operation, now) if signed is None else signed.principal
        notes.principal_kind = principal.kind.value
        with read_upload(operation) as upload:
            known = {"principal": principal, "now": now, "upload": upload, "signed": signed}
            given = {**variables, **read_arguments(operation), **known}
            call = read_call(principal, operation, upload) if operation.repeats is Repeats.BY_KEY else None
            return send_answer(self._run(context.database, call, given, now))

    def _run(
        self, database: Database, call: Call | None, given: Mapping[str, object], now: datetime
    ) -> Answer | Stream:
        if not self._needs_session:
            return self._ask(given)
        with database.transaction() if self.operation.writes else database.reading() as session:
            if call is None:
                return self._ask({**given, "session": session})
            earlier = find_earlier(session, call, now)
            if earlier is not None:
                return earlier
            answer = self._ask({**given, "session": session})
            if (
                isinstance(answer, Answer) and answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
            ):  # "later" must not be the answer for a whole day
                keep(session, call, answer, now)
            return answer

    def _ask(self, given: Mapping[str, object]) -> Answer | Stream:
        wanted = {name: given[name] for name in self._wanted}
        return make_answer(self.operation.view(**wanted), self.operation, current_notes())


def _admit(context: Context, operation: Operation, now: datetime) -> Principal:
    identity: Principal | Refusal = ANYONE
    if not operation.is_open:
        identity = identify(request.headers.get("Authorization"), context.tokens, now)
    if operation.limited:  # a caller without a valid token is counted too, by his address
        count_request(operation, identity)
    if isinstance(identity, Refusal):
        raise Problem(identity)
    if operation.is_open:
        return identity
    return _authorise(context, operation, identity, now)


def _authorise(context: Context, operation: Operation, identity: Principal, now: datetime) -> Principal:
    refusal = find_revocation(identity, context.revocations, now) or authorise(
        identity, operation.kinds, operation.scope
    )
    if refusal is None and operation.fresh:
        refusal = find_staleness(identity, now)
    if refusal is not None:
        raise Problem(refusal)
    if identity.kind not in {PrincipalKind.DEPARTMENT, PrincipalKind.MERCHANT}:
        return identity
    named = name_clerk(identity, request.headers.get(CLERK_HEADER))
    if isinstance(named, Refusal):
        raise Problem(named)
    return named
