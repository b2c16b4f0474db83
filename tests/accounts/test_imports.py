"""Users from a CSV file: read, judged, shown; then done, line by line or all at once."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.translation import override

from accounts import tasks
from accounts.errors import FileRefused, ImportRefused
from accounts.models import Group, Role, SecuritySettings, User, UserImport, UserImportLine
from accounts.services import imports
from accounts.services.imports import columns
from accounts.services.imports.reading import MOST_LINES
from accounts.services.users import edit_user
from audit.events import SYSTEM, Actor
from audit.models import AuditEvent
from tenants.models import Tenant
from tests.factories import PASSWORD, make_admin, make_user

Outcome, State = UserImportLine.Outcome, UserImport.State
HEAD = "User ID,Name,Mail address,Role,Groups,Status,Initial password\n"
WHO = Actor(id="x", name="Aoki Admin", ip_address="192.0.2.1")


def upload(admin: User, text: str | bytes, file_name: str = "people.csv") -> UserImport:
    content = text if isinstance(text, bytes) else text.encode()
    return imports.upload_users(admin.tenant, actor=WHO, requested_by=admin, file_name=file_name, content=content)


def run(admin: User, text: str, *, skip_bad: bool = False) -> UserImport:
    """Upload, start and run to the end."""
    found = upload(admin, text)
    imports.start_import(found, actor=WHO, skip_bad=skip_bad)
    assert imports.run_import(admin.tenant, found.pk) == imports.Run.FINISHED
    found.refresh_from_db()
    return found


def outcomes(found: UserImport) -> list[str]:
    return [line.outcome for line in found.lines.all()]


def problems(found: UserImport) -> list[str]:
    return [f"{each['field']}: {each['text']}" for line in found.lines.all() for each in line.problems]


def actions(tenant: Tenant) -> list[str]:
    return list(AuditEvent.objects.for_tenant(tenant).order_by("pk").values_list("action", flat=True))


@pytest.fixture
def admin(admin: User) -> Iterator[User]:
    """The administrator who imports, and whose language the problems are in."""
    admin.language = "en"
    admin.save(update_fields=["language"])
    with override("en"):
        yield admin


@pytest.fixture
def sales(tenant: Tenant) -> Group:
    return Group.objects.create(tenant=tenant, name="Sales")


def test_new_user_can_sign_in_and_must_choose_a_password(tenant, admin, sales):
    found = run(admin, HEAD + f"tanaka,田中 一郎,tanaka@example.com,admin,sales,,{PASSWORD}\n")
    assert found.state == State.DONE
    user = User.objects.get(login_id="tanaka")
    assert user.check_password(PASSWORD)
    assert (user.name, user.email, user.role) == ("田中 一郎", "tanaka@example.com", Role.ADMIN)
    assert (user.must_change_password, user.is_active, list(user.groups.all())) == (True, True, [sales])
    assert actions(tenant) == ["user_import_started", "user_created", "user_import_finished"]
    assert AuditEvent.objects.get(action="user_created").actor_name == admin.name


def test_nothing_happens_before_the_start_and_no_password_is_kept(tenant, admin):
    found = upload(admin, HEAD + f"tanaka,Tanaka,,,,,{PASSWORD}\n")
    assert not User.objects.filter(login_id="tanaka").exists()
    assert PASSWORD not in str(list(UserImportLine.objects.values()))
    assert found.lines.get().plan == Outcome.CREATED
    imports.start_import(found, actor=WHO, skip_bad=False)
    imports.run_import(tenant, found.pk)
    assert found.lines.get().password == ""
    assert PASSWORD not in str(list(AuditEvent.objects.values()))


def test_user_without_a_password_waits_for_another_way_in(admin):
    run(admin, "user id,name\ntanaka,Tanaka\n")
    user = User.objects.get(login_id="tanaka")
    assert not user.has_usable_password()
    assert not user.must_change_password


@pytest.mark.parametrize(
    ("encoding", "shown"), [("utf-8", "utf-8-sig"), ("utf-8-sig", "utf-8-sig"), ("cp932", "cp932")]
)
def test_encoding_is_found_by_itself(admin, encoding, shown):
    found = upload(admin, "ユーザーID,氏名,所属グループ\nsato,佐藤 髙橋①,\n".encode(encoding))
    assert found.encoding == shown
    assert found.lines.get().values["name"] == "佐藤 髙橋①"


@pytest.mark.parametrize(
    "heading",
    [
        "User ID,Name,Role,Status",
        "ユーザーID,名前,役割,状態",
        "login_id,FULL NAME,ロール,ステータス",
        "利用者ＩＤ,氏名,権限,状態",
    ],
)
def test_headings_are_japanese_or_english(admin, heading):
    [line] = upload(admin, f"{heading}\nsato,Sato,管理者,無効\n").lines.all()
    assert line.values == {"login_id": "sato", "name": "Sato", "role": "admin", "is_active": False}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"name,role\nx,y\n",
        b"user id,user id\nx,y\n",
        b'user id,name\n"x,y\n',
        b"user id\n\x81\xff\xfe\n",
        "user id,name\nx,y\n".encode("utf-16"),
        b"user id\n" + b"x" * (5 * 1024 * 1024),
        b"user id\n" + b"x\n" * (MOST_LINES + 1),
    ],
)
def test_file_that_cannot_be_read_is_refused(admin, content):
    with pytest.raises(FileRefused):
        upload(admin, content)
    assert not UserImport.objects.exists()


def test_each_bad_line_says_why(admin, member):
    found = upload(
        admin,
        HEAD
        + "x y,Name,,,,,\n"
        + "new1,,,,,,\n"
        + "new2,Name,no mail,,,,\n"
        + "new3,Name,,king,,,\n"
        + "new4,Name,,,Nowhere,,\n"
        + "new5,Name,,,,maybe,\n"
        + "new6,Name,,,,,short\n"
        + f"new7,{'x' * 101},,,,,\n"
        + "new8,Name\n"
        + "Member,Mori Member,,,,,\n"
        + "MEMBER,Mori Member,,,,,\n"
        + f"{'y' * 65},Name,,,,,\n"
        + ",Name,,,,,\n",
    )
    lines = list(found.lines.all())
    assert [line.outcome for line in lines] == [Outcome.BAD] * 9 + [Outcome.WAITING] + [Outcome.BAD] * 3
    fields = [[each["field"] for each in line.problems] for line in lines]
    assert fields == [
        ["login_id"], ["name"], ["email"], ["role"], ["groups"], ["is_active"], ["password"], ["name"],
        [""], [], ["login_id"], ["login_id"], ["login_id"],
    ]  # fmt: skip
    assert [line.number for line in lines] == list(range(2, 15))


def test_existing_user_is_changed_only_where_the_file_says_so(tenant, admin, sales):
    user = make_user(tenant, "sato", name="Sato", email="sato@example.com")
    user.groups.add(sales)
    before = user.password
    found = run(admin, "user id,name,initial password\nSATO,Sato Ichiro,another password 9\n")
    user.refresh_from_db()
    assert (user.login_id, user.name, user.email) == ("sato", "Sato Ichiro", "sato@example.com")
    assert (user.password, user.is_active, list(user.groups.all())) == (before, True, [sales])
    assert outcomes(found) == [Outcome.CHANGED]
    event = AuditEvent.objects.get(action="user_edited")
    assert event.details["changed"] == {"name": {"from": "Sato", "to": "Sato Ichiro"}}


def test_empty_cells_clear_mail_and_groups_and_keep_the_rest(tenant, admin, sales):
    user = make_user(tenant, "sato", name="Sato", email="sato@example.com", role=Role.ADMIN, is_active=False)
    user.groups.add(sales)
    [line] = upload(admin, HEAD + "sato,,,,,,\n").lines.all()
    assert line.changes == {"email": ["sato@example.com", ""], "groups": [["Sales"], []]}
    run(admin, HEAD + "sato,,,,,,\n")
    user.refresh_from_db()
    assert (user.email, user.role, user.is_active, user.groups.count()) == ("", Role.ADMIN, False, 0)


def test_role_and_state_take_effect_and_are_announced(tenant, admin, announced):
    member = make_user(tenant, "sato", name="Sato")
    second = make_admin(tenant, "kato", name="Kato")
    run(admin, "user id,role,status\nsato,admin,\nkato,member,\nadmin,,\n")
    member.refresh_from_db()
    second.refresh_from_db()
    assert (member.role, second.role) == (Role.ADMIN, Role.MEMBER)
    run(admin, "user id,status\nkato,disabled\n")
    second.refresh_from_db()
    assert not second.is_active
    assert [(each["user"], each["reason"]) for each in announced] == [
        (member, "role_changed"),
        (second, "role_changed"),
        (second, "disabled"),
    ]
    assert actions(tenant).count("user_edited") == 2
    assert actions(tenant).count("user_disabled") == 1


def test_last_administrator_stays(tenant, admin):
    make_admin(tenant, "kato")
    for rest in ("admin,member,\nkato,member,\n", "admin,,disabled\nkato,,disabled\n"):
        found = upload(admin, "user id,role,status\n" + rest)
        assert outcomes(found) == [Outcome.BAD, Outcome.BAD]
        assert "last active administrator" in problems(found)[0]
    found = run(admin, "user id,name,role\nadmin,,member\nkato,,member\nnew,New,admin\n")
    assert found.state == State.DONE
    assert list(User.objects.filter(role=Role.ADMIN).values_list("login_id", flat=True)) == ["new"]


def test_all_or_nothing_is_nothing_when_one_line_is_in_the_way(tenant, admin):
    found = upload(admin, HEAD + "".join(f"new-{number},Name,,,,,\n" for number in range(250)))
    make_user(tenant, "NEW-249")
    before = User.objects.count()
    imports.start_import(found, actor=WHO, skip_bad=False)
    imports.run_import(tenant, found.pk)
    found.refresh_from_db()
    assert found.state == State.FAILED
    assert "somebody else was given this user ID" in found.failure
    assert User.objects.count() == before
    assert outcomes(found) == [Outcome.WAITING] * 249 + [Outcome.BAD]
    assert actions(tenant) == ["user_import_started", "user_import_failed"]


def test_skipping_bad_lines_costs_only_these(tenant, admin):
    found = upload(admin, HEAD + "bad one,x,,,,,\n" + "".join(f"new-{number},Name,,,,,\n" for number in range(150)))
    make_user(tenant, "new-7")
    make_user(tenant, "new-120")
    imports.start_import(found, actor=WHO, skip_bad=True)
    imports.run_import(tenant, found.pk)
    found.refresh_from_db()
    assert found.state == State.DONE
    progress = imports.progress_of(found)
    assert (progress.created, progress.bad, progress.percent) == (148, 3, 100)
    finished = AuditEvent.objects.get(action="user_import_finished")
    assert finished.details == {"created": 148, "changed": 0, "unchanged": 0, "bad": 3}
    assert actions(tenant).count("user_created") == 148


def test_bad_lines_forbid_all_or_nothing(admin):
    found = upload(admin, HEAD + "bad one,x,,,,,\nnew,Name,,,,,\n")
    with pytest.raises(ImportRefused):
        imports.start_import(found, actor=WHO, skip_bad=False)
    with pytest.raises(ImportRefused):
        imports.start_import(upload(admin, HEAD + "bad one,x,,,,,\n"), actor=WHO, skip_bad=True)


def test_import_is_started_once_and_repeating_it_does_nothing(tenant, admin):
    text = HEAD + "new,Name,,,,,\n"
    found = run(admin, text)
    with pytest.raises(ImportRefused):
        imports.start_import(found, actor=WHO, skip_bad=True)
    assert imports.run_import(tenant, found.pk) == imports.Run.FINISHED
    again = run(admin, text)
    assert outcomes(again) == [Outcome.UNCHANGED]
    assert actions(tenant).count("user_created") == 1
    assert "user_edited" not in actions(tenant)


def test_cancelled_import_stops_and_keeps_no_password(tenant, admin):
    found = upload(admin, HEAD + f"new,Name,,,,,{PASSWORD}\n")
    imports.start_import(found, actor=WHO, skip_bad=True)
    imports.cancel_import(found, actor=WHO)
    imports.run_import(tenant, found.pk)
    found.refresh_from_db()
    assert found.state == State.CANCELLED
    assert found.lines.get().password == ""
    assert not User.objects.filter(login_id="new").exists()
    with pytest.raises(ImportRefused):
        imports.cancel_import(found, actor=WHO)


def test_passwords_under_another_key_end_the_import(tenant, admin, settings):
    found = upload(admin, HEAD + f"new,Name,,,,,{PASSWORD}\nolder,Name,,,,,\n")
    imports.start_import(found, actor=WHO, skip_bad=True)
    settings.SECRET_KEY = "another one"
    assert imports.run_import(tenant, found.pk) == imports.Run.FINISHED
    found.refresh_from_db()
    assert (found.state, User.objects.filter(name="Name").count()) == (State.FAILED, 0)
    assert "can no longer be read" in found.failure


def test_slices_add_up(tenant, admin):
    found = upload(admin, HEAD + "".join(f"new-{number},Name,,,,,\n" for number in range(250)))
    imports.start_import(found, actor=WHO, skip_bad=True)
    ends = [imports.run_import(tenant, found.pk, seconds=0.001) for _slice in range(5)]
    assert ends == [imports.Run.MORE] * 3 + [imports.Run.FINISHED] * 2
    assert User.objects.filter(login_id__startswith="new-").count() == 250


def test_timetable_goes_on_with_what_nobody_runs(tenant, admin):
    found = upload(admin, HEAD + "new,Name,,,,,\n")
    assert tasks.continue_user_imports() == 0
    imports.start_import(found, actor=WHO, skip_bad=True)
    assert tasks.continue_user_imports() == 1
    found.refresh_from_db()
    assert found.state == State.DONE


def test_preview_that_nobody_starts_is_forgotten(tenant, admin):
    found = upload(admin, HEAD + f"new,Name,,,,,{PASSWORD}\n")
    assert tasks.forget_user_imports_nightly() == 0
    UserImport.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert tasks.forget_user_imports_nightly() == 1
    found.refresh_from_db()
    assert (found.state, found.lines.get().password) == (State.CANCELLED, "")


def test_change_by_somebody_else_meanwhile_is_not_lost(tenant, admin, member):
    found = upload(admin, "user id,name\nmember,New Name\n")
    edit_user(member, actor=SYSTEM, email="new@example.com")
    imports.start_import(found, actor=WHO, skip_bad=False)
    imports.run_import(tenant, found.pk)
    member.refresh_from_db()
    assert (member.name, member.email) == ("New Name", "new@example.com")


def test_user_whose_id_was_changed_meanwhile_is_left_alone(tenant, admin, member, host):
    found = upload(admin, "user id,name\nmember,New Name\n")
    edit_user(member, actor=SYSTEM, login_id="mori")
    imports.start_import(found, actor=WHO, skip_bad=True)
    imports.run_import(tenant, found.pk)
    member.refresh_from_db()
    assert member.name == "Mori Member"
    assert outcomes(found) == [Outcome.BAD]


def test_other_tenant_s_users_are_neither_seen_nor_touched(tenant, admin, stranger):
    found = run(admin, "user id,name\nstranger,Taken Over\n")
    stranger.refresh_from_db()
    assert stranger.name == "Sato Stranger"
    assert outcomes(found) == [Outcome.CREATED]


def test_with_four_eyes_a_file_makes_and_ends_no_administrator(tenant, admin, member):
    make_admin(tenant, "kato")
    SecuritySettings.objects.create(tenant=tenant, four_eyes=True)
    lines = "member,,admin,\nkato,,member,\nadmin,,,disabled\nnew,New,admin,\n"
    assert outcomes(upload(admin, "user id,name,role,status\n" + lines)) == [Outcome.BAD] * 4


def test_with_four_eyes_a_file_leaves_administrators_mail_addresses_alone(tenant, admin, member):
    SecuritySettings.objects.create(tenant=tenant, four_eyes=True)
    found = upload(admin, "user id,mail\nadmin,elsewhere@example.com\nmember,member@example.com\n")
    assert outcomes(found) == [Outcome.BAD, Outcome.WAITING]


def test_four_eyes_count_from_the_moment_they_are_wanted(tenant, admin, member):
    found = upload(admin, "user id,name,role\nmember,,admin\nnew,New,\n")
    SecuritySettings.objects.create(tenant=tenant, four_eyes=True)
    imports.start_import(found, actor=WHO, skip_bad=True)
    imports.run_import(tenant, found.pk)
    assert outcomes(found) == [Outcome.BAD, Outcome.CREATED]
    member.refresh_from_db()
    assert member.role == Role.MEMBER


@pytest.mark.parametrize(
    "text", ["=1+1", "'=1+1", "''=1+1", "+81", "-x", "@x", "＝x", "'x", "'", "", "x", "\t=x", "O'Brien", "'＋"]
)
def test_escape_is_undone_exactly(text):
    cell = columns.escaped(text)
    assert columns.unescaped(cell) == text
    assert cell[:1] not in ("=", "+", "-", "@", "＝", "＋", "\t")


def test_unused_columns_are_named(admin):
    found = upload(admin, "user id,name,Last login,\nnew,Name,2026-01-01,\n")
    assert found.unused_columns == ["Last login"]


def test_line_breaks_and_quotes_in_cells_are_read(admin):
    [first, second] = upload(admin, 'user id,name\r\na,"Sato, ""Ichi"""\r\n\r\nb,B\r\n').lines.all()
    assert (first.values["name"], second.number) == ('Sato, "Ichi"', 4)


def test_an_import_ends_with_the_rights_of_who_started_it(admin, tenant):
    found = upload(admin, HEAD + "sato,Sato,,,,,\n")
    imports.start_import(found, actor=WHO, skip_bad=True)
    User.objects.for_tenant(tenant).filter(pk=admin.pk).update(role=Role.MEMBER)
    assert imports.run_import(tenant, found.pk) == imports.Run.FINISHED
    found.refresh_from_db()
    assert (found.state, found.failure) == (State.FAILED, "Who started this import is no longer an administrator.")
    assert not User.objects.filter(login_id="sato").exists()
