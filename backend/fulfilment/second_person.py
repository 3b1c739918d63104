"""Who may not decide alone: nobody decides in favour of a merchant whom he registered himself."""

from sqlalchemy.orm import Session

from backend.merchants.tables import find_merchant_row


def has_registered(session: Session, merchant: str, officer: str) -> bool:
    """Tell whether this officer registered the merchant."""
    row = find_merchant_row(session, merchant)
    return row is not None and row.registered_by == officer
