"""The root of all mapped rows: one metadata, one way of naming constraints.

Constraints have names on both engines, so that a migration can find them and an error can be read.
"""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, LargeBinary, MetaData, Text, Uuid
from sqlalchemy.orm import DeclarativeBase

from backend.storage.types import Day, Json, Moment


class Row(DeclarativeBase):
    """A mapped row. Rows stay inside their room; what leaves it is a frozen value.

    Texts are unbounded columns: lengths are checked where data comes in, alike on both engines.
    """

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        UUID: Uuid(),
        bytes: LargeBinary(),
        date: Day(),
        datetime: Moment(),
        dict[str, Any]: Json(),
        int: BigInteger(),
        str: Text(),
    }
