"""Many subjects at once, found or added and then held, in as many statements as one takes.

Everybody who is not known is added first, in the order of the keyed hashes, and only then everybody is held, in the
order of the ids. Whoever adds holds nothing yet that others wait for except what he added; so two transactions that do
this about the same people wait for each other, and never in a circle, as long as each does it once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.sealing import Sealer
from backend.people.names import fold_name
from backend.people.standing import IDENTITY_FIELD
from backend.people.subjects import NAME_FIELD
from backend.people.tables import SubjectRow, take_turn_to_add
from backend.storage.bulk import insert_unless_known, is_one_of, update_rows
from backend.storage.identifiers import new_id

_NEW = (
    "subject_id",
    "kind",
    "identity_index",
    "identity_key_id",
    "identity_sealed",
    "name_index",
    "name_sealed",
    "name_verified",
    "in_doubt",
    "facts_version",
    "created_at",
)


@dataclass(frozen=True, slots=True)
class Introduction:
    """How somebody unknown is introduced: by the kind and the name that came along first."""

    kind: str
    name: str = field(repr=False)


@dataclass(slots=True)
class HeldSubject:
    """A subject that this transaction holds, and what it decides about it.

    `is_known` is false for somebody whom a dry run imagines, `is_asked_for` for somebody who was added and whom then
    nothing was about.
    """

    subject_id: UUID
    kind: str
    in_doubt: bool
    facts_version: int
    name_index: bytes | None
    is_known: bool = True
    is_asked_for: bool = True
    new_name: str | None = field(default=None, repr=False)
    _agreed: set[str] = field(default_factory=set, repr=False)

    def agrees_on_name(self, name: str, pseudonyms: Pseudonyms) -> bool:
        """Tell whether an unverified name is the one on file; the first name for somebody without one is put there."""
        folded = fold_name(name)
        if not folded or folded in self._agreed:
            return True
        if self.name_index is None:
            self.name_index = pseudonyms.index_name(folded, subject_id=self.subject_id).digest
            self.new_name = name.strip()
        elif not pseudonyms.is_name(folded, self.name_index, subject_id=self.subject_id):
            return False
        self._agreed.add(folded)
        return True


@dataclass(frozen=True, slots=True)
class Register:
    """What is needed to find, add and hold subjects; `is_dry` adds and holds nobody."""

    session: Session
    pseudonyms: Pseudonyms = field(repr=False)
    sealer: Sealer = field(repr=False)
    now: datetime
    is_dry: bool = False

    def hold(self, wanted: Mapping[str, Introduction]) -> dict[str, HeldSubject]:
        """Find or add the subject of each identity number, and hold all until the transaction ends."""
        indexes = {number: self.pseudonyms.all_indexes(number) for number in wanted}
        digests = {number: [index.digest for index in found] for number, found in indexes.items()}
        ids = self._find(digests)
        if self.pseudonyms.is_changing and not self.is_dry and len(ids) < len(wanted):
            take_turn_to_add(self.session)
            ids = self._find(digests)
        unknown = {number: new_id(self.now) for number in wanted if number not in ids}
        if self.is_dry:
            held = self._hold(list(set(ids.values())))
            imagined = {number: _imagine(subject_id, wanted[number]) for number, subject_id in unknown.items()}
            return {number: held[subject_id] for number, subject_id in ids.items()} | imagined
        if unknown:
            missing = sorted(unknown, key=lambda number: digests[number][0])
            rows = [self._introduce(unknown[number], number, wanted[number]) for number in missing]
            insert_unless_known(self.session, SubjectRow, _NEW, rows, key="identity_index")
            # Each is there now: added here, or by somebody else meanwhile.
            ids |= self._find({number: digests[number] for number in missing})
        held = self._hold(list(set(ids.values())))
        for subject_id in unknown.values():
            if subject_id in held:
                held[subject_id].is_asked_for = False
        return {number: held[subject_id] for number, subject_id in ids.items()}

    def put_names(self, held: Sequence[HeldSubject]) -> None:
        """Write the names that were put on file for those who had none."""
        named = [each for each in held if each.new_name is not None]
        rows = [
            (each.subject_id, each.name_index, self._seal(each.new_name or "", each.subject_id, NAME_FIELD))
            for each in named
        ]
        update_rows(self.session, SubjectRow, key="subject_id", columns=("name_index", "name_sealed"), values=rows)

    def raise_facts_versions(self, versions: Mapping[UUID, int]) -> None:
        """Write the facts versions that held subjects have from now on."""
        rows = list(versions.items())
        update_rows(self.session, SubjectRow, key="subject_id", columns=("facts_version",), values=rows)

    def forget(self, subject_ids: Sequence[UUID]) -> None:
        """Take out again whom this transaction has added, and nothing refers to."""
        if subject_ids and not self.is_dry:
            wanted = is_one_of(self.session, [SubjectRow.subject_id], [(subject_id,) for subject_id in subject_ids])
            self.session.execute(delete(SubjectRow).where(wanted).execution_options(synchronize_session=False))

    def _find(self, digests: Mapping[str, Sequence[bytes]]) -> dict[str, UUID]:
        owner = {digest: number for number, each in digests.items() for digest in each}
        if not owner:
            return {}
        statement = (
            select(SubjectRow.identity_index, SubjectRow.subject_id)
            .where(is_one_of(self.session, [SubjectRow.identity_index], [(digest,) for digest in owner]))
            .order_by(SubjectRow.subject_id.desc())
        )
        # Where a number is known under two keys, the subject with the least id is the one: it comes last.
        return {owner[digest]: subject_id for digest, subject_id in self.session.execute(statement)}

    def _hold(self, subject_ids: Sequence[UUID]) -> dict[UUID, HeldSubject]:
        if not subject_ids:
            return {}
        columns = (SubjectRow.kind, SubjectRow.in_doubt, SubjectRow.facts_version, SubjectRow.name_index)
        statement = (
            select(SubjectRow.subject_id, *columns)
            .where(is_one_of(self.session, [SubjectRow.subject_id], [(subject_id,) for subject_id in subject_ids]))
            .order_by(SubjectRow.subject_id)
        )
        if not self.is_dry:  # held against each other, not against those who only refer to the subject
            statement = statement.with_for_update(key_share=True)
        return {row.subject_id: HeldSubject(*row) for row in self.session.execute(statement)}

    def _introduce(self, subject_id: UUID, number: str, introduction: Introduction) -> tuple[object, ...]:
        index, folded = self.pseudonyms.index(number), fold_name(introduction.name)
        name_index = self.pseudonyms.index_name(folded, subject_id=subject_id).digest if folded else None
        return (
            subject_id,
            introduction.kind,
            index.digest,
            index.key_id,
            self._seal(number, subject_id, IDENTITY_FIELD),
            name_index,
            self._seal(introduction.name.strip(), subject_id, NAME_FIELD) if folded else None,
            False,
            False,
            0,
            self.now,
        )

    def _seal(self, text: str, subject_id: UUID, what: str) -> bytes:
        return self.sealer.seal(text, subject_id=subject_id, field=what)


def _imagine(subject_id: UUID, introduction: Introduction) -> HeldSubject:
    return HeldSubject(subject_id, introduction.kind, False, 0, None, is_known=False)  # noqa: FBT003 - in the order of the columns
