"""The statements that write an invented city: chance is a hash of seed, person and record, and so always the same.

DuckDB may hash otherwise in another version: the same seed then makes another city, as good as this one.
"""

from datetime import date, datetime

from backend.demo import invented_shares as shares
from backend.demo.invented_contents import Sort, Wheel
from backend.demo.invented_shares import PER_MILLE
from scoring.days import CITY_TIME

# Who is in the city, and in which part; `weight` says how many records somebody has, in proportion.
_CITIZENS = """
CREATE OR REPLACE TEMP TABLE citizens AS
SELECT number, weigh(number) AS weight,
    (('0x' || substr(sha256(unhex(replace(make_id(number), '-', ''))), 1, 16))::UBIGINT % {parts})::INT AS part
FROM range({people}) AS people (number)
"""

# The people of a part with the records that fall to each: `n`; of them `k` in a row from the place `m` on adverse.
# Every hundredth record from `o` on has `e` later words.
_PEOPLE = """
CREATE OR REPLACE TEMP TABLE people AS
WITH placed AS (
    SELECT number, weight, row_number() OVER in_order - 1 AS place, (sum(weight) OVER in_order)::BIGINT AS reached
    FROM citizens WHERE part = {part} WINDOW in_order AS (ORDER BY number ROWS UNBOUNDED PRECEDING)
), counted AS (
    SELECT number, place * {parts} + {part} AS subject_no, make_chance(number) AS p,
        reached * {records} // {weight} - (reached - weight) * {records} // {weight} AS n
    FROM placed
)
SELECT number, subject_no, p, n, least(count_adverse(p), n) AS k, (hash(p, 3) % greatest(n, 1)::UBIGINT)::BIGINT AS m,
    hash(p, 4) % {per_mille} < {with_veto} AS is_vetoed, (hash(p, 5) % {one_in})::BIGINT AS o,
    CASE WHEN hash(p, 6) % {per_mille} < {two_words} THEN 2 ELSE 1 END AS e
FROM counted ORDER BY subject_no
"""

# `j` counts the records of a person, `d` is the record whose act it reports: itself, or the one before.
_RECORDS = """
WITH drawn AS (
    SELECT subject_no, p, n, k, m, o, e, is_vetoed, unnest(range({which})) AS j FROM people
), acting AS (
    SELECT *, make_chance_of(p, j) AS a, is_second(p, j) AS second, j - is_second(p, j)::BIGINT AS d FROM drawn
), deeds AS (
    SELECT *, hash(p, d) AS b, know(p, d, n) AS told,
        CASE WHEN second AND hash(a) % {per_mille} < {otherwise} THEN hash(p, d, 1) ELSE hash(p, d) END >> 10 AS turn,
        CASE
            WHEN (d - m + n) % n < k THEN CASE WHEN is_vetoed AND d = m THEN {veto} ELSE {adverse} END
            WHEN hash(p, d) % {per_mille} < {counted_share} THEN {counted} ELSE {uncounted}
        END AS sort
    FROM acting
), placed AS (
    SELECT *, CASE sort {turns} END AS place,
        DATE '1970-01-01' + ((told + {city_time}) // 86400000000
        + CASE WHEN (b >> 50) % {per_mille} < {later}
            THEN 1 + ((b >> 30) % {latest})::BIGINT
            ELSE -1 - ({lag} * pow(((b >> 40) & 1023)::DOUBLE / 1024, 3))::BIGINT END)::INT AS occurred_on
    FROM deeds
)
SELECT subject_no, count_words(n, o, e, j)::INT + 1 AS record_no, know(p, j, n) AS told,
    know(p, j, n) // 1000 * 65536 + 28672 + ((a >> 50) & 4095)::BIGINT AS record_hi,
    (hash(a) >> 2)::BIGINT AS record_lo, content_no, occurred_on,
    CASE WHEN is_lasting AND (b >> 20) % {per_mille} < {ended}
        THEN occurred_on + ({shortest} + ((b >> 24) % {lasting})::INT) END AS ended_on,
    CASE WHEN second THEN 'act-' || d WHEN j + 1 < n AND is_second(p, j + 1) THEN 'act-' || j END AS act,
    p, n, j, e, a, first_no, siblings
FROM placed JOIN wheel USING (place)
"""

_EVENTS = """
WITH told AS ({records}), worded AS (
    SELECT *, unnest(range(e)) AS word, know(p, j + 1, n) - told AS room FROM told
), chosen AS (
    SELECT *, CASE
        WHEN e = 1 THEN CASE
            WHEN a % {per_mille} < {corrected} THEN 'corrected'
            WHEN a % {per_mille} < {corrected} + {withdrawn} THEN 'withdrawn'
            WHEN a % {per_mille} < {corrected} + {withdrawn} + {repaired} THEN 'repaired'
            ELSE 'objected' END
        WHEN word = 0 THEN CASE WHEN a % {per_mille} < {corrected_of_two} THEN 'corrected' ELSE 'objected' END
        WHEN (a >> 20) % {per_mille} >= {decided} THEN 'withdrawn'
        WHEN a % {per_mille} < {corrected_of_two} THEN 'corrected' ELSE 'decided' END AS kind
    FROM worded
)
SELECT subject_no, (record_no + 1 + word)::INT AS event_no, record_no, kind,
    make_timestamptz(told + room * (word + 1) // 3) AS known_at,
    CASE WHEN kind = 'corrected' THEN first_no + ((a >> 30) % siblings::UBIGINT)::INT END::INT AS content_no,
    CASE WHEN kind = 'corrected' THEN occurred_on - ((a >> 40) % 3)::INT END AS occurred_on,
    CASE WHEN kind = 'corrected' THEN ended_on END AS ended_on,
    CASE WHEN kind = 'corrected' THEN act END AS act
FROM chosen
"""

_SUBJECTS = """
SELECT subject_no, make_id(number) AS subject_id, count_words(n, o, e, n)::INT AS facts_version,
    CASE WHEN is_scored THEN since END AS since,
    CASE WHEN has_number
        THEN ({year} - {youngest} - ({ages} * pow(draw(p, 11), {youth}))::INT)::SMALLINT END AS birth_year,
    CASE WHEN has_number THEN CASE WHEN hash(p, 12) % {per_mille} < {female} THEN 'female' ELSE 'male' END END AS sex,
    CASE WHEN has_number THEN CASE WHEN hash(p, 13) % {per_mille} < {at_home}
        THEN list_extract({home}, 1 + (hash(p, 14) % {homes})::INT)
        ELSE list_extract({other}, 1 + (hash(p, 14) % {others})::INT) END END AS district
FROM (
    SELECT *, hash(p, 7) % {per_mille} >= {not_scored} AS is_scored,
        is_scored AND hash(p, 8) % {per_mille} >= {without_number} AS has_number,
        CASE WHEN hash(p, 9) % {per_mille} < {on_new_year}
            THEN date_trunc('year', opened)::DATE ELSE opened END AS since
    FROM (SELECT *, DATE '{day}' - 1 - (hash(p, 10) % {opened_days})::INT AS opened FROM people)
)
"""


def write_macros(*, seed: int, day: date) -> list[str]:
    """Write what the statements call: chances, how many records, when each was known; all before `day` began."""
    ends_at = datetime(day.year, day.month, day.day, tzinfo=CITY_TIME)
    span = shares.DAYS_BACK * 86_400_000_000
    begins_us = int(ends_at.timestamp()) * 1_000_000 - span
    cases, upper = [], 0
    for tier in shares.RECORDS_A_PERSON:
        upper += tier.per_mille
        cases.append(
            f"WHEN hash(make_chance(number), 1) % {PER_MILLE} < {upper}"
            f" THEN {tier.least} + (hash(make_chance(number), 2) % {tier.most - tier.least + 1})::BIGINT"
        )
    once, twice, thrice = shares.ADVERSE_ONCE, shares.ADVERSE_TWICE, shares.ADVERSE_THRICE
    macros = {
        "make_chance(number)": f"hash({seed}, number)",
        "draw(p, salt)": "(hash(p, salt) & 1048575)::DOUBLE / 1048576",
        "weigh(number)": f"CASE {' '.join(cases)} END",
        "count_adverse(p)": f"CASE WHEN hash(p, 0) % {PER_MILLE} < {thrice} THEN 3"
        f" WHEN hash(p, 0) % {PER_MILLE} < {thrice + twice} THEN 2"
        f" WHEN hash(p, 0) % {PER_MILLE} < {thrice + twice + once} THEN 1 ELSE 0 END",
        # UUIDs of version 7, all of one made-up second before the city began
        "make_id(number)": f"format('{begins_us // 1000 >> 16:08x}-{begins_us // 1000 & 0xFFFF:04x}-7{{:03x}}-{{:04x}}-"
        "{:012x}', hash(make_chance(number), 15) & 4095, 32768 + (hash(make_chance(number), 16) & 16383),"
        " hash(make_chance(number), 17) >> 16)",
        "make_chance_of(p, j)": "hash((p >> 2) + j::UBIGINT)",
        "is_second(p, j)": f"j > 0 AND make_chance_of(p, j) % {PER_MILLE} < {shares.SHARING_AN_ACT}",
        "know(p, j, n)": f"{begins_us} + ({span} * pow(least(1, (j + ((make_chance_of(p, j) >> 20) & 1048575)::DOUBLE"
        f" / 1048576) / n), 1 / {shares.RECENCY}))::BIGINT",
        # of a ledger with `words` after every hundredth record: how many entries come before the record `j`
        "count_words(n, o, e, j)": f"j + e * ((j + {shares.ONE_IN - 1} - o) // {shares.ONE_IN})",
    }
    return [f"CREATE OR REPLACE TEMP MACRO {head} AS {body}" for head, body in macros.items()]


def write_citizens(*, people: int, parts: int) -> str:
    """Write the statement that spreads the people over the parts."""
    return _CITIZENS.format(people=people, parts=parts)


def write_people(part: int, *, parts: int, records: int, weight: int) -> str:
    """Write the statement that gives the people of a part so many records together."""
    return _PEOPLE.format(
        part=part,
        parts=parts,
        records=records,
        weight=max(1, weight),
        per_mille=PER_MILLE,
        with_veto=shares.WITH_VETO,
        one_in=shares.ONE_IN,
        two_words=shares.TWO_WORDS,
    )


def _write_drawn(wheel: Wheel, which: str) -> str:
    numbers = {sort: number for number, sort in enumerate(Sort)}
    turns = []
    for sort, number in numbers.items():
        begin, places = wheel.bounds[sort]
        if not places:  # a rulebook without vetoes, say
            begin, places = wheel.bounds[Sort.UNCOUNTED if sort is Sort.COUNTED else Sort.COUNTED]
        turns.append(f"WHEN {number} THEN {begin} + (turn % {places})::BIGINT")
    shortest, longest = shares.LASTING_DAYS
    return _RECORDS.format(
        which=which,
        per_mille=PER_MILLE,
        otherwise=shares.SECOND_SAYS_OTHERWISE,
        counted_share=shares.COUNTED,
        turns=" ".join(turns),
        city_time=8 * 3_600_000_000,
        later=shares.BEGINNING_LATER,
        latest=shares.LATEST_BEGIN_DAYS,
        lag=shares.LONGEST_LAG_DAYS,
        ended=shares.ENDED,
        shortest=shortest,
        lasting=longest - shortest,
        **{sort.value: number for sort, number in numbers.items()},
    )


def write_records(wheel: Wheel) -> str:
    """Write the query of a part's records, with the columns of their file."""
    return f"SELECT *, make_timestamptz(told) AS known_at FROM ({_write_drawn(wheel, 'n')})"  # noqa: S608 - all ours


def write_events(wheel: Wheel) -> str:
    """Write the query of a part's later words, with the columns of their file."""
    return _EVENTS.format(
        records=_write_drawn(wheel, f"o, n, {shares.ONE_IN}"),
        per_mille=PER_MILLE,
        corrected=shares.CORRECTED,
        withdrawn=shares.WITHDRAWN,
        repaired=shares.REPAIRED,
        corrected_of_two=shares.CORRECTED_OF_TWO,
        decided=shares.DECIDED,
    )


def write_subjects(day: date) -> str:
    """Write the query of a part's people as they are on a day, with the columns of their file."""
    return _SUBJECTS.format(
        day=day,
        year=day.year,
        per_mille=PER_MILLE,
        not_scored=shares.NOT_SCORED,
        without_number=shares.WITHOUT_RESIDENT_NUMBER,
        on_new_year=shares.OPENED_ON_NEW_YEAR,
        opened_days=shares.OPENED_DAYS,
        youngest=shares.YOUNGEST,
        ages=shares.OLDEST - shares.YOUNGEST,
        youth=shares.YOUTH,
        female=shares.FEMALE,
        at_home=shares.AT_HOME,
        home=list(shares.HOME_DISTRICTS),
        homes=len(shares.HOME_DISTRICTS),
        other=list(shares.OTHER_DISTRICTS),
        others=len(shares.OTHER_DISTRICTS),
    )
