"""How the people of a demo city spread over the levels."""

from collections import Counter
from datetime import datetime

from sqlalchemy import select

from backend.context import Context
from backend.people.tables import SubjectRow
from backend.scores.facts import read_facts
from backend.scores.outlook import state_score
from backend.web.messages import Language, get_message
from backend.web.problems import Refusal


def count_people(context: Context, *, now: datetime) -> Counter[str]:
    """Count everybody by level, best first, and those without a score by the reason; names in Chinese."""
    levels = [level.name for level in context.rules.editions[-1].levels]
    found: Counter[str] = Counter()
    with context.database.reading() as session:
        for subject_id in session.scalars(select(SubjectRow.subject_id)).all():
            facts = read_facts(session, subject_id, rules=context.rules, sealer=context.sealer, now=now)
            score = facts if isinstance(facts, Refusal) else state_score(facts, as_of=None, known_at=None)
            if isinstance(score, Refusal):
                found[get_message(f"problem.{score.code}.title", Language.CHINESE)] += 1
            else:
                found[score.level.name] += 1
            session.expunge_all()
    ordered = [*levels, *sorted(found.keys() - set(levels))]
    return Counter({name: found[name] for name in ordered if found[name]})
