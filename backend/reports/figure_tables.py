"""Figures of a day, the secret offsets under which they are published, and pictures: rows and their named queries.

Days, cells and offsets are only ever added; triggers of the database refuse anything else. Counts are exact here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import CheckConstraint, ForeignKey, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.storage.inserts import insert_into
from backend.storage.tables import Row

MOST_OFFSET = 19


class FigureKind(StrEnum):
    """What people were told apart by: level and band of points; a dimension and its band; a scenario and its end."""

    SCORE = "score"
    DIMENSION = "dimension"
    BENEFIT = "benefit"


class Cell(NamedTuple):
    """A group of people: `name` is made of codes, joined by colons."""

    kind: FigureKind
    name: str


class Counted(NamedTuple):
    """A day on which the city was counted: how many people had a score, by which rules, known until when."""

    day: date
    people: int
    rulebook_version: str
    rules_digest: str
    known_at: datetime


class FigureDayRow(Row):
    """A day on which the city was counted; `people` is how many had a score."""

    __tablename__ = "figure_day"
    __table_args__ = (CheckConstraint("people >= 0", name="people"),)

    day: Mapped[date] = mapped_column(primary_key=True)
    people: Mapped[int]
    rulebook_version: Mapped[str]
    rules_digest: Mapped[str]
    known_at: Mapped[datetime]
    kept_at: Mapped[datetime]


class FigureCellRow(Row):
    """How many people were in a cell on a day, exactly; a cell without people has no row."""

    __tablename__ = "figure_cell"
    __table_args__ = (
        CheckConstraint("kind IN ('score', 'dimension', 'benefit')", name="kind"),
        CheckConstraint("people >= 1", name="people"),
    )

    day: Mapped[date] = mapped_column(ForeignKey("figure_day.day"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    cell: Mapped[str] = mapped_column(primary_key=True)
    people: Mapped[int]


class FigureOffsetRow(Row):
    """By how many people a cell is made smaller before it is rounded down for the public: drawn once, never told."""

    __tablename__ = "figure_offset"
    __table_args__ = (CheckConstraint(f"people BETWEEN 0 AND {MOST_OFFSET}", name="people"),)

    kind: Mapped[str] = mapped_column(primary_key=True)
    cell: Mapped[str] = mapped_column(primary_key=True)
    people: Mapped[int]


class FigurePictureRow(Row):
    """The latest picture of some figures, as SVG, for one audience in one language."""

    __tablename__ = "figure_picture"
    __table_args__ = (CheckConstraint("audience IN ('public', 'operators')", name="audience"),)

    audience: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date]
    svg: Mapped[str]


def add_day(session: Session, counted: Counted, cells: Mapping[Cell, int], *, now: datetime) -> bool:
    """Add the figures of a day; False where there are some already, which stay."""
    values = {**counted._asdict(), "kept_at": now}
    added = insert_into(session, FigureDayRow).values(values).on_conflict_do_nothing().returning(FigureDayRow.day)
    if session.scalar(added) is None:
        return False
    rows = [
        {"day": counted.day, "kind": cell.kind.value, "cell": cell.name, "people": people}
        for cell, people in sorted(cells.items())
        if people
    ]
    if rows:
        session.execute(insert_into(session, FigureCellRow), rows)
    return True


def add_offsets(session: Session, offsets: Mapping[Cell, int]) -> None:
    """Add the offsets of cells that have none yet; one that is there stays for ever."""
    rows = [{"kind": cell.kind.value, "cell": cell.name, "people": people} for cell, people in sorted(offsets.items())]
    if rows:
        session.execute(insert_into(session, FigureOffsetRow).on_conflict_do_nothing(), rows)


def read_offsets(session: Session) -> dict[Cell, int]:
    """Read the offsets of all cells that were ever counted; there are a few hundred."""
    row = FigureOffsetRow
    return {
        Cell(FigureKind(kind), name): people
        for kind, name, people in session.execute(select(row.kind, row.cell, row.people))
    }


def find_day(session: Session, *, until: date | None = None) -> Counted | None:
    """Find the last day that was counted, or the last one until a day."""
    row = FigureDayRow
    wanted = select(*(getattr(row, name) for name in Counted._fields)).order_by(row.day.desc()).limit(1)
    if until is not None:
        wanted = wanted.where(row.day <= until)
    found = session.execute(wanted).one_or_none()
    return None if found is None else Counted(*found)


def read_cells(session: Session, day: date) -> Counter[Cell]:
    """Read the exact counts of a day."""
    row = FigureCellRow
    found = session.execute(select(row.kind, row.cell, row.people).where(row.day == day))
    return Counter({Cell(FigureKind(kind), name): people for kind, name, people in found})


def put_pictures(session: Session, day: date, audience: str, pictures: Iterable[tuple[str, str, str]]) -> None:
    """Put pictures (name, language, SVG) in the place of those of an earlier day, of which none stays."""
    for name, language, svg in pictures:
        values = {"audience": audience, "name": name, "language": language, "day": day, "svg": svg}
        statement = insert_into(session, FigurePictureRow).values(values)
        changed = {"day": statement.excluded.day, "svg": statement.excluded.svg}
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["audience", "name", "language"],
                set_=changed,
                where=FigurePictureRow.day <= statement.excluded.day,
            )
        )
    session.execute(delete(FigurePictureRow).where(FigurePictureRow.audience == audience, FigurePictureRow.day < day))


def find_picture(session: Session, audience: str, name: str, language: str) -> str | None:
    """Find a picture as SVG."""
    return session.scalar(
        select(FigurePictureRow.svg).where(
            FigurePictureRow.audience == audience,
            FigurePictureRow.name == name,
            FigurePictureRow.language == language,
        )
    )


def find_pictured_day(session: Session) -> date | None:
    """Find the earliest day that a picture shows; None while there is none."""
    return session.scalar(select(func.min(FigurePictureRow.day)))
