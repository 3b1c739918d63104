"""What merchants have just asked about visitors, so that the same asked twice within moments is answered once."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "visitor_ask",
        sa.Column("merchant", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("merchant", "digest", name=op.f("pk_visitor_ask")),
    )
    op.create_index(op.f("ix_visitor_ask_begun_at"), "visitor_ask", ["begun_at"], unique=False)


def downgrade() -> None:
    op.drop_table("visitor_ask")
