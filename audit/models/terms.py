"""Which names occur in the logs, so that a search for a part of one need not read the logs (docs/adr/0021)."""

from django.db import models

from tenants.models import TenantOwned


class LogTerm(TenantOwned):
    """A name that occurs in the tenant's records, once. PostgreSQL's triggers write it; SQLite has none.

    `text` is what people look for, `key` the id beside it (empty where there is none).
    """

    class Kind(models.TextChoices):
        PERSON = "person"  # key: user ID
        ROOM = "room"  # key: the room's public id
        IP = "ip"
        ACTION = "action"
        ACTOR = "actor"  # key: the user's public id
        TARGET = "target"  # key: the target's id

    kind = models.CharField(max_length=10, choices=Kind.choices)
    key = models.CharField(max_length=64, blank=True)
    text = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "kind", "key", "text"], name="log_term_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.text}"
