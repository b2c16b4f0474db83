"""What the web process may ask across tenants."""

from tenants.narrow import lookup

EVENTS_UNSEALED = lookup(
    "events_unsealed",
    "SELECT COUNT(*) FROM audit_auditevent WHERE seq IS NULL AND recorded_at < %s",
    "timestamptz",
    columns=("waiting",),
)
