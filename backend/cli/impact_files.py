"""A report of an impact as files: JSON, a page, and the page on paper."""

import json
from pathlib import Path

from backend.gateways.paper import print_pdf
from backend.impact.document import write_json
from backend.impact.figures import Impact
from backend.impact.page import write_page


def write_report(report: Impact, json_path: Path | None, html_path: Path | None, pdf_path: Path | None) -> None:
    """Write a report to each of the files that is asked for; NoFontError and PaperError as its page and paper raise."""
    if json_path:
        json_path.write_text(json.dumps(write_json(report), ensure_ascii=False, indent=1) + "\n", "utf-8")
    page = write_page(report) if html_path or pdf_path else ""
    if html_path:
        html_path.write_text(page, "utf-8")
    if pdf_path:
        pdf_path.write_bytes(print_pdf(page))
