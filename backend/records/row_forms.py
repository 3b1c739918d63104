"""The wire form of a row, and reading one by itself: whatever is wrong with it spoils no other.

It stands apart from the other wire forms because rows come in files too, and those are read where nobody speaks HTTP.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Unpack

from typing_extensions import override

from backend.people.identity_numbers import SubjectKind, holds_resident_id
from backend.people.names import fold_name
from backend.records.ledger import Report
from backend.records.quick_reader import MAX_ITEMS, MAX_NUMBER, read_quickly
from backend.records.rows import AnyRow, HandedInRow, MalformedRow, Representative
from backend.records.screening import blur_pointer
from backend.web import fields
from backend.web.fields import StrictSchema, check_text
from backend.web.flaws import load_form, refuse_value
from backend.web.problems import Place
from scoring.admission import Confirmation, Finality, LegalFacts, Procedure
from scoring.records import Content

INDICATOR = r"[A-Z][A-Z0-9]{0,9}(-[A-Z0-9]{1,10}){1,3}"


class OpenText(fields.Text):
    """A text that is kept as it stands, for good, and so may hold no resident id; a credit code is public and may."""

    @override
    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if holds_resident_id(text):
            raise refuse_value("holds_identity_number")
        return text


class DocumentNumber(OpenText):
    """The number of a document: it has a digit, so that `无` or a dash is none."""

    @override
    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not any(character.isnumeric() for character in text):
            raise refuse_value("says_nothing")
        return text


class PersonName(fields.Text):
    """A name that says something: dots and blanks alone would agree with every name on file."""

    @override
    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> str:
        name = super()._deserialize(value, attr, data, **kwargs)
        if not fold_name(name):
            raise refuse_value("says_nothing")
        return name


class Items(fields.JsonObject):
    """The information items of a record: short texts, whole numbers and truth values, by name."""

    def __init__(self, **options: Unpack[fields.Options]) -> None:
        super().__init__(maximum=MAX_ITEMS, **options)

    @override
    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> dict[str, object]:
        items = super()._deserialize(value, attr, data, **kwargs)
        for name, item in items.items():
            check_text(name, minimum=1, maximum=40)
            if isinstance(item, int):
                if abs(item) > MAX_NUMBER:
                    raise refuse_value("out_of_range", minimum=-MAX_NUMBER, maximum=MAX_NUMBER)
            elif isinstance(item, str):
                check_text(item, minimum=0, maximum=100)
            else:
                raise refuse_value("not_plain")
        return items


class LegalSchema(StrictSchema):
    """What the law asks about a row; a department leaves out what does not arise."""

    document_no = DocumentNumber(minimum=2, maximum=100, load_default=None, allow_none=True)
    procedure = fields.Choice(Procedure, load_default=None, allow_none=True)
    finality = fields.Choice(Finality, load_default=None, allow_none=True)
    minor_and_remedied = fields.Truth(load_default=False)
    confirmed_by = fields.Choice(Confirmation, load_default=None, allow_none=True)


class ReportSchema(StrictSchema):
    """What a department says about an act."""

    occurred_on = fields.Day(required=True)
    ended_on = fields.Day(load_default=None, allow_none=True)
    act = OpenText(maximum=100, load_default=None, allow_none=True)
    items = Items(required=True)
    legal = fields.Part(LegalSchema, required=True)


class RepresentativeSchema(StrictSchema):
    """The legal representative of the organisation that a row is about."""

    name = PersonName(maximum=100, required=True)
    id_number = fields.Text(maximum=40, required=True)


class RowSchema(ReportSchema):
    """One row of a batch: whom it is about, and what is said."""

    source_key = OpenText(maximum=100, required=True)
    subject_kind = fields.Choice(SubjectKind, load_default=SubjectKind.NATURAL_PERSON)
    id_number = fields.Text(maximum=40, required=True)
    name = PersonName(maximum=100, required=True)
    indicator = OpenText(maximum=40, pattern=INDICATOR, required=True)
    legal_representative = fields.Part(RepresentativeSchema, load_default=None, allow_none=True)


_FORM = RowSchema()


def read_row(raw: object) -> AnyRow:
    """Read one row as JSON has it; one that is malformed points at what is wrong, and repeats nothing of it."""
    return read_quickly(raw) or read_strictly(raw)


def read_strictly(raw: object) -> AnyRow:
    """Read one row by its wire form, which knows every rule."""
    row = load_form(_FORM, raw, Place.BODY)
    if isinstance(row, tuple):
        return MalformedRow(tuple(replace(fault, pointer=blur_pointer(fault.pointer)) for fault in row))
    person = row["legal_representative"]
    return HandedInRow(
        source_key=row["source_key"],
        subject_kind=row["subject_kind"],
        id_number=row["id_number"],
        name=row["name"],
        indicator=row["indicator"],
        report=make_report(row),
        legal_representative=None if person is None else Representative(**person),
    )


def make_report(body: Mapping[str, Any]) -> Report:
    """Make the report of a body that was loaded by `ReportSchema` or a form that extends it."""
    content = Content(occurred_on=body["occurred_on"], ended_on=body["ended_on"], fields=body["items"], act=body["act"])
    return Report(content, LegalFacts(**body["legal"]))
