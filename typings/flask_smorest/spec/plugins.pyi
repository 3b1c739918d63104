from collections.abc import Callable, Mapping
from typing import Any

from apispec import BasePlugin
from werkzeug.routing import BaseConverter

class FlaskPlugin(BasePlugin):
    converter_mapping: dict[type[BaseConverter], Callable[[Any], Mapping[str, object]]]
    def register_converter(
        self,
        converter: type[BaseConverter],
        func: Callable[[Any], Mapping[str, object]],
    ) -> None: ...
    @staticmethod
    def flaskpath2openapi(path: str) -> str: ...
