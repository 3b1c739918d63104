"""Files as plain trees, in the shape of the wire forms."""

from collections.abc import Mapping
from typing import Any

from backend.records.files import File, Reason
from backend.web.messages import Language, get_message


def describe_file(file: File, language: Language) -> dict[str, object]:
    """Give a file with its state, its fault if it was given up, and the reasons for its rows, in `language`."""
    return {
        "file_id": file.file_id,
        "file_no": file.file_no,
        "clerk": file.clerk,
        "format": file.format,
        "size": file.size,
        "sha256": file.sha256,
        "mapping": file.mapping,
        "dry_run": file.dry_run,
        "state": file.state,
        "rows_read": file.rows_read,
        "received_at": file.received_at,
        "ended_at": file.ended_at,
        "fault": None if file.fault_code is None else describe_fault(file, language),
        "reasons": [describe_reason(reason, language) for reason in file.reasons],
    }


def describe_fault(file: File, language: Language) -> dict[str, Any]:
    """Give why a file was given up."""
    values = dict(file.fault_values)
    row_no, faults = values.get("row_no"), values.pop("faults", [])
    return {
        "code": file.fault_code,
        "message": get_message(f"sheet.{file.fault_code}", language, **values),
        "row_no": row_no,
        "errors": [_describe_error(fault, language) for fault in faults],
    }


def _describe_error(fault: Mapping[str, Any], language: Language) -> dict[str, object]:
    return {
        "pointer": fault["pointer"],
        "code": fault["code"],
        "message": get_message(f"validation.{fault['code']}", language, **fault["values"]),
    }


def describe_reason(reason: Reason, language: Language) -> dict[str, Any]:
    """Give how many rows came to an outcome, with the reason in words."""
    return {
        "outcome": reason.outcome,
        "code": reason.code,
        "text": None if reason.code is None else get_message(f"receipt.{reason.code}", language),
        "rows": reason.rows,
    }
