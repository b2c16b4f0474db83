"""What accounts announces to the packages above it."""

from django.dispatch import Signal

access_changed = Signal()
"""Somebody's right to be here changed. Sent inside the transaction that changes it; a receiver that raises undoes it.

Arguments: `user`; `reason`: "disabled", "password_changed", "logged_out", "restricted" or "role_changed"; `login_key`:
the login that ended (`accounts.logins.login_key`), empty for all of the user's logins; `actor`.
"""

rules_changed = Signal()
"""The tenant's restrictions changed, or whom they concern. Sent inside the transaction that changes them.

Arguments: `tenant`; `actor`. A receiver ends what the rules now forbid.
"""

tenant_suspended = Signal()
"""The tenant was suspended: all of its logins have ended. Sent inside the transaction that does it.

Arguments: `tenant`; `actor`. A receiver ends all meetings.
"""

settings_changed = Signal()
"""The tenant's security settings changed. Sent inside the transaction that changes them.

Arguments: `tenant`; `changed`: the names of the settings; `actor`.
"""
