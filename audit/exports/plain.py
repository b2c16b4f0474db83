"""A log's rows as one CSV file, read in one go: for files that operators and disclosures make, not for pages."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils.translation import override

from audit.exports.cells import BYTE_ORDER_MARK, csv_lines
from audit.exports.columns import COLUMNS
from audit.reports import Log
from tenants.context import tenant_context
from tenants.models import Tenant

CHUNK = 1000  # rows


class PlainCsv:
    """UTF-8 with a byte order mark, headings in `language`, the tenant's local times; `count` rows were read so far."""

    def __init__(self, tenant: Tenant, log: Log, rows: QuerySet[Any], *, language: str) -> None:
        self.tenant, self.rows, self.language, self.count = tenant, rows, language, 0
        self.columns = COLUMNS[log.name]

    def pieces(self) -> Iterator[bytes]:
        zone = ZoneInfo(self.tenant.time_zone)
        with tenant_context(self.tenant), override(self.language):
            yield (BYTE_ORDER_MARK + csv_lines([[column.heading for column in self.columns]], zone)).encode()
            for row in self.rows.iterator(chunk_size=CHUNK):
                self.count += 1
                yield csv_lines([[column.value(row) for column in self.columns]], zone).encode()
