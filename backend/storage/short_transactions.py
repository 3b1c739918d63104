"""What can be said in a short transaction: compiled questions and chains, told to the driver as they are."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Dialect, PoolProxiedConnection

from backend.storage.chains import Chain
from backend.storage.questions import Found, Question


class ShortTransaction(NamedTuple):
    """A transaction that has begun on a connection; see `Database.short_transaction`, which ends it."""

    connection: PoolProxiedConnection
    dialect: Dialect

    def ask(self, question: Question, values: Mapping[str, object]) -> Found | None:
        """Ask for the one row that answers `question`, or None; more than one are a MultipleResultsFound."""
        return question.ask(self.connection, self.dialect, values)

    def run(self, chain: Chain, values: Mapping[str, object]) -> int:
        """Try the links of `chain` in order, and give how many held."""
        return chain.run_on(self.connection, self.dialect, values)
