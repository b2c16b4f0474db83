"""What accounts keeps: people, what their organisation demands of them, and how else they sign in."""

from accounts.models.approvals import Approval
from accounts.models.imports import UserImport, UserImportLine
from accounts.models.people import Group, PasswordHistory, Role, User, login_id_validator
from accounts.models.restrictions import Restriction
from accounts.models.security import MfaDemand, SecuritySettings, SoftCaps
from accounts.models.sso import SsoIdentity, SsoProvider

__all__ = [
    "Approval",
    "Group",
    "MfaDemand",
    "PasswordHistory",
    "Restriction",
    "Role",
    "SecuritySettings",
    "SoftCaps",
    "SsoIdentity",
    "SsoProvider",
    "User",
    "UserImport",
    "UserImportLine",
    "login_id_validator",
]
