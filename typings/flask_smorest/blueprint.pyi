from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

from flask import Blueprint as FlaskBlueprint
from marshmallow import Schema
from webargs.flaskparser import FlaskParser
from werkzeug.datastructures import Headers

from .pagination import PaginationParameters

# Each decorator gives a view back that is called as Flask calls views, so the declared type may stay.
_View = TypeVar("_View", bound=Callable[..., Any])
_AnySchema = Schema | type[Schema]
_Doc = Mapping[str, Any]

class Blueprint(FlaskBlueprint):
    ARGUMENTS_PARSER: FlaskParser
    DEFAULT_LOCATION_CONTENT_TYPE_MAPPING: dict[str, str]
    DEFAULT_PAGINATION_PARAMETERS: dict[str, int]
    DOCSTRING_INFO_DELIMITER: str | None
    HTTP_METHODS: list[str]
    PAGINATION_HEADER_NAME: str | None
    description: str
    _docs: dict[str, dict[str, Any]]
    def __init__(self, name: str, import_name: str, *, description: str = "", **kwargs: Any) -> None: ...
    def register_views_in_doc(
        self,
        api: object,
        app: object,
        spec: object,
        *,
        name: str,
        parameters: Sequence[Mapping[str, object]] | None,
    ) -> None: ...
    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        provide_automatic_options: bool | None = None,
        *,
        parameters: Sequence[_Doc | str] | None = None,
        tags: Sequence[str] | None = None,
        **options: Any,
    ) -> None: ...
    def route(
        self,
        rule: str,
        *,
        parameters: Sequence[_Doc | str] | None = None,
        tags: Sequence[str] | None = None,
        **options: Any,
    ) -> Callable[[_View], _View]: ...
    def arguments(
        self,
        schema: _AnySchema,
        *,
        location: str = "json",
        content_type: str | None = None,
        required: bool = True,
        description: str | None = None,
        example: object = None,
        examples: _Doc | None = None,
        **kwargs: Any,
    ) -> Callable[[_View], _View]: ...
    def response(
        self,
        status_code: int | str | HTTPStatus,
        schema: _AnySchema | str | _Doc | None = None,
        *,
        content_type: str | None = None,
        description: str | None = None,
        example: object = None,
        examples: _Doc | None = None,
        headers: _Doc | None = None,
    ) -> Callable[[_View], _View]: ...
    def alt_response(
        self,
        status_code: int | str | HTTPStatus,
        response: str | None = None,
        *,
        schema: _AnySchema | str | _Doc | None = None,
        content_type: str | None = None,
        description: str | None = None,
        example: object = None,
        examples: _Doc | None = None,
        headers: _Doc | None = None,
        success: bool = False,
    ) -> Callable[[_View], _View]: ...
    def doc(self, **kwargs: Any) -> Callable[[_View], _View]: ...
    def paginate(
        self,
        pager: type | None = None,
        *,
        page: int | None = None,
        page_size: int | None = None,
        max_page_size: int | None = None,
    ) -> Callable[[_View], _View]: ...
    def etag(self, view: _View) -> _View: ...
    def check_etag(self, etag_data: object, etag_schema: _AnySchema | None = None) -> None: ...
    def set_etag(self, etag_data: object, etag_schema: _AnySchema | None = None) -> None: ...
    def _set_pagination_metadata(
        self,
        page_params: PaginationParameters,
        result: object,
        headers: Headers | dict[str, str] | None,
    ) -> tuple[object, Headers]: ...
