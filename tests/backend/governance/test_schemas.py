"""What a document says is looked at as it is read, not only as it is written."""

import pytest
from marshmallow import ValidationError

from backend.governance.schemas import DocumentsSchema

NUMBER = "1101011990030745\\u00373"  # 110101199003074573, invented


@pytest.mark.parametrize(
    "text",
    ['title = "\\u001b[31m"', 'title = "\\u0000"', 'title = "\\u202e"', f'name = "{NUMBER}"', f'["{NUMBER}"]\na = 1'],
)
def test_an_escape_says_nothing_that_a_line_may_not(text: str) -> None:
    with pytest.raises(ValidationError):
        DocumentsSchema().load({"cases": text})
    assert DocumentsSchema().load({"cases": "a = 1\r\nb = 2\r\n"}) == {"cases": "a = 1\nb = 2\n"}
    with pytest.raises(ValidationError):  # a CR of its own hides what stands before it
        DocumentsSchema().load({"cases": "a = 1\rb = 2\n"})
    assert DocumentsSchema().load({"cases": 'title = "\\u4e00"'}) == {"cases": 'title = "\\u4e00"'}
