"""Which minus records repeat an earlier one of their class."""

from datetime import date


class Minuses:
    """The minus records that stand, told in the order of their days, to see which repeats another.

    One does when another of its class from an earlier day was in force on its own day. Of two on one day neither is the
    earlier. A record that does not stand for its act repeats nothing, and nothing repeats it.
    """

    def __init__(self) -> None:
        self._ends: dict[str, date | None] = {}  # of each class the latest end before today; None is without end
        self._today: list[tuple[date, str, date | None]] = []

    def add(self, occurred_on: date, repeat_class: str, ends_on: date | None) -> None:
        """Tell of a minus record; its day is not before that of the one told of last."""
        self._turn_to(occurred_on)
        self._today.append((occurred_on, repeat_class, ends_on))

    def has_earlier(self, occurred_on: date, repeat_class: str) -> bool:
        """Tell whether one of the class from an earlier day is in force on a day; no later day was told of yet."""
        self._turn_to(occurred_on)
        end = self._ends.get(repeat_class, date.min)
        return end is None or occurred_on < end

    def _turn_to(self, day: date) -> None:
        """Let what was told of other days, earlier ones all, be earlier from now on."""
        if not self._today or self._today[0][0] == day:
            return
        for _, repeat_class, ends_on in self._today:
            end = self._ends.get(repeat_class, date.min)
            self._ends[repeat_class] = None if end is None or ends_on is None else max(end, ends_on)
        self._today = []
