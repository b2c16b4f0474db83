"""PostgreSQL notes by itself which names its records hold: no writer can forget it, and no reader has to wait for it."""

from django.db import migrations

LEARN = """
CREATE FUNCTION audit_learn_terms() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    seen jsonb := to_jsonb(NEW);
BEGIN
    -- Sorted, so that two writers of the same new names cannot wait for each other.
    INSERT INTO audit_logterm (tenant_id, kind, key, text)
    SELECT NEW.tenant_id, found.kind, coalesce(seen ->> found.key_column, ''), found.text
    FROM (
        SELECT wanted.kind, wanted.key_column,
               CASE wanted.kind WHEN 'ip' THEN host(NEW.ip_address) ELSE seen ->> wanted.text_column END AS text
        FROM unnest(TG_ARGV[0]::text[], TG_ARGV[1]::text[], TG_ARGV[2]::text[]) AS wanted(kind, key_column, text_column)
    ) AS found
    WHERE found.text <> '' AND NOT EXISTS (
        SELECT 1 FROM audit_logterm AS known
        WHERE known.tenant_id = NEW.tenant_id AND known.kind = found.kind
          AND known.key = coalesce(seen ->> found.key_column, '') AND known.text = found.text
    )
    ORDER BY 2, 3, 4
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$
"""
ATTENDANCE = "('{person,room,ip}', '{login_id,room_id,-}', '{name,room_name,-}')"
EVENT = "('{actor,target,action,ip}', '{actor_id,target_id,-,-}', '{actor_name,target_name,action,-}')"
TRIGGERS = [
    f"CREATE TRIGGER audit_learn_terms AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION audit_learn_terms{words}"
    for table, words in (("audit_attendance", ATTENDANCE), ("audit_auditevent", EVENT))
]
KNOWN = [
    ("audit_attendance", "person", "login_id", "name"),
    ("audit_attendance", "room", "room_id", "room_name"),
    ("audit_attendance", "ip", "''", "host(ip_address)"),
    ("audit_auditevent", "actor", "actor_id", "actor_name"),
    ("audit_auditevent", "target", "target_id", "target_name"),
    ("audit_auditevent", "action", "''", "action"),
    ("audit_auditevent", "ip", "''", "host(ip_address)"),
]


def learn(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for table, kind, key, text in KNOWN:
        schema_editor.execute(
            f"INSERT INTO audit_logterm (tenant_id, kind, key, text) SELECT DISTINCT tenant_id, '{kind}', {key}, {text}"
            f" FROM {table} WHERE {text} <> '' ON CONFLICT DO NOTHING"
        )
    for statement in [LEARN, *TRIGGERS]:
        schema_editor.execute(statement)


def forget(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION IF EXISTS audit_learn_terms CASCADE")


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_logs_and_usage")]
    operations = [migrations.RunPython(learn, forget)]
