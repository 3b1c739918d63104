"""Departments and operators that prove themselves with keys of their own."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON_OBJECT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
LIVE_OFFICER = sa.text("kind = 'operator' AND ended_at IS NULL")


def upgrade() -> None:
    create_client()
    create_client_key()
    create_used_assertion()


def downgrade() -> None:
    for table in ("used_assertion", "client_key", "client"):
        op.drop_table(table)


def create_client() -> None:
    op.create_table(
        "client",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("principal_id", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("registered_at", MOMENT, nullable=False),
        sa.Column("registered_by", sa.Text(), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_because", sa.Text(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('department', 'operator', 'merchant', 'partner_city')", name=op.f("ck_client_kind")
        ),
        sa.CheckConstraint("(kind = 'operator') = (roles <> '')", name=op.f("ck_client_roles")),
        sa.CheckConstraint("kind <> 'operator' OR scopes = ''", name=op.f("ck_client_scopes")),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_because IS NULL)", name=op.f("ck_client_ended")),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_client_ended_by")),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_client")),
    )
    op.create_index(
        op.f("uq_client_live_officer"),
        "client",
        ["principal_id"],
        unique=True,
        sqlite_where=LIVE_OFFICER,
        postgresql_where=LIVE_OFFICER,
    )


def create_client_key() -> None:
    op.create_table(
        "client_key",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("jwk", JSON_OBJECT, nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("ends_at", MOMENT, nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name=op.f("fk_client_key_client_id_client")),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_client_key")),
    )
    op.create_index(op.f("ix_client_key_client_id"), "client_key", ["client_id"])


def create_used_assertion() -> None:
    op.create_table(
        "used_assertion",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("jti_digest", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name=op.f("fk_used_assertion_client_id_client")),
        sa.PrimaryKeyConstraint("client_id", "jti_digest", name=op.f("pk_used_assertion")),
    )
    op.create_index(op.f("ix_used_assertion_expires_at"), "used_assertion", ["expires_at"])
