"""Pictures drawn beforehand and kept, so that serving one is reading a row.

Drawing takes half a second of a processor, 40 MB and a lock that the whole process shares; no request should wait for
that.
"""

from datetime import date

from backend.gateways.pictures import write_svg
from backend.gateways.working_days import WorkingCalendar
from backend.reports.city_report import Audience, read_office_figures, read_people
from backend.reports.drawing import Names, Picture, draw_office_figures, draw_people
from backend.reports.figure_tables import find_day, find_pictured_day, put_pictures
from backend.storage.database import Database
from backend.web.messages import Language


def draw_latest(
    database: Database, names: Names, *, calendar: WorkingCalendar
) -> dict[Audience, tuple[Picture, ...]] | None:
    """Draw the figures of the day that was counted last, each picture in both languages, and keep them for the API.

    Gives what was drawn for whom; None where no day was counted, or they are drawn already. Raises
    StorageUnavailableError, NoFontError.
    """
    with database.reading() as session:
        latest = find_day(session)
        drawn = find_pictured_day(session)
    if latest is None or drawn == latest.day:
        return None
    drawn_for = {}
    for audience in Audience:
        pictures = list(_draw(database, audience, latest.day, names, calendar))
        with database.transaction() as session:
            put_pictures(session, latest.day, audience, pictures)
        drawn_for[audience] = tuple(dict.fromkeys(Picture(name) for name, _, _ in pictures))
    return drawn_for


def _draw(
    database: Database, audience: Audience, day: date, names: Names, calendar: WorkingCalendar
) -> list[tuple[str, str, str]]:
    with database.reading() as session:
        people = read_people(session, audience, day=day)
        office = None
        if audience is Audience.OPERATORS:
            office = read_office_figures(session, day, rules=names.rules, calendar=calendar)
    if people is None:
        return []
    pictures = []
    for language in Language:
        said = names._replace(language=language)
        figures = [*draw_people(people, said, audience)]
        figures += [] if office is None else [*draw_office_figures(office, said)]
        for name, words, figure in figures:
            pictures.append((name.value, language.value, write_svg(figure, name=name, said=words)))
    return pictures
