"""Whose tenant, and which tenants have work: asked by the web process, which sees one tenant's rows at a time."""

from tenants.narrow import lookup

TENANT_OF_GUEST_SECRET = lookup(
    "tenant_of_guest_secret", "SELECT tenant_id FROM conferences_guestpass WHERE secret_hash = %s", "text"
)
TENANT_OF_GUEST_PASS = lookup(
    "tenant_of_guest_pass", "SELECT tenant_id FROM conferences_guestpass WHERE public_id = %s", "text"
)
TENANTS_WITH_ORDERS = lookup(
    "tenants_with_orders", "SELECT DISTINCT tenant_id FROM conferences_meetingcommand WHERE done_at IS NULL"
)
TENANTS_WITH_SOCKETS = lookup(
    "tenants_with_sockets",
    "SELECT DISTINCT tenant_id FROM conferences_participant WHERE left_at IS NULL AND disconnected_at IS NULL",
)
TENANTS_WITH_LOST_SOCKETS = lookup(
    "tenants_with_lost_sockets",
    "SELECT DISTINCT tenant_id FROM conferences_participant WHERE left_at IS NULL AND disconnected_at < %s",
    "timestamptz",
)
MEETINGS_ON_WORKERS = lookup(
    "meetings_on_workers",
    "SELECT worker_id, count(*) FROM conferences_meeting"
    " WHERE ended_at IS NULL AND worker_id IS NOT NULL GROUP BY worker_id",
    columns=("worker", "meetings"),
)
