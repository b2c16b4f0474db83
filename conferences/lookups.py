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
# JSON is looked into as text: the two databases have no other word for it in common.
_CAMERA_IS_ON = "replace(CAST(person.muted AS text), '\"camera\": false', '') <> CAST(person.muted AS text)"
_IS_FRESH = "(meeting.placed_at > %s OR person.joined_at > %s)"
MEETINGS_ON_WORKERS = lookup(
    "meetings_on_workers",
    "SELECT meeting.worker_id, count(person.id),"  # noqa: S608 (our own words)
    f" count(CASE WHEN {_CAMERA_IS_ON} THEN 1 END),"
    f" count(CASE WHEN {_IS_FRESH} THEN 1 END),"
    f" count(CASE WHEN {_IS_FRESH} AND {_CAMERA_IS_ON} THEN 1 END),"
    " CAST(CASE WHEN meeting.placed_at > %s THEN 1 ELSE 0 END AS bigint)"
    " FROM conferences_meeting meeting"
    " LEFT JOIN conferences_participant person ON person.meeting_id = meeting.id AND person.state = 'joined'"
    " WHERE meeting.ended_at IS NULL AND meeting.worker_id IS NOT NULL"
    " GROUP BY meeting.id, meeting.worker_id, meeting.placed_at",
    *["timestamptz"] * 5,
    columns=("worker", "people", "cameras", "fresh_people", "fresh_cameras", "is_new"),
)
