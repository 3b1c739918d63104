"""Codes as variables of paths: `/merchants/<code:merchant>`."""

from werkzeug.routing import BaseConverter

CODE_PATTERN = "[a-z0-9_-]{1,40}"


class CodeConverter(BaseConverter):
    """The code of a merchant or a scenario; a path with anything else in this place is none of ours."""

    regex = CODE_PATTERN
    name = "code"


def describe_code(_converter: CodeConverter) -> dict[str, object]:
    """Describe such a variable for OpenAPI."""
    return {"type": "string", "pattern": f"^{CODE_PATTERN}$"}
