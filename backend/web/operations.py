"""The one way to put an operation on the air, and the check that nothing got there another way."""

from collections.abc import Callable, Collection
from http import HTTPStatus
from typing import TypedDict, TypeVar, Unpack

import flask_smorest
from flask import Flask
from marshmallow import Schema

from backend.principals import PrincipalKind
from backend.web.declaration import SAFE_METHODS, DeclarationError, Operation, Repeats, UploadForm, View
from backend.web.descriptions import describe_operation
from backend.web.problems import ProblemCode
from backend.web.views import DeclaredView

ViewType = TypeVar("ViewType", bound=View)


class Details(TypedDict, total=False):
    """What an operation may say beyond whom it serves; see `Operation`."""

    status: HTTPStatus
    response: type[Schema]
    example: object
    media_type: str
    body: type[Schema]
    body_example: object
    query: type[Schema]
    repeats: Repeats
    limit: str
    limited: bool
    body_limit: int
    form: bool
    upload: UploadForm
    fresh: bool
    streams: frozenset[str]
    signed_as: str


class Blueprint(flask_smorest.Blueprint):
    """The operations of one room."""

    def operation(
        self,
        method: str,
        path: str,
        *,
        kinds: Collection[PrincipalKind],
        summary: str,
        scope: str | None = None,
        problems: Collection[ProblemCode] = (),
        writes: bool | None = None,
        **details: Unpack[Details],
    ) -> Callable[[ViewType], ViewType]:
        """Declare the decorated view as an operation; raises `DeclarationError` for what is incomplete.

        `writes` says whether its transaction may write: by default a GET may not, everything else may. A look
        at a person that leaves an access entry is a GET that writes.
        """

        def declare(view: ViewType) -> ViewType:
            operation = Operation(
                method=method,
                path=path,
                view=view,
                kinds=frozenset(kinds),
                scope=scope,
                summary=summary,
                problems=frozenset(problems),
                writes=method not in SAFE_METHODS if writes is None else writes,
                **details,
            )
            declared = DeclaredView(operation, describe_operation(operation))
            self.add_url_rule(path, operation.name, declared, methods=[method])
            return view

        return declare


def seal(app: Flask) -> None:
    """Refuse to start with a route that no operation declares, or with two operations of one name.

    Raises `DeclarationError` naming each of them.
    """
    faults: list[str] = []
    seen: dict[str, str] = {}
    for rule in app.url_map.iter_rules():
        view = app.view_functions.get(rule.endpoint)
        if not isinstance(view, DeclaredView):
            faults.append(f"{rule.rule} ({rule.endpoint}) is declared by no operation")
            continue
        served = (rule.methods or set()) - {"HEAD"}
        if served != {view.operation.method}:
            faults.append(f"{rule.rule} serves {sorted(served)}, its operation declares {view.operation.method}")
        other = seen.setdefault(view.operation.name, rule.rule)
        if other != rule.rule:
            faults.append(f"{rule.rule} and {other} are both named {view.operation.name}")
    if faults:
        raise DeclarationError("the application does not start: " + "; ".join(sorted(faults)))


def list_operations(app: Flask) -> tuple[Operation, ...]:
    """Every operation that a sealed application serves, by name."""
    views = (view for view in app.view_functions.values() if isinstance(view, DeclaredView))
    return tuple(sorted((view.operation for view in views), key=lambda operation: operation.name))
