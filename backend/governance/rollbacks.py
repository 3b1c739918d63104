"""Going back to a former edition: announced again as a new one, with a day of its own.

What counted was counted by the edition that was in force, and stays so: going back is a change of the rules like any
other, told as long before, only that nobody writes it. The server takes the documents of the former edition, puts in
the new version and day and nothing else, and checks them at once. An impact and a second person are needed as for
every draft.
"""

import re
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from backend.governance.checks import keep_check
from backend.governance.diary import Officer
from backend.governance.documents import NAMES, Documents, Kind
from backend.governance.draft_views import Draft, show_draft
from backend.governance.drafts import NewDraft, create_draft
from backend.governance.standing import load_standing
from backend.governance.tables import lock_draft_row
from backend.web.problems import ProblemCode, Refusal
from scoring.documents import parse

# Where a document names its edition, and how the cases name the edition that they are of.
_HEADS = {Kind.RULEBOOK: ("rulebook", "rulebook"), Kind.SCENARIOS: ("catalogue", "catalogue")}


class NewRollback(NamedTuple):
    """The edition of `restores_on`, to be announced anew as `version` from `effective_on`, and why; see `NewDraft`."""

    kind: Kind
    restores_on: date
    version: str
    effective_on: date
    title: str
    reason: str
    decision: str | None = None
    urgency: str | None = None


def draft_rollback(session: Session, new: NewRollback, *, by: Officer, city: str, now: datetime) -> Draft | Refusal:
    """Draft a former edition anew, and check it.

    Refusals: `edition_not_found`; `rollback_refused` where it is the one that would be in force anyway, or its
    documents cannot be dated anew.
    """
    standing = load_standing(session, city)
    former = standing.find_edition(new.kind, new.restores_on)
    if former is None:
        return Refusal(ProblemCode.EDITION_NOT_FOUND)
    documents = date_anew(new.kind, former.documents, new.version, new.effective_on)
    if documents is None or standing.find_last_day(new.kind) == new.restores_on:
        return Refusal(ProblemCode.ROLLBACK_REFUSED)
    draft = create_draft(
        session,
        NewDraft(new.kind, new.title, documents, new.reason, new.restores_on, new.decision, new.urgency),
        by=by,
        city=city,
        now=now,
    )
    row = lock_draft_row(session, draft.draft_id)
    if row is None:
        raise RuntimeError(f"draft {draft.draft_id} went away in its own transaction")
    keep_check(session, row, by=by, city=city, now=now)
    return show_draft(session, row, standing, now=now)


def date_anew(kind: Kind, documents: Documents, version: str, effective_on: date) -> Documents | None:
    """Put another version and day into the documents of an edition; None where anything else would change, too."""
    head, named = _HEADS[kind]
    first = NAMES[kind][0]
    changed = {
        **documents,
        first: _put(_put(documents[first], head, "version", f'"{version}"'), head, "effective_on", f"{effective_on}"),
        "cases": _put(documents["cases"], "cases", named, f'"{version}"'),
    }
    wanted = {
        first: _put_value(parse(documents[first], first), head, version=version, effective_on=effective_on),
        "cases": _put_value(parse(documents["cases"], "cases"), "cases", **{named: version}),
    }
    is_as_wanted = all(parse(changed[name], name) == values for name, values in wanted.items())
    return changed if is_as_wanted else None


def _put(text: str, table: str, key: str, value: str) -> str:
    """Put a value behind a key of a table, on the line where the key stands."""
    lines, inside = text.split("\n"), False
    for number, line in enumerate(lines):
        if line.startswith("["):
            inside = line.strip() == f"[{table}]"
        elif inside and re.match(rf"{key}\s*=", line):
            lines[number] = f"{key} = {value}"
            break
    return "\n".join(lines)


def _put_value(values: dict[str, object], table: str, **changed: object) -> dict[str, object]:
    head = values[table]
    return {**values, table: {**head, **changed} if isinstance(head, dict) else changed}
