"""Sweeps read in portions: what was told in the order in which it ends, messages in that in which they were logged.

What speaks against something that was told is looked up in indexes that hold little else: consents that are over, and
pauses.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

LIVE = sa.text("ended_at IS NULL")
OVER, PAUSED = sa.text("withdrawn_at IS NOT NULL"), sa.text("paused_until IS NOT NULL")


def upgrade() -> None:
    op.drop_index("ix_disclosure_live", "disclosure")
    op.drop_index("ix_disclosure_until", "disclosure")
    op.create_index("ix_disclosure_until", "disclosure", ["until", "subject_id", "question_id"])
    op.create_index(
        "ix_consent_withdrawn", "consent", ["subject_id", "consent_id"], sqlite_where=OVER, postgresql_where=OVER
    )
    op.create_index(
        "ix_benefit_account_paused",
        "benefit_account",
        ["subject_id", "paused_until"],
        sqlite_where=PAUSED,
        postgresql_where=PAUSED,
    )
    op.drop_index(op.f("ix_exchange_message_partner_logged_at"), "exchange_message")
    op.create_index("ix_exchange_message_logged", "exchange_message", ["partner", "logged_at", "message_id"])


def downgrade() -> None:
    op.drop_index("ix_exchange_message_logged", "exchange_message")
    op.create_index(op.f("ix_exchange_message_partner_logged_at"), "exchange_message", ["partner", "logged_at"])
    op.drop_index("ix_benefit_account_paused", "benefit_account")
    op.drop_index("ix_consent_withdrawn", "consent")
    op.drop_index("ix_disclosure_until", "disclosure")
    op.create_index("ix_disclosure_until", "disclosure", ["until"])
    op.create_index("ix_disclosure_live", "disclosure", ["until"], sqlite_where=LIVE, postgresql_where=LIVE)
