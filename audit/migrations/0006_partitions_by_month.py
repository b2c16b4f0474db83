"""Attendance and bandwidth by month, on PostgreSQL: the tables are made anew and their rows moved (docs/adr/0016)."""

import django.db.models.deletion
from django.db import migrations, models

BY_MONTH = {"attendance": "joined_at", "bandwidthsample": "minute"}

# Rows that came before their month had a partition are in the default one: they move into the new one.
MAKE_ONE = """
CREATE FUNCTION liveon_make_partition(parent text, by_time text, month date) RETURNS text LANGUAGE plpgsql
SET search_path = {schema}, pg_temp SET timezone = 'UTC' AS $body$
DECLARE
    name text := format('%s_%s', parent, to_char(month, 'YYYY_MM'));
    low timestamptz := month;
    high timestamptz := month + interval '1 month';
    before text := coalesce(current_setting('liveon.tenant', true), '');
BEGIN
    IF to_regclass(name) IS NOT NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name, parent);
    PERFORM set_config('liveon.tenant', 'system', true);
    EXECUTE format('WITH moved AS (DELETE FROM %I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
                   parent, by_time, low, by_time, high, name);
    PERFORM set_config('liveon.tenant', before, true);
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, name, low, high);
    PERFORM liveon_keep_unique(name);
    RETURN name;
END $body$"""

# PostgreSQL keeps a column unique across partitions only together with their key: within the month it keeps these.
KEEP_UNIQUE = """
CREATE FUNCTION liveon_keep_unique(partition text) RETURNS void LANGUAGE plpgsql
SET search_path = {schema}, pg_temp AS $body$
BEGIN
    IF partition LIKE 'audit\\_attendance\\_%' THEN
        EXECUTE format('CREATE UNIQUE INDEX ON %I (public_id)', partition);
        EXECUTE format('CREATE UNIQUE INDEX ON %I (participant_id)', partition);
    END IF;
END $body$"""

MAKE = """
CREATE FUNCTION liveon_make_partitions(ahead integer) RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {schema}, pg_temp SET timezone = 'UTC' AS $body$
DECLARE
    month timestamp;
BEGIN
    FOR month IN SELECT generate_series(date_trunc('month', now()::timestamp),
                                        date_trunc('month', now()::timestamp) + make_interval(months => ahead), '1 month') LOOP
        RETURN NEXT liveon_make_partition('audit_attendance', 'joined_at', month::date);
        RETURN NEXT liveon_make_partition('audit_bandwidthsample', 'minute', month::date);
    END LOOP;
END $body$"""

DROP = """
CREATE FUNCTION liveon_drop_month(parent text, month date) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {schema}, pg_temp SET timezone = 'UTC' AS $body$
BEGIN
    IF parent NOT IN ('audit_attendance', 'audit_bandwidthsample') THEN
        RAISE EXCEPTION '% is not kept by month', parent;
    END IF;
    IF month + interval '1 month' > now()::timestamp - interval '365 days' THEN
        RAISE EXCEPTION '% of % is younger than 365 days', month, parent;
    END IF;
    EXECUTE format('DROP TABLE IF EXISTS %I', format('%s_%s', parent, to_char(month, 'YYYY_MM')));
END $body$"""

FUNCTIONS = {
    "liveon_keep_unique(text)": KEEP_UNIQUE,
    "liveon_make_partition(text, text, date)": MAKE_ONE,
    "liveon_make_partitions(integer)": MAKE,
    "liveon_drop_month(text, date)": DROP,
}


def partition(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(current_schema())")
        [(schema,)] = cursor.fetchall()
        for signature, definition in FUNCTIONS.items():
            cursor.execute(definition.replace("{schema}", schema))
            cursor.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        for name, by_time in BY_MONTH.items():
            model = apps.get_model("audit", name)
            make_anew(cursor, schema_editor, model, by_time)
        cursor.execute("SELECT count(*) FROM liveon_make_partitions(3)")


def make_anew(cursor, schema_editor, model, by_time):
    table = model._meta.db_table
    cursor.execute("SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal", [table])
    triggers = [definition for (definition,) in cursor.fetchall()]
    cursor.execute(f"SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE {table} RENAME TO {table}_whole")
    cursor.execute(
        f"CREATE TABLE {table} (LIKE {table}_whole INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE ({by_time})"
    )
    cursor.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    cursor.execute(f"CREATE POLICY liveon_system ON {table} USING (current_setting('liveon.tenant', true) = 'system')")
    cursor.execute(f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT")
    cursor.execute(f"ALTER TABLE {table}_default ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    cursor.execute(f"SELECT liveon_keep_unique('{table}_default')")
    cursor.execute(f"""
        SELECT liveon_make_partition('{table}', '{by_time}', month)
        FROM (SELECT DISTINCT date_trunc('month', {by_time} AT TIME ZONE 'UTC')::date AS month FROM {table}_whole) months""")
    cursor.execute(f"INSERT INTO {table} SELECT * FROM {table}_whole")
    cursor.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}_whole")
    [(next_id,)] = cursor.fetchall()
    cursor.execute(f"DROP TABLE {table}_whole")
    cursor.execute(f"CREATE SEQUENCE {table}_id_seq START {next_id} OWNED BY {table}.id")
    cursor.execute(f"ALTER TABLE {table} ALTER id SET DEFAULT nextval('{table}_id_seq')")
    cursor.execute(f"ALTER TABLE {table} ADD PRIMARY KEY (id, {by_time})")
    cursor.execute(f"ALTER TABLE {table} ADD FOREIGN KEY (tenant_id) REFERENCES tenants_tenant DEFERRABLE INITIALLY DEFERRED")
    for statement in schema_editor._model_indexes_sql(model):
        cursor.execute(str(statement))
    for constraint in model._meta.constraints:
        schema_editor.add_constraint(model, constraint)
    for trigger in triggers:
        cursor.execute(trigger)


class Migration(migrations.Migration):
    dependencies = [("audit", "0005_log_terms_by_trigger"), ("tenants", "0002_suspension_and_retention")]

    operations = [
        migrations.AlterField(
            model_name="bandwidthsample",
            name="attendance",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="samples",
                to="audit.attendance",
            ),
        ),
        migrations.RunPython(partition, migrations.RunPython.noop),
    ]
