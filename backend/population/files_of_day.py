"""Whether files of a city are what somebody is about to compute with: of the city, whole, and of the day."""

from datetime import date

from backend.clock import today
from backend.population.city_files import CityFiles, CityFilesError


def check_files(files: CityFiles, *, city: str, day: date | None = None) -> None:
    """Raise CityFilesError unless files are those of a city, whole, and, given a city day, of an export begun on it."""
    if files.city != city:
        raise CityFilesError(f"{files.folder} holds the files of {files.city}; give those of {city}")
    if not files.is_complete:
        raise CityFilesError(
            f"{files.folder} is not complete: an export is under way, or was broken off; let"
            " `shangding population export` come to its end"
        )
    if day is not None and today(files.known_at) != day:
        raise CityFilesError(
            f"{files.folder} was exported on {today(files.known_at)}, and what is kept is of {day}; run"
            " `shangding population export` first"
        )
