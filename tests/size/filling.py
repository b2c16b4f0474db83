"""A year of records of one large tenant among small ones, made by PostgreSQL itself.

As the superuser, without triggers and secondary indexes, which are made afterwards: ten million samples take minutes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

USERS, GUESTS, ROOMS = 5_000, 20_000, 200
SURNAMES = "佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上 木村 林 斎藤 清水"
GIVEN_NAMES = "一郎 花子 太郎 次郎 美咲 さくら 健 翔太 陽菜 蓮 結衣 大輔 真由美 直樹 恵 誠 優 拓也 愛 修"
TABLES = ("audit_attendance", "audit_bandwidthsample", "audit_auditevent")

# The last 2 % of the users and the last rooms are of long ago: what is rare and old must be found as fast.
PEOPLE = f"""
CREATE TEMP TABLE people AS
SELECT n, n > {USERS} AS is_guest,
       CASE WHEN n > {USERS} THEN '' ELSE 'user' || lpad(n::text, 8, '0') END AS user_id,
       CASE WHEN n > {USERS} THEN '' ELSE 'u' || lpad(n::text, 5, '0') END AS login_id,
       CASE WHEN n > {USERS} THEN (ARRAY['来客','取引先','Visitor','Guest'])[1 + n % 4] || ' ' || n
            ELSE surname.text || ' ' || given.text END AS name,
       ('10.' || n % 200 || '.' || n / 200 % 250 || '.' || 1 + n % 250)::inet AS home
FROM generate_series(1, {USERS + GUESTS}) AS n
JOIN unnest(string_to_array('{SURNAMES}', ' '))
     WITH ORDINALITY AS surname(text, i) ON surname.i = 1 + n % 20
JOIN unnest(string_to_array('{GIVEN_NAMES}', ' '))
     WITH ORDINALITY AS given(text, i) ON given.i = 1 + n / 20 % 20;
CREATE INDEX ON people (n);
ANALYZE people"""

STAYS = f"""
INSERT INTO audit_attendance (tenant_id, public_id, meeting_id, room_id, room_name, participant_id, user_id, login_id,
    name, is_guest, ip_address, user_agent, joined_at, last_seen_at, left_at, leave_reason, ended_by, reconnects,
    bytes_in, bytes_out)
SELECT %(tenant)s, 's' || %(tenant)s || '-' || i, 'm' || %(tenant)s || '-' || i / 5, 'room' || room,
       (ARRAY['会議室','Board room','営業部','開発部'])[1 + room %% 4] || ' ' || room, 'p' || %(tenant)s || '-' || i,
       people.user_id, people.login_id, people.name, people.is_guest,
       CASE WHEN i %% 5 < 2 THEN ('203.0.113.' || 1 + i %% 3)::inet ELSE people.home END,
       'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140', at, at + '40 min', at + '40 min',
       (ARRAY['left','left','left','meeting_ended','connection_lost'])[1 + i %% 5], '', i %% 3 / 2,
       4000000 + i %% 1000, 12000000 + i %% 1000
FROM (SELECT i, now() - '364 days'::interval + i * ('364 days'::interval / %(stays)s) AS at,
             i::float / %(stays)s AS age, random() AS who, random() AS kind, random() AS where_
      FROM generate_series(1, %(stays)s) AS i) AS stay
CROSS JOIN LATERAL (SELECT CASE WHEN age < 0.15 THEN 0 ELSE 0.02 END AS gone) AS late
CROSS JOIN LATERAL (SELECT 1 + floor(power(where_, 2) * {ROOMS} * (1 - gone))::int AS room,
    CASE WHEN kind < 0.9 THEN 1 + floor(who * {USERS} * (1 - gone))::int
         ELSE {USERS} + 1 + floor(who * {GUESTS})::int END AS person) AS choice
JOIN people ON people.n = person
ORDER BY i"""

SAMPLES = """
INSERT INTO audit_bandwidthsample (tenant_id, attendance_id, minute, room_id, room_name, login_id, name, ip_address,
    bytes_in, bytes_out, packets_in, packets_out)
SELECT tenant_id, id, date_trunc('minute', joined_at) + k * '4 min'::interval, room_id, room_name, login_id, name,
       ip_address, 400000 + id %% 1000, 1200000 + id %% 1000, 500, 1500
FROM audit_attendance CROSS JOIN generate_series(0, %(each)s - 1) AS k
WHERE tenant_id = %(tenant)s AND joined_at >= %(low)s AND joined_at < %(high)s
ORDER BY id, k"""

EVENTS = """
INSERT INTO audit_auditevent (tenant_id, public_id, occurred_at, recorded_at, action, actor_id, actor_name, ip_address,
    target_type, target_id, target_name, details, prev_hash, hash, seq)
SELECT tenant_id, 'e' || k || public_id, at, at, action, user_id, name, ip_address, target_type, target_id, target_name,
       jsonb_build_object('login_id', login_id, 'name', name, 'reason', leave_reason), md5(k || public_id),
       md5(public_id || k), row_number() OVER (PARTITION BY tenant_id ORDER BY at, id, k)
FROM audit_attendance CROSS JOIN LATERAL (VALUES
    (1, joined_at, 'attendance_opened', 'room', room_id, room_name),
    (2, left_at, 'attendance_closed', 'room', room_id, room_name),
    (3, joined_at - '1 min'::interval, CASE WHEN id %% 40 = 0 THEN 'login_failed' ELSE 'login_succeeded' END,
     'user', user_id, name)
) AS event(k, at, action, target_type, target_id, target_name)
WHERE tenant_id = %(tenant)s AND (k < 3 OR id %% 5 = 0)"""

TERMS = (
    ("audit_attendance", "person", "login_id", "name"),
    ("audit_attendance", "room", "room_id", "room_name"),
    ("audit_attendance", "ip", "''", "host(ip_address)"),
    ("audit_auditevent", "actor", "actor_id", "actor_name"),
    ("audit_auditevent", "target", "target_id", "target_name"),
    ("audit_auditevent", "action", "''", "action"),
    ("audit_auditevent", "ip", "''", "host(ip_address)"),
)


@dataclass(frozen=True)
class Size:
    """Of the large tenant; a small one has 2,000 stays. Each stay has as many samples as the others."""

    stays: int = 1_000_000
    samples: int = 10_000_000

    @property
    def each(self) -> int:
        return self.samples // self.stays


def fill(superuser_url: str, tenants: list[int], size: Size) -> None:
    """A year up to now for the tenants with these keys; the first is the large one."""
    with psycopg.connect(superuser_url, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET maintenance_work_mem = '512MB'")
        _make_partitions(connection)
        connection.execute(PEOPLE)
        with _without_indexes(connection):
            for place, tenant in enumerate(tenants):
                _fill_tenant(connection, tenant, size if place == 0 else Size(2_000, 2_000 * size.each))
        for table, kind, key, text in TERMS:
            connection.execute(
                "INSERT INTO audit_logterm (tenant_id, kind, key, text)"
                f" SELECT DISTINCT tenant_id, '{kind}', {key}, {text} FROM {table} WHERE {text} <> ''"
                " ON CONFLICT DO NOTHING"
            )
        connection.execute("VACUUM ANALYZE")


def _fill_tenant(connection: psycopg.Connection, tenant: int, size: Size) -> None:
    connection.execute(STAYS, {"tenant": tenant, "stays": size.stays})
    months = connection.execute(
        "SELECT month, month + '1 month' FROM generate_series(date_trunc('month', now() - '365 days'::interval), now(),"
        " '1 month') AS month"
    ).fetchall()
    for low, high in months:
        connection.execute(SAMPLES, {"tenant": tenant, "each": size.each, "low": low, "high": high})
    connection.execute(EVENTS, {"tenant": tenant})


def _make_partitions(connection: psycopg.Connection) -> None:
    for table, column in (("audit_attendance", "joined_at"), ("audit_bandwidthsample", "minute")):
        connection.execute(
            "SELECT liveon_make_partition(%s, %s, month::date) FROM generate_series("
            "date_trunc('month', now() - '365 days'::interval), now(), '1 month') AS month",
            [table, column],
        )


@contextmanager
def _without_indexes(connection: psycopg.Connection) -> Iterator[None]:
    """Secondary indexes, those of the parents only, are dropped and made again."""
    found = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes JOIN pg_class ON relname = indexname AND NOT relispartition"
        " WHERE tablename = ANY(%s) AND indexdef NOT LIKE 'CREATE UNIQUE%%'",
        [list(TABLES)],
    ).fetchall()
    for name, _definition in found:
        connection.execute(f'DROP INDEX "{name}"')
    yield
    for _name, definition in found:
        connection.execute(definition.replace(" ON ONLY ", " ON "))
