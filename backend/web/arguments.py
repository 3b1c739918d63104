"""Reading body and query of a request into the values that its operation declares."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from flask import request
from marshmallow import Schema, ValidationError

from backend.web.declaration import Operation
from backend.web.fields import Several, StrictSchema
from backend.web.flaws import Flaw, list_faults
from backend.web.json_parser import JsonError, parse_json
from backend.web.problems import Fault, Place, Problem, ProblemCode, Refusal
from backend.web.requests import read_body
from backend.web.writing import make_form

JSON_MEDIA_TYPE = "application/json"
FORM_MEDIA_TYPE = "application/x-www-form-urlencoded"
FORM_FIELDS = 20


class EmptyQuerySchema(StrictSchema):
    """The query of an operation that takes none."""


def read_arguments(operation: Operation) -> Mapping[str, object]:
    """`body` and `query` of the running request, where the operation declares them.

    Raises `Problem`: 415 for another content type, 400 for what is no JSON, 413 for too much,
    422 with every flaw for what does not fit; an undeclared query parameter does not fit either.
    """
    arguments: dict[str, object] = {}
    if operation.query is not None or request.query_string:
        schema = make_form(operation.query or EmptyQuerySchema)
        query = _load(schema, _read_query(schema), Place.QUERY)
        if operation.query is not None:
            arguments["query"] = query
    if operation.body is not None:
        read = _read_form if operation.form else _read_body
        arguments["body"] = _load(make_form(operation.body), read(operation.body_limit), Place.BODY)
    return arguments


def _load(schema: Schema, data: object, place: Place) -> object:
    try:
        return schema.load(data)  # type: ignore[arg-type]  # a body that is no object is for the schema to refuse
    except ValidationError as error:
        raise _invalid(error, place) from None


def _read_query(schema: Schema) -> Mapping[str, object]:
    values = request.args.to_dict(flat=False)
    listed = {name for name, field in schema.fields.items() if isinstance(field, Several)}
    repeated = {name: [Flaw("repeated", {})] for name in values if name not in listed and len(values[name]) > 1}
    if repeated:  # two readers of one query would each take another of the two values
        raise _invalid(ValidationError(repeated), Place.QUERY)
    return {name: found if name in listed else found[0] for name, found in values.items()}


def _read_body(limit: int) -> object:
    _expect(JSON_MEDIA_TYPE)
    try:
        return parse_json(read_body(limit))
    except JsonError as error:
        fault = Fault(place=Place.BODY, pointer="", code=error.flaw.code, values=error.flaw.values)
        raise Problem(Refusal(ProblemCode.MALFORMED_JSON, faults=(fault,))) from None


def _read_form(limit: int) -> Mapping[str, object]:
    _expect(FORM_MEDIA_TYPE)
    try:
        pairs = parse_qsl(
            read_body(limit).decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FORM_FIELDS
        )
    except ValueError:
        raise Problem(Refusal(ProblemCode.MALFORMED_REQUEST)) from None
    names = [name for name, _ in pairs]
    repeated = {name: [Flaw("repeated", {})] for name in names if names.count(name) > 1}
    if repeated:
        raise _invalid(ValidationError(repeated), Place.BODY)
    return dict(pairs)


def _expect(media_type: str) -> None:
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype != media_type or charset != "utf-8":
        raise Problem(Refusal(ProblemCode.UNSUPPORTED_MEDIA_TYPE))


def _invalid(error: ValidationError, place: Place) -> Problem:
    return Problem(Refusal(ProblemCode.INVALID_REQUEST, faults=list_faults(error, place)))
