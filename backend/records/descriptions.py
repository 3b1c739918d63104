"""Batches, records and the catalogue as plain trees, in the shape of the wire forms."""

from backend.records.batches import Batch
from backend.records.ledger import Report
from backend.records.looks import HandedInRecord
from backend.records.receipts import Receipt
from backend.web.messages import Language, get_message
from scoring.catalogue import Catalogue, Indicator


def describe_batch(batch: Batch, language: Language) -> dict[str, object]:
    """Give a batch with its counts, and its receipts in `language`."""
    return {
        "batch_id": batch.batch_id,
        "batch_no": batch.batch_no,
        "clerk": batch.clerk,
        "received_at": batch.received_at,
        "accepted": batch.accepted,
        "duplicate": batch.duplicate,
        "refused": batch.refused,
        "quarantined": batch.quarantined,
        "receipts": [describe_receipt(receipt, language) for receipt in batch.receipts],
    }


def describe_receipt(receipt: Receipt, language: Language) -> dict[str, object]:
    """Give the receipt of a row, and of what it says about the legal representative, in `language`."""
    part = receipt.representative
    return {
        "row_no": receipt.row_no,
        **_describe_part(receipt, language),
        "representative": None if part is None else _describe_part(part, language),
    }


def _describe_part(receipt: Receipt, language: Language) -> dict[str, object]:
    detail = receipt.text if language is Language.CHINESE else None  # the law is quoted in its own language
    if detail is None and receipt.code is not None:
        detail = get_message(f"receipt.{receipt.code}", language)
    return {
        "outcome": receipt.outcome,
        "record_id": receipt.record_id,
        "code": receipt.code,
        "law": receipt.law,
        "detail": detail,
        "errors": [
            {
                "pointer": fault.pointer,
                "code": fault.code,
                "message": get_message(f"validation.{fault.code}", language, **fault.values),
            }
            for fault in receipt.faults
        ],
        "quarantine": None if receipt.quarantine is None else receipt.quarantine._asdict(),
    }


def describe_record(record: HandedInRecord) -> dict[str, object]:
    """Give a record as it was handed in, with its events."""
    return {
        "record_id": record.record_id,
        "indicator": record.indicator,
        "source_key": record.source_key,
        "batch_id": record.batch_id,
        "clerk": record.clerk,
        "known_at": record.known_at,
        "state": record.state,
        "content": describe_report(record.report),
        "events": [
            {
                "kind": event.kind,
                "known_at": event.known_at,
                "reason": event.reason,
                "content": None if event.report is None else describe_report(event.report),
            }
            for event in record.events
        ],
    }


def describe_report(report: Report) -> dict[str, object]:
    """Give what a department says about an act."""
    content, legal = report
    return {
        "occurred_on": content.occurred_on,
        "ended_on": content.ended_on,
        "act": content.act,
        "items": content.fields,
        "legal": legal._asdict(),
    }


def describe_catalogue(catalogue: Catalogue) -> dict[str, object]:
    """Give a catalogue with its departments, the laws of its filters, and the ten columns of each indicator."""
    return {
        "city": catalogue.city,
        "version": catalogue.version,
        "effective_on": catalogue.effective_on,
        "title": catalogue.title,
        "title_en": catalogue.title_en,
        "basis": catalogue.basis,
        "note": catalogue.note,
        "adverse_kept_months": catalogue.adverse_kept_months,
        "check_due": catalogue.check_due,
        "laws": [{"filter": name, "law": law} for name, law in catalogue.laws.items()],
        "departments": list(catalogue.departments.values()),
        "indicators": [_describe_indicator(indicator) for indicator in catalogue.indicators.values()],
    }


def _describe_indicator(indicator: Indicator) -> dict[str, object]:
    return {
        "code": indicator.code,
        "name": indicator.name,
        "format": indicator.format,
        "providers": indicator.providers,
        "subjects": indicator.subjects,
        "nature": indicator.nature,
        "sharing": indicator.sharing,
        "coverage": indicator.coverage,
        "update_cycle": indicator.update_cycle,
        "items": list(indicator.items.values()),
        "name_en": indicator.name_en,
        "rule_class": indicator.rule_class,
        "basis": indicator.basis,
        "continuing": indicator.continuing,
        "due": indicator.due,
        "reaches": indicator.reaches,
    }
