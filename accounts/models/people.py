"""Who may sign in: users and groups of a tenant."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import BaseUserManager
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from tenants.ids import new_public_id
from tenants.models import Tenant, TenantOwned, TenantQuerySet

login_id_validator = RegexValidator(  # ASCII, because databases differ on what is the same letter beyond it
    r"^[A-Za-z0-9][A-Za-z0-9._@+-]*\Z", _("Use letters, digits and . _ @ + - only, and begin with a letter or digit.")
)


class Role(models.TextChoices):
    MEMBER = "member", _("Member")
    ADMIN = "admin", _("Administrator")


class Group(TenantOwned):
    """A named set of users of one tenant, for restrictions and room access."""

    public_id = models.CharField(max_length=32, unique=True, default=new_public_id, editable=False)
    name = models.CharField(max_length=100)

    class Meta:
        constraints = [models.UniqueConstraint("tenant", Lower("name"), name="group_name_unique_in_tenant")]

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"].from_queryset(TenantQuerySet)):  # type: ignore[misc]
    """Django's natural key is `username` (the random public id); a person's key is (tenant, login_id)."""

    def with_login_id(self, tenant: Tenant, login_id: str) -> "User | None":
        """The user of `tenant` with this login id in any case, or None."""
        users = self.for_tenant(tenant).select_related("tenant").alias(lower_login_id=Lower("login_id"))
        return users.filter(lower_login_id=login_id.lower()).first()


class User(TenantOwned, AbstractBaseUser):
    """A person's or a site's account in exactly one tenant.

    `username` is Django's and allauth's key: random, public, never typed by anybody. People sign in with
    organisation + `login_id`. `email` is optional and never authenticates.
    """

    username = models.CharField(max_length=32, unique=True, default=new_public_id, editable=False)
    login_id = models.CharField(_("user ID"), max_length=64, validators=[login_id_validator])
    name = models.CharField(_("name"), max_length=100)
    email = models.EmailField(_("mail address"), blank=True)
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.MEMBER)
    groups = models.ManyToManyField(Group, blank=True, related_name="users")
    language = models.CharField(_("language"), max_length=5, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    password_changed_at = models.DateTimeField(null=True, blank=True)
    must_change_password = models.BooleanField(default=False, help_text="somebody else knows the password")
    is_break_glass = models.BooleanField(default=False, help_text="may sign in by password when SSO is demanded")

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [models.UniqueConstraint("tenant", Lower("login_id"), name="login_id_unique_in_tenant")]

    def __str__(self) -> str:
        return self.login_id

    @property
    def public_id(self) -> str:
        return self.username

    @property
    def is_admin(self) -> bool:
        return self.role == Role.ADMIN


class PasswordHistory(TenantOwned):
    """A former password's hash, so that it is not taken again."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="former_passwords")
    password = models.CharField(max_length=200)
    replaced_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user_id} until {self.replaced_at:%Y-%m-%d}"
