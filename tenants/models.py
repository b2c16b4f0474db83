"""Tenant: the customer organisation that owns everything else."""

from typing import Any, ClassVar, Self

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.ids import new_public_id

slug_validator = RegexValidator(
    r"^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?\Z", _("Use lower-case letters, digits and hyphens.")
)


class Tenant(models.Model):
    """A customer organisation. `slug` is in its URLs; `admintool_key_hash` is the SHA-256 of its Admintool key.

    Not `is_active` = suspended: nobody gets in, nothing is lost.
    """

    public_id = models.CharField(max_length=32, unique=True, default=new_public_id, editable=False)
    slug = models.CharField(max_length=40, unique=True, validators=[slug_validator])
    name = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True)
    time_zone = models.CharField(max_length=64, default="Asia/Tokyo")
    retention_days = models.PositiveIntegerField(
        default=365, validators=[MinValueValidator(365)], help_text="how long records are shown and kept"
    )
    admintool_key_hash = models.CharField(max_length=64, unique=True)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="end of the contract")
    erased_at = models.DateTimeField(null=True, blank=True, help_text="when its data was erased")
    created_at = models.DateTimeField(auto_now_add=True)

    web_may: ClassVar = ("SELECT", "UPDATE")  # organisations are made and erased by operators

    def __str__(self) -> str:
        return self.slug


WEB_MAY = ("SELECT", "INSERT", "UPDATE", "DELETE")  # what the web process's database role may do to a table


class TenantQuerySet(models.QuerySet[Any]):
    def for_tenant(self, tenant: Tenant) -> Self:
        """Only the rows of `tenant`: the way every edge starts a query."""
        return self.filter(tenant=tenant)

    def one(self) -> Any:
        """The row of a condition that at most one fulfils, or None. MultipleObjectsReturned: there are more.

        `first` sorts, and to work out by what takes Django longer than everything else about a wide row.
        """
        try:
            return self.get()
        except self.model.DoesNotExist:
            return None


class TenantOwned(models.Model):
    """Base of every model that belongs to a tenant.

    `tests/test_architecture.py` fails on a model that is neither this nor excused.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")

    web_may: ClassVar[tuple[str, ...]] = WEB_MAY

    objects = TenantQuerySet.as_manager()

    class Meta:
        abstract = True
