"""Findings are sentences: the product must give none, a planted defect must give its own."""

from collections.abc import Iterable


def must_be_empty(findings: Iterable[str]) -> None:
    """Fail with every sentence found."""
    found = list(findings)
    assert not found, "\n" + "\n".join(found)


def must_hold(findings: Iterable[str], beginnings: Iterable[str]) -> None:
    """Fail unless each of the `beginnings` begins one of the sentences found."""
    found = list(findings)
    missing = [wanted for wanted in beginnings if not any(sentence.startswith(wanted) for sentence in found)]
    assert not missing, f"not found: {missing}; found:\n" + "\n".join(found)
