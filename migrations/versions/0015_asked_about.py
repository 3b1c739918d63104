"""Whom asks are about, by the keyed hash of a number that may be nobody's."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "asked_about",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("verification_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reaches", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["verification_id"],
            ["verification.verification_id"],
            name=op.f("fk_asked_about_verification_id_verification"),
        ),
        sa.PrimaryKeyConstraint("digest", "verification_id", name=op.f("pk_asked_about")),
    )
    op.create_index(op.f("ix_asked_about_verification_id"), "asked_about", ["verification_id"], unique=False)
    op.create_index(op.f("ix_asked_about_asked_at"), "asked_about", ["asked_at"], unique=False)


def downgrade() -> None:
    op.drop_table("asked_about")
