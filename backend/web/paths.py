"""Codes and days as variables of paths: `/merchants/<code:merchant>`, `/rulebook/editions/<day:effective_on>`."""

from datetime import date

from typing_extensions import override
from werkzeug.routing import BaseConverter, ValidationError

CODE_PATTERN = "[a-z0-9_-]{1,40}"


class CodeConverter(BaseConverter):
    """The code of a merchant or a scenario; a path with anything else in this place is none of ours."""

    regex = CODE_PATTERN
    name = "code"


def describe_code(_converter: CodeConverter) -> dict[str, object]:
    """Describe such a variable for OpenAPI."""
    return {"type": "string", "pattern": f"^{CODE_PATTERN}$"}


class DayConverter(BaseConverter):
    """A day of the calendar, such as 2027-01-01; a path with anything else in this place is none of ours."""

    regex = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
    name = "day"

    @override
    def to_python(self, value: str) -> date:
        """Read the day; one that is in no calendar is no path of ours."""
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValidationError from None


def describe_day(_converter: DayConverter) -> dict[str, object]:
    """Describe such a variable for OpenAPI."""
    return {"type": "string", "format": "date"}
