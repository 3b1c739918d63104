"""A page of HTML on paper: PDF by WeasyPrint, with its fonts inside.

It runs in a process of its own: it loads Pango from the system, which not every machine has that runs the service, and
takes memory that it does not give back. Nothing is fetched.
"""

import subprocess
import sys

_COMMAND = (
    sys.executable,
    "-m",
    "weasyprint",
    "--quiet",
    "--allowed-protocols",
    "data",
    "--encoding",
    "utf-8",
    "-",
    "-",
)
_LIBRARIES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
DEADLINE_SECONDS = 120


class PaperError(OSError):
    """A page could not be printed; the message says what would help."""


def print_pdf(html: str, *, seconds: float = DEADLINE_SECONDS) -> bytes:
    """Give a page as PDF; PaperError when it does not work, or not within so many seconds."""
    try:
        printed = subprocess.run(_COMMAND, input=html.encode(), capture_output=True, timeout=seconds, check=False)  # noqa: S603 - ours
    except subprocess.TimeoutExpired:
        raise PaperError(f"the page was not printed within {seconds:g} seconds; take the HTML") from None
    if printed.returncode or not printed.stdout.startswith(b"%PDF-"):
        told = printed.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise PaperError(
            f"WeasyPrint could not print the page ({''.join(told)}); it needs Pango:"
            f" apt-get install {_LIBRARIES} (Debian)"
        )
    return printed.stdout
