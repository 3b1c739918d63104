"""Find quickly under which keys people are known, so that nothing starts without one of them."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_subject_identity_key_id", "subject", ["identity_key_id"])


def downgrade() -> None:
    op.drop_index("ix_subject_identity_key_id", "subject")
