from dataclasses import replace
from datetime import date
from functools import partial
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.attribution import Transition, compare_editions, list_changed_parts, mix_editions
from scoring.bounds_document import by_scope
from scoring.days import end_of
from scoring.evaluation import evaluate
from scoring.records import Record
from scoring.rulebook import Rulebook
from scoring.rulebook_document import read_rulebook
from scoring.statement import Score
from tests.scoring.population.crowds import make_crowd, make_rulebook
from tests.scoring.small_city import CATALOGUE, RULEBOOK, RULEBOOK_TEXT, record
from tests.scoring.strategies import LAST

SINCE = date(2021, 1, 1)


def amend(*changes: tuple[str, str]) -> Rulebook:
    text = RULEBOOK_TEXT
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return read_rulebook(text, "amended", CATALOGUE)


def compare(records: list[Record], new: Rulebook) -> Transition:
    return compare_editions(records, RULEBOOK, new, as_of=LAST, known_at=end_of(LAST), since=SINCE)


def tell(found: Transition) -> list[tuple[str, int, int]]:
    return [(share.id, share.before.points, share.after.points) for share in found.shares]


def test_each_amendment_that_reaches_a_person_has_its_before_and_after() -> None:
    new = amend(
        ("points = 10\nvalid", "points = 13\nvalid"),
        ("at_most = 20\nbasis", "at_most = 30\nbasis"),
        ("points = -20", "points = -25"),
        ("base = 100", "base = 101"),
    )
    donations = [record("BLOOD", date(2026, month, 1)) for month in (1, 2)]
    fine = record("FINE", date(2026, 3, 1), fields={"amount_fen": 60_000})
    # The cap of 20 a year takes back what the rule would add, until the cap itself is raised.
    assert tell(compare(donations, new)) == [("L-BLOOD", 140, 146), ("scale", 146, 147)]
    assert tell(compare([donations[0], fine], new)) == [
        ("R-BLOOD", 110, 113),
        ("R-FINE", 113, 108),
        ("scale", 108, 109),
    ]
    assert tell(compare([], amend(("points = 10\nvalid", "points = 13\nvalid")))) == []


def test_an_edge_that_moves_names_the_level_that_a_person_comes_to_or_leaves() -> None:
    (share,) = compare([], amend(("at_least = 120", "at_least = 121"), ("at_least = 80", "at_least = 101"))).shares
    assert (share.id, share.before.level.code, share.after.level.code) == ("fair", "high", "fair")


def describe(score: Score) -> tuple[object, ...]:
    dimensions = {code: points for code, points in score.dimensions.items() if points}
    return score.points, score.level.code, score.incentives_suspended, dimensions


def make_book(random: Random) -> Rulebook:
    """A random rulebook with its limits as a document gives them: of a dimension, and the yearly ones first."""
    book = make_rulebook(random)
    of_dimensions = [each._replace(dimension=each.id.removeprefix("D-")) for each in book.dimension_limits]
    limits = random.sample(book.rule_limits, len(book.rule_limits))
    random.shuffle(of_dimensions)
    return replace(
        book,
        rule_limits=tuple(sorted(limits, key=by_scope)),
        dimension_limits=tuple(sorted(of_dimensions, key=by_scope)),
    )


def list_rules(book: Rulebook, dimension: str) -> frozenset[str]:
    return frozenset(rule.id for rule in book.rules if rule.dimension == dimension)


@given(st.integers(0, 2**32))
@settings(max_examples=40)
def test_the_shares_lead_from_one_score_to_the_other_without_a_gap(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - nothing secret
    old, new = make_book(random), make_book(random)
    if random.random() < 0.5:  # limits that are as they were, over other rules
        limits = [each._replace(rules=list_rules(new, each.dimension)) for each in old.dimension_limits]
        turned = sorted(random.sample(old.rule_limits, len(old.rule_limits)), key=by_scope)
        new = replace(new, rule_limits=tuple(turned), dimension_limits=tuple(limits))
    if random.random() < 0.5:  # edges that moved
        levels = tuple(each._replace(at_least=each.at_least and each.at_least + 3) for each in new.levels)
        new = replace(new, levels=levels)
    whole = replace(mix_editions(old, new, list_changed_parts(old, new)), levels=new.levels)
    assert [limit.id for limit in whole.limits] == [limit.id for limit in new.limits]
    assert [group.id for group in whole.exclusives] == [group.id for group in new.exclusives]
    for somebody in make_crowd(random, 8):
        score = partial(evaluate, somebody.records, as_of=LAST, known_at=end_of(LAST), since=somebody.since)
        before, after = describe(score(old)), describe(score(new))
        # With all that differs the old rulebook is the new one: nothing is left over for the last of them to hide.
        assert describe(score(whole)) == after
        found = compare_editions(somebody.records, old, new, as_of=LAST, known_at=end_of(LAST), since=somebody.since)
        assert sum(share.points for share in found.shares) == found.after.points - found.before.points
        told = [before, *(describe(each) for share in found.shares for each in share[3:]), after]
        assert told[::2] == told[1::2]
        assert all(describe(share.before) != describe(share.after) for share in found.shares)
