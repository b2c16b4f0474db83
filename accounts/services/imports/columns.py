"""The columns of users' files: how each is called and written, in both languages, for import and export alike."""

import unicodedata
from functools import cache

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from accounts.models import Role
from audit.exports.cells import safe_cell

GROUP_SEPARATOR = ";"
HEADINGS = {
    "login_id": _("User ID"),
    "name": _("Name"),
    "email": _("Mail address"),
    "role": _("Role"),
    "groups": _("Groups"),
    "status": _("Status"),
    "password": _("Initial password"),
}
OTHER_NAMES = {
    "login_id": ("login_id", "login id", "id", "ユーザーID", "利用者ID", "ユーザID"),
    "name": ("full name", "名前", "氏名", "表示名"),
    "email": ("email", "e-mail", "mail", "メールアドレス", "メール"),
    "role": ("権限", "役割", "ロール"),
    "groups": ("group", "グループ", "所属グループ"),
    "status": ("state", "状態", "ステータス"),
    "password": ("password", "パスワード", "初期パスワード"),
}
STATUS = {True: _("Active"), False: _("Disabled")}
OTHER_STATUS = {True: ("active", "enabled", "有効"), False: ("disabled", "inactive", "無効")}
OTHER_ROLES = {
    Role.MEMBER: ("member", "user", "メンバー", "一般", "一般利用者"),
    Role.ADMIN: ("admin", "administrator", "管理者"),
}
WIDTHS = {"login_id": 64, "name": 100, "email": 254, "role": 40, "groups": 2000, "status": 40, "password": 200}


def plain(text: str) -> str:
    """A word as headings and values are compared: width, case and spaces do not matter."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().replace("_", " ").split())


@cache
def headings_known() -> dict[str, str]:
    """Every accepted heading, plain, and its field."""
    known = {plain(name): field for field, names in OTHER_NAMES.items() for name in names}
    return known | {plain(text): field for field, label in HEADINGS.items() for text in in_every_language(label)}


@cache
def roles_known() -> dict[str, str]:
    known = {plain(word): str(role) for role, words in OTHER_ROLES.items() for word in words}
    return known | {plain(text): str(role) for role in Role for text in in_every_language(role.label)}


@cache
def statuses_known() -> dict[str, bool]:
    known = {plain(word): status for status, words in OTHER_STATUS.items() for word in words}
    return known | {plain(text): status for status, label in STATUS.items() for text in in_every_language(label)}


def in_every_language(text: object) -> list[str]:
    found = []
    for language, _name in settings.LANGUAGES:
        with override(language):
            found.append(str(text))
    return found


def escaped(text: str) -> str:
    """`text` as a cell that no spreadsheet program takes for a formula; `unescaped` gives it back, whatever it is."""
    return f"'{text}" if _needs_escape(text) else text


def unescaped(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _needs_escape(cell[1:]) else cell


def _needs_escape(text: str) -> bool:
    """A formula, or what an escaped formula looks like."""
    return safe_cell(text.lstrip("'")) != text.lstrip("'")
