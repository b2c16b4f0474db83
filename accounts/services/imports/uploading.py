"""Taking a file in: it is read and judged, and nothing happens to users yet."""

from django.db import transaction

from accounts.encryption import encrypt
from accounts.models import User, UserImport, UserImportLine
from accounts.services.imports.judging import judge
from accounts.services.imports.reading import read_sheet
from audit.events import Actor
from tenants.context import tenant_context
from tenants.models import Tenant

AT_ONCE = 500  # rows in one INSERT


def upload_users(tenant: Tenant, *, actor: Actor, requested_by: User, file_name: str, content: bytes) -> UserImport:
    """The import to look at before it is started. Raises FileRefused.

    Passwords of new users are kept encrypted until the import hashes them; nobody else's are kept.
    """
    sheet = read_sheet(content)
    with tenant_context(tenant):
        lines = judge(tenant, sheet.lines)
    for line, source in zip(lines, sheet.lines, strict=True):
        if line.plan == UserImportLine.Outcome.CREATED and source.cells.get("password"):
            line.password = encrypt(source.cells["password"])
    with transaction.atomic(), tenant_context(tenant):
        upload = UserImport.objects.create(
            tenant=tenant,
            file_name=file_name[-200:],
            encoding=sheet.encoding,
            unused_columns=[heading[:100] for heading in sheet.unused[:50]],
            requested_by=requested_by,
            ip_address=actor.ip_address,
        )
        for line in lines:
            line.tenant, line.upload = tenant, upload
        UserImportLine.objects.bulk_create(lines, batch_size=AT_ONCE)
    return upload
