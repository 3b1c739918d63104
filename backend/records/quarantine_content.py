"""What a row in quarantine says, sealed for its subject until an operator has decided."""

import json
from dataclasses import dataclass, field, replace
from uuid import UUID

from backend.gateways.sealing import Sealer
from backend.people.names import fold_name
from backend.records.ledger import Report, read_content, write_content
from backend.records.rows import Representative

QUARANTINE_FIELD = "quarantined_row"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedContent:
    """The name that a row gave its subject, what it reports, and the legal representative whom it reaches."""

    name: str = field(repr=False)
    report: Report = field(repr=False)
    representative: Representative | None = field(default=None, repr=False)

    def correct(self, report: Report) -> "QuarantinedContent":
        """Give what the row says once its report is another."""
        return replace(self, report=report)

    def says_the_same_as(self, other: "QuarantinedContent") -> bool:
        """Tell whether another row says just this."""
        mine, others = ((fold_name(each.name), each.report, each.representative) for each in (self, other))
        return mine == others


def seal_content(content: QuarantinedContent, subject_id: UUID, sealer: Sealer) -> bytes:
    """Seal what a row says; `open_content` reads it back the same."""
    person = content.representative
    document = {
        "name": content.name,
        "report": write_content(content.report),
        "representative": None if person is None else {"name": person.name, "id_number": person.id_number},
    }
    return sealer.seal(json.dumps(document, ensure_ascii=False), subject_id=subject_id, field=QUARANTINE_FIELD)


def open_content(sealed: bytes, subject_id: UUID, sealer: Sealer) -> QuarantinedContent:
    """Open what was sealed for this subject; raises SealError."""
    document = json.loads(sealer.open(sealed, subject_id=subject_id, field=QUARANTINE_FIELD))
    person = document["representative"]
    return QuarantinedContent(
        name=document["name"],
        report=read_content(document["report"]),
        representative=None if person is None else Representative(**person),
    )
