"""A report of an impact as files: JSON, a page, and the page on paper."""

import json
from pathlib import Path

from backend.cli.placing import place_content
from backend.gateways.paper import print_pdf
from backend.impact.document import write_json
from backend.impact.figures import Impact
from backend.impact.page import write_page


def write_report(report: Impact, json_path: Path | None, html_path: Path | None, pdf_path: Path | None) -> None:
    """Write a report to each of the files that is asked for; NoFontError and PaperError as its page and paper raise."""
    if json_path:
        text = json.dumps(write_json(report), ensure_ascii=False, indent=1) + "\n"
        place_content(json_path, text.encode())
    page = write_page(report) if html_path or pdf_path else ""
    if html_path:
        place_content(html_path, page.encode())
    if pdf_path:
        place_content(pdf_path, print_pdf(page))
