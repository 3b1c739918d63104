"""What is noted of each person beside points: the next change, the severest veto, what is in force, clean years."""

from datetime import date

from ibis.expr.types import Table

from scoring.population.clean_years import count_clean_years, find_last_marred
from scoring.population.lining import is_alive
from scoring.population.weighing import list_sets
from scoring.rulebook import Rulebook


def note_facts(accounts: Table, judged: Table, rulebook: Rulebook, as_of: date) -> Table:
    """Put beside each account, after `facts_`, what its judged records tell, and the years that are `clean`.

    These are changes_on, veto (the severest), marred_on, and the sets of indicators in force; null where there is none.
    """
    later = judged.is_begun.ifelse(judged.ends_on, judged.occurred_on)
    in_force = judged.counts | (judged.is_behind & is_alive(judged, as_of))
    facts = judged.group_by("subject_no").aggregate(
        changes_on=later.min(where=later > as_of),
        veto=judged.veto.max(where=judged.counts),
        marred_on=find_last_marred(judged, as_of),
        **{name: judged[name].bit_or(where=in_force) for name in list_sets(rulebook)},
    )
    noted = put_beside(accounts, facts, "facts")
    return noted.mutate(clean=count_clean_years(noted.since, noted.facts_marred_on, as_of))


def put_beside(accounts: Table, found: Table, prefix: str) -> Table:
    """Put beside each account what was found of it, each column with a prefix; null where nothing was."""
    named = found.rename({f"{prefix}_{name}": name for name in found.columns})
    key = f"{prefix}_subject_no"
    return accounts.left_join(named, [("subject_no", key)]).drop(key)
