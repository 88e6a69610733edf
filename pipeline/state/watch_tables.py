"""Tables of what runs by itself: who holds which turn, the checks that were made, alerts, the messages that wait to be
sent, what models say that do not serve, and how those that serve fare."""

from sqlalchemy import JSON, Column, Float, Index, Integer, String, Table, Text

from pipeline.state.metadata import metadata

leases = Table(
    "leases",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("holder", String(200), nullable=False),
    Column("until", String(32), nullable=False),
)

checks = Table(
    "checks",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("started_at", String(32), nullable=False),
    Column("ended_at", String(32), nullable=False),
    Column("status", String(32), nullable=False),
    Column("case_id", String(64)),
    Column("newest_prediction", String(32)),
    Column("said", Text, nullable=False),
    Column("problem", Text),
    Column("drift_share", Float),
    Column("roc_auc", Float),
    Column("by", Text, nullable=False),
    Column("figures", JSON(none_as_null=True)),
)

alerts = Table(
    "alerts",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("key", String(200), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("title", Text, nullable=False),
    Column("said", Text, nullable=False),
    Column("case_id", String(64)),
    Column("owners", JSON, nullable=False),
    Column("opened_at", String(32), nullable=False),
    Column("ended_at", String(32)),
    Column("acked_at", String(32)),
    Column("acked_by", Text),
    Column("reminders", Integer, nullable=False),
    Index("alerts_by_key", "key"),
    Index("alerts_by_end", "ended_at"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("alert", Integer, nullable=False),
    Column("phase", String(16), nullable=False),
    Column("destination", String(64), nullable=False),
    Column("key", String(64), nullable=False, unique=True),
    Column("created_at", String(32), nullable=False),
    Column("due_at", String(32), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("sent_at", String(32)),
    Column("given_up_at", String(32)),
    Column("error", Text),
    Index("outbox_by_due", "sent_at", "due_at"),
)

# By whom, who was scored when, and what the model that served had said.
shadow_scores = Table(
    "shadow_scores",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("id", Text, primary_key=True),
    Column("predicted_at", String(32), primary_key=True),
    Column("version", String(64), nullable=False),
    Column("score", Float, nullable=False),
    Column("served_score", Float, nullable=False),
    Index("shadow_scores_by_time", "digest", "predicted_at"),
)

# How requests for predictions fared; `seconds` counts them by how long they took.
serving_hours = Table(
    "serving_hours",
    metadata,
    Column("version", String(64), primary_key=True),
    Column("hour", String(32), primary_key=True),
    Column("answered", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("seconds", JSON, nullable=False),
)

watch_tables = [leases, checks, alerts, outbox]
