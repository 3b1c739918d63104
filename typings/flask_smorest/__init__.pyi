# Types of the part of flask-smorest 0.47 that this project calls; the library ships none.
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask
from flask.typing import ResponseReturnValue
from marshmallow import Schema
from werkzeug.exceptions import HTTPException

from .blueprint import Blueprint as Blueprint
from .pagination import Page as Page
from .spec.plugins import FlaskPlugin

def abort(http_status_code: int, exc: Exception | None = None, **kwargs: object) -> NoReturn: ...

class Api:
    DEFAULT_ERROR_RESPONSE_NAME: str | None
    DEFAULT_REQUEST_BODY_CONTENT_TYPE: str
    DEFAULT_RESPONSE_CONTENT_TYPE: str
    ERROR_SCHEMA: type[Schema]
    config: Mapping[str, Any]
    config_prefix: str
    flask_plugin: FlaskPlugin
    ma_plugin: MarshmallowPlugin
    # None until init_app has run; reading it earlier is a mistake that shows itself at once.
    spec: APISpec
    _app: Flask
    def __init__(
        self,
        app: Flask | None = None,
        *,
        spec_kwargs: Mapping[str, object] | None = None,
        config_prefix: str = "",
    ) -> None: ...
    def init_app(self, app: Flask, *, spec_kwargs: Mapping[str, object] | None = None) -> None: ...
    def register_blueprint(
        self,
        blp: Blueprint,
        *,
        parameters: Sequence[Mapping[str, object]] | None = None,
        **options: Any,
    ) -> None: ...
    def register_converter(self, converter: type, func: object) -> None: ...
    def register_field(self, field: type, *args: object) -> None: ...
    def handle_http_exception(self, error: HTTPException) -> ResponseReturnValue: ...
    def _register_error_handlers(self) -> None: ...
    def _register_responses(self) -> None: ...

current_api: Api
