"""The admission filter: which handed-in rows may become records, with the law in each refusal."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from scoring.catalogue import DECIDED_CLASSES, PENALTY_CLASSES, Catalogue, Indicator, Nature, is_sensitive
from scoring.days import add_months
from scoring.records import Value


class Procedure(StrEnum):
    """The procedure in which a penalty was decided."""

    ORDINARY = "ordinary"
    SIMPLE = "simple"


class Finality(StrEnum):
    """Whether a penalty can still be attacked: not in time, upheld, or it can."""

    NO_APPEAL_IN_TIME = "no_appeal_in_time"
    UPHELD = "upheld"
    NOT_FINAL = "not_final"


class Confirmation(StrEnum):
    """Who confirmed arrears."""

    COURT = "court"
    ARBITRATION = "arbitration"
    NONE = "none"


CONFIRMED = frozenset({Confirmation.COURT, Confirmation.ARBITRATION})


class LegalFacts(NamedTuple):
    """What the law asks about a row: its document, procedure, finality, and whether minor and remedied by the person.

    `confirmed_by` says who confirmed arrears. None means the department did not say.
    """

    document_no: str | None = None
    procedure: str | None = None
    finality: str | None = None
    minor_and_remedied: bool = False
    confirmed_by: str | None = None


class Row(NamedTuple):
    """A row as handed in by a department about a subject of some kind."""

    indicator: str
    subject_kind: str
    occurred_on: date
    ended_on: date | None
    fields: Mapping[str, Value]
    legal: LegalFacts


class Refusal(NamedTuple):
    """Why a row may not become a record: a stable code, the law it rests on, and what would be right (Chinese)."""

    code: str
    law: str
    detail: str


OWN_GROUND = "《河南省社会信用条例》第十七条"  # whoever provides answers for accuracy; bad data goes back


def admit(
    row: Row, catalogue: Catalogue, *, department: str, received_on: date, is_correction: bool = False
) -> Refusal | None:
    """Decide about one row; None means it may become a record. The first ground that bites is given.

    `laws` of the catalogue say which filters bind in the city and on what ground; a filter without one does not apply.
    A correction is never too old: what was reported in time must stay correctable.
    """
    indicator = catalogue.indicators.get(row.indicator)
    if indicator is None:
        law = catalogue.laws.get("outside_catalogue", OWN_GROUND)
        return Refusal("outside_catalogue", law, f"指标 {row.indicator} 不在目录 {catalogue.version} 内")
    return (
        _check_sensitive(row, catalogue)
        or _check_form(row, indicator, department, received_on)
        or _check_law(row, indicator, catalogue)
        or (None if is_correction else _check_age(row, indicator, catalogue, received_on))
    )


def _check_sensitive(row: Row, catalogue: Catalogue) -> Refusal | None:
    law = catalogue.laws.get("sensitive_item")
    name = next((name for name in row.fields if is_sensitive(name)), None)
    if law is None or name is None:
        return None
    return Refusal("sensitive_item", law, f"信息项 {name} 属于禁止采集的信息，请删除后重新报送")


def _check_form(row: Row, indicator: Indicator, department: str, received_on: date) -> Refusal | None:
    """Hold the row to its catalogue columns: provider, subject kind, items, and days that can be."""
    if department not in indicator.providers:
        detail = f"{indicator.code} 的提供单位是 {'、'.join(indicator.providers)}"
        return Refusal("not_provider", OWN_GROUND, detail)
    if row.subject_kind not in indicator.subjects:
        return Refusal("wrong_subject", OWN_GROUND, f"{indicator.code} 不适用于该类主体 {row.subject_kind}")
    if row.occurred_on > received_on:
        return Refusal("future_day", OWN_GROUND, f"发生日期 {row.occurred_on} 晚于收到日期 {received_on}")
    faults = [*indicator.find_field_faults(row.fields), *indicator.find_end_faults(row.occurred_on, row.ended_on)]
    return Refusal("bad_items", OWN_GROUND, "；".join(faults)) if faults else None


def _check_law(row: Row, indicator: Indicator, catalogue: Catalogue) -> Refusal | None:
    """Apply the legal filters on adverse rows; natural persons enjoy two of their own."""
    if indicator.nature is not Nature.ADVERSE:
        return None
    laws = catalogue.laws
    if "no_document" in laws and not row.legal.document_no:
        return Refusal("no_document", laws["no_document"], "失信信息须有具有法律效力的文书，请填写 document_no")
    if indicator.rule_class == "arrears" and "unconfirmed_arrears" in laws and row.legal.confirmed_by not in CONFIRMED:
        detail = "欠费未经法院或者仲裁机构确认，不得作为依据；请填写 confirmed_by 为 court 或 arbitration"
        return Refusal("unconfirmed_arrears", laws["unconfirmed_arrears"], detail)
    if row.subject_kind == "natural_person":
        refusal = _check_procedure(row, indicator, laws)
        if refusal is not None:
            return refusal
    return _check_finality(row, indicator, laws)


def _check_procedure(row: Row, indicator: Indicator, laws: Mapping[str, str]) -> Refusal | None:
    """Refuse what was decided by simple procedure (a penalty must say it was not), and what is minor and remedied."""
    simple = row.legal.procedure == Procedure.SIMPLE
    unsaid = row.legal.procedure is None and indicator.rule_class in PENALTY_CLASSES
    if "simple_procedure" in laws and (simple or unsaid):
        detail = "对自然人适用简易程序的处罚不报送；普通程序请填写 procedure 为 ordinary"
        return Refusal("simple_procedure", laws["simple_procedure"], detail)
    if "minor_remedied" in laws and row.legal.minor_and_remedied:
        return Refusal("minor_remedied", laws["minor_remedied"], "违法行为轻微且本人主动消除或者减轻后果的不报送")
    return None


def _check_finality(row: Row, indicator: Indicator, laws: Mapping[str, str]) -> Refusal | None:
    """Refuse what can still be attacked; where a decision or judgment stands behind the row, it must say it cannot."""
    attackable = row.legal.finality == Finality.NOT_FINAL
    unsaid = row.legal.finality is None and indicator.rule_class in DECIDED_CLASSES
    if "not_final" not in laws or not (attackable or unsaid):
        return None
    detail = "决定或者判决尚未终局；请在期满未争议或者维持后报送，finality 填 no_appeal_in_time 或 upheld"
    return Refusal("not_final", laws["not_final"], detail)


def _check_age(row: Row, indicator: Indicator, catalogue: Catalogue, received_on: date) -> Refusal | None:
    """Refuse adverse facts too old to be disclosed; a listing still in force is never too old (Art. 19)."""
    law = catalogue.laws.get("expired")
    if law is None or indicator.nature is not Nature.ADVERSE:
        return None
    if indicator.continuing and row.ended_on is None:
        return None
    kept_until = add_months(row.ended_on or row.occurred_on, catalogue.adverse_kept_months)
    if received_on < kept_until:
        return None
    return Refusal("expired", law, f"失信信息已于 {kept_until} 超过披露期限，转为档案，不再报送")
