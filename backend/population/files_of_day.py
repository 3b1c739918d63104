"""Whether files of a city are what somebody is about to compute with: of the city, whole, and of the day."""

from datetime import date
from enum import StrEnum
from pathlib import Path

from backend.clock import today
from backend.population.city_files import CityFiles, CityFilesError
from backend.population.manifest import NAME


class Unfit(StrEnum):
    """Why files that can be read are not those to compute with."""

    INCOMPLETE = "files_incomplete"
    OF_OTHER_CITY = "files_of_other_city"
    OF_OTHER_DAY = "files_of_other_day"
    OF_OTHER_LEDGER = "files_of_other_ledger"


class UnfitFilesError(CityFilesError):
    """Files of a city that can be read, and are not those to compute with; says why."""

    def __init__(self, why: Unfit, message: str) -> None:
        """Keep why; the message says what is wrong, where, and what would be right."""
        super().__init__(message)
        self.why = why


def has_files(folder: Path | None) -> bool:
    """Tell whether a folder holds files of a city, of whatever city and however damaged."""
    return folder is not None and (folder / NAME).is_file()


def check_complete(files: CityFiles) -> None:
    """Raise UnfitFilesError unless an export has come to its end, whatever city the files are of."""
    if not files.is_complete:
        raise UnfitFilesError(
            Unfit.INCOMPLETE,
            f"{files.folder} is not complete: an export is under way, or was broken off; let"
            " `shangding population export` come to its end",
        )


def check_files(files: CityFiles, *, city: str, day: date | None = None) -> None:
    """Raise UnfitFilesError unless files are of a city, whole, and, given a city day, of an export begun on it."""
    if files.city != city:
        raise UnfitFilesError(
            Unfit.OF_OTHER_CITY, f"{files.folder} holds the files of {files.city}; give those of {city}"
        )
    check_complete(files)
    if day is not None and today(files.known_at) != day:
        raise UnfitFilesError(
            Unfit.OF_OTHER_DAY,
            f"{files.folder} was exported on {today(files.known_at)}, and what is kept is of {day}; run"
            " `shangding population export` first",
        )
