"""What audit keeps: the records that are read, the chain that proves them, and what decides when they go."""

from audit.models.chain import AuditHead, AuditKey, AuditTombstone
from audit.models.keeping import DeletionCertificate, Disclosure, LegalHold, LogExport
from audit.models.records import Attendance, AuditEvent, BandwidthSample, LeaveReason
from audit.models.terms import LogTerm
from audit.models.usage import UsageDay, UsageMonth

__all__ = [
    "Attendance",
    "AuditEvent",
    "AuditHead",
    "AuditKey",
    "AuditTombstone",
    "BandwidthSample",
    "DeletionCertificate",
    "Disclosure",
    "LeaveReason",
    "LegalHold",
    "LogExport",
    "LogTerm",
    "UsageDay",
    "UsageMonth",
]
