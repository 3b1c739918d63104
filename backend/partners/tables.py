"""Partner cities, their keys and treaties: rows and their named queries."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import CheckConstraint, Date, ForeignKey, ForeignKeyConstraint, Index, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.storage.inserts import insert_into
from backend.storage.questions import Question, ask_within
from backend.storage.tables import Row


class PartnerRow(Row):
    """A city that we exchange with; `url` is where its `/exchange/v1` begins, without a slash at the end.

    By whom and why it was ended nobody noted of those that ended long ago.
    """

    __tablename__ = "partner"
    __table_args__ = (
        CheckConstraint("(ended_by IS NULL) = (ended_because IS NULL)", name="ended"),
        CheckConstraint("ended_at IS NOT NULL OR ended_by IS NULL", name="ended_by"),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    url: Mapped[str]
    registered_at: Mapped[datetime]
    registered_by: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    ended_because: Mapped[str | None]


class CityKeyRow(Row):
    """A public key of a city, our own among them, kept for ever: old messages are verified with old keys.

    `is_current` says that the city showed it when it was asked last.
    """

    __tablename__ = "city_key"
    __table_args__ = (CheckConstraint("use IN ('sig', 'enc')", name="use"),)

    city: Mapped[str] = mapped_column(primary_key=True)
    key_id: Mapped[str] = mapped_column(primary_key=True)
    use: Mapped[str]
    jwk: Mapped[dict[str, Any]]
    is_current: Mapped[bool]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]


class TreatyRow(Row):
    """One version of a treaty as both cities signed it: its bytes as text, and both signatures over them (JWS).

    `suspended_by` is the code of the city that suspended it.
    """

    __tablename__ = "treaty"
    __table_args__ = (
        CheckConstraint("starts_on < ends_on", name="term"),
        CheckConstraint("(suspended_at IS NULL) = (suspended_by IS NULL)", name="suspended"),
        Index(None, "partner", "starts_on"),
    )

    treaty_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    partner: Mapped[str] = mapped_column(ForeignKey("partner.code"))
    text: Mapped[str]
    digest: Mapped[str]
    our_signature: Mapped[str]
    their_signature: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    added_at: Mapped[datetime]
    added_by: Mapped[str]
    suspended_at: Mapped[datetime | None]
    suspended_by: Mapped[str | None]


class TreatyEventRow(Row):
    """What happened to a treaty: added, suspended or resumed, by which city, by whom there, and why."""

    __tablename__ = "treaty_event"
    __table_args__ = (
        ForeignKeyConstraint(["treaty_id", "version"], ["treaty.treaty_id", "treaty.version"]),
        CheckConstraint("event IN ('added', 'suspended', 'resumed')", name="event"),
    )

    treaty_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    event_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event: Mapped[str]
    city: Mapped[str]
    by: Mapped[str]
    reason: Mapped[str]
    happened_at: Mapped[datetime]


class InForce(NamedTuple):
    """Which version of a treaty has the say on a day, by its key and the digest of its text, and with which partner."""

    treaty_id: str
    version: str
    digest: str
    is_suspended: bool
    title: str
    url: str


_DAY = bindparam("day", type_=Date())
_SAYING: tuple[Any, ...] = (
    TreatyRow.treaty_id,
    TreatyRow.version,
    TreatyRow.digest,
    TreatyRow.suspended_at,
    PartnerRow.title,
    PartnerRow.url,
)
_HAS_THE_SAY = (
    select(*_SAYING)
    .join(PartnerRow, PartnerRow.code == TreatyRow.partner)
    .where(TreatyRow.partner == bindparam("partner_code"), PartnerRow.ended_at.is_(None))
    .where(TreatyRow.starts_on <= _DAY, TreatyRow.ends_on > _DAY)
    .order_by(TreatyRow.starts_on.desc(), TreatyRow.version.desc())
    .limit(1)
)
_IN_FORCE = Question(_HAS_THE_SAY)


def list_partner_rows(session: Session) -> Sequence[PartnerRow]:
    """List all partners in order of their codes."""
    return session.scalars(select(PartnerRow).order_by(PartnerRow.code)).all()


def list_ended_partners(session: Session) -> Sequence[str]:
    """List the codes of the partners that have ended."""
    return session.scalars(select(PartnerRow.code).where(PartnerRow.ended_at.is_not(None))).all()


def lock_partner_row(session: Session, code: str) -> PartnerRow | None:
    """Find a partner, and hold it: no treaty with it is added meanwhile."""
    wanted = select(PartnerRow).where(PartnerRow.code == code).with_for_update()
    return session.scalars(wanted.execution_options(populate_existing=True)).one_or_none()


def list_key_rows(session: Session, city: str | None, *, hold: bool = False) -> Sequence[CityKeyRow]:
    """List keys of one city or of all, by city and when they were first seen; held, where they are to be changed."""
    rows = select(CityKeyRow).order_by(CityKeyRow.city, CityKeyRow.first_seen_at, CityKeyRow.key_id)
    rows = rows if city is None else rows.where(CityKeyRow.city == city)
    rows = rows.with_for_update().execution_options(populate_existing=True) if hold else rows
    return session.scalars(rows).all()


def add_key_row(session: Session, city: str, key_id: str, *, use: str, jwk: dict[str, str], now: datetime) -> None:
    """Add a key that is current; where another process has just done so, nothing."""
    values = {"city": city, "key_id": key_id, "use": use, "jwk": jwk, "is_current": True}
    row = insert_into(session, CityKeyRow).values(**values, first_seen_at=now, last_seen_at=now)
    session.execute(row.on_conflict_do_nothing())


def find_in_force(session: Session, partner: str, day: date) -> InForce | None:
    """Find the version of the treaty with a partner that covers a day, of several the one begun last."""
    found = ask_within(session, _IN_FORCE, {"partner_code": partner, "day": day})
    if found is None:
        return None
    treaty_id, version, digest, suspended_at, title, url = found
    return InForce(treaty_id, version, digest, suspended_at is not None, title, url)


def find_treaty_text(session: Session, treaty_id: str, version: str) -> str:
    """Find the text of a version that is there."""
    mine = (TreatyRow.treaty_id == treaty_id, TreatyRow.version == version)
    return session.scalars(select(TreatyRow.text).where(*mine)).one()


def lock_treaty_row(session: Session, treaty_id: str, version: str) -> TreatyRow | None:
    """Find a version of a treaty, and hold it."""
    return session.scalars(
        select(TreatyRow)
        .where(TreatyRow.treaty_id == treaty_id, TreatyRow.version == version)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()


def share_treaty_row(session: Session, treaty_id: str, version: str) -> None:
    """Keep a version of a treaty as it is until the transaction ends, together with others who do so."""
    mine = (TreatyRow.treaty_id == treaty_id, TreatyRow.version == version)
    session.execute(select(TreatyRow.version).where(*mine).with_for_update(read=True))


def list_treaty_rows(session: Session, partner: str | None) -> Sequence[TreatyRow]:
    """List the versions with one partner or all, by treaty and first day."""
    rows = select(TreatyRow).order_by(TreatyRow.treaty_id, TreatyRow.starts_on, TreatyRow.version)
    return session.scalars(rows if partner is None else rows.where(TreatyRow.partner == partner)).all()


def list_treaty_keys(session: Session, partner: str) -> list[tuple[str, str]]:
    """List the versions with a partner, each with the id of its treaty, in one order for all who hold several."""
    row = TreatyRow
    wanted = select(row.treaty_id, row.version).where(row.partner == partner).order_by(row.treaty_id, row.version)
    return [(found[0], found[1]) for found in session.execute(wanted)]


def list_treaty_events(session: Session, treaty_id: str, version: str) -> Sequence[TreatyEventRow]:
    """List what has happened to a version, in order."""
    mine = (TreatyEventRow.treaty_id == treaty_id, TreatyEventRow.version == version)
    return session.scalars(select(TreatyEventRow).where(*mine).order_by(TreatyEventRow.event_no)).all()
