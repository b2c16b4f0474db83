"""Users from a CSV file: read, judged, shown, then done line by line or all at once (docs/adr/0019).

upload_users ──► preview ──start_import──► running ──► done
                    │                         ├──────► failed      all or nothing, and something was in the way
                    └──────cancel_import──────┴──────► cancelled
"""

from accounts.services.imports.running import (
    Progress,
    Run,
    cancel_import,
    continue_import,
    forget_abandoned,
    progress_of,
    run_import,
    running_imports,
    start_import,
)
from accounts.services.imports.uploading import upload_users

__all__ = [
    "Progress",
    "Run",
    "cancel_import",
    "continue_import",
    "forget_abandoned",
    "progress_of",
    "run_import",
    "running_imports",
    "start_import",
    "upload_users",
]
