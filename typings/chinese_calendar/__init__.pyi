from collections.abc import Mapping
from datetime import date

holidays: Mapping[date, str]
workdays: Mapping[date, str]

def is_workday(date: date) -> bool: ...
