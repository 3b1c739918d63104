"""What can be said in a short transaction: compiled questions and chains, told to the driver as they are."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Dialect, PoolProxiedConnection

from backend.storage.chains import Chain
from backend.storage.questions import Found, Question, ask_in_turn

_BEGIN = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "BEGIN READ WRITE"}


class ShortTransaction:
    """A transaction on a connection, which begins with the first thing that is said in it.

    See `Database.short_transaction`, which ends it.
    """

    def __init__(self, connection: PoolProxiedConnection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect
        self.has_begun = False

    def ask(self, question: Question, values: Mapping[str, object]) -> Found | None:
        """Ask for the one row that answers `question`, or None; more than one are a MultipleResultsFound."""
        return self.ask_in_turn(values, question)[0]

    def ask_in_turn(self, values: Mapping[str, object], *questions: Question) -> tuple[Found | None, ...]:
        """Ask several questions of the same values as `questions.ask_in_turn` does, with the transaction's begin."""
        return ask_in_turn(self._connection, self._dialect, values, *questions, begin=self._begin)

    def run(self, chain: Chain, values: Mapping[str, object]) -> int:
        """Try the links of `chain` in order, and give how many held."""
        self._begin()
        return chain.run_on(self._connection, self._dialect, values)

    def _begin(self) -> None:
        if not self.has_begun:
            driver: Any = self._connection.driver_connection
            self.has_begun = True
            driver.cursor().execute(_BEGIN[self._dialect.name])
