"""What proves the events: signed heads, tombstones of purged ranges, and the public keys that sign them."""

from django.db import models

from audit.models.keeping import DeletionCertificate
from tenants.models import TenantOwned


class AuditKey(models.Model):
    """The public half of an Ed25519 key that signs heads, tombstones and certificates. Belongs to the provider.

    `cross_signature` is the predecessor's signature over this key, so that who trusts one trusts the next.
    """

    key_id = models.CharField(max_length=16, unique=True, help_text="first 16 hex digits of the key's SHA-256")
    public_key = models.CharField(max_length=64, help_text="32 bytes, hex")
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)
    predecessor = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="successors")
    cross_signature = models.CharField(max_length=128, blank=True)

    web_may = ("SELECT", "INSERT")  # the first export may be the first thing that is signed

    def __str__(self) -> str:
        return self.key_id


class AuditHead(TenantOwned):
    """Where the chain stood at the end of a day (UTC), signed. `seq` and `hash` are its last sealed event's."""

    day = models.DateField()
    seq = models.PositiveBigIntegerField()
    hash = models.CharField(max_length=64)
    key_id = models.CharField(max_length=16)
    signature = models.CharField(max_length=128)
    signed_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True, blank=True)

    web_may = ("SELECT",)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "day"], name="one_head_a_day")]

    def __str__(self) -> str:
        return f"{self.day} #{self.seq}"


class AuditTombstone(TenantOwned):
    """Stands for a purged, contiguous range of events: the chain goes from `prev_hash` over it to `last_hash`."""

    first_seq = models.PositiveBigIntegerField()
    last_seq = models.PositiveBigIntegerField()
    prev_hash = models.CharField(max_length=64)
    last_hash = models.CharField(max_length=64)
    oldest = models.DateTimeField()
    newest = models.DateTimeField()
    certificate = models.ForeignKey(
        DeletionCertificate, null=True, blank=True, on_delete=models.PROTECT, related_name="tombstones"
    )
    key_id = models.CharField(max_length=16)
    signature = models.CharField(max_length=128)
    signed_at = models.DateTimeField()

    web_may = ("SELECT",)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "first_seq"], name="one_tombstone_a_range")]

    def __str__(self) -> str:
        return f"#{self.first_seq}-#{self.last_seq}"
