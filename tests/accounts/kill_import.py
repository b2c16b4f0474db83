"""A process of its own for test_imports_killed.py: `python -m tests.accounts.kill_import DATABASE` runs its imports.

It says when it begins, so that the test can kill it in the middle.
"""

import os
import sys

import django
from django.conf import settings


def work() -> None:
    """Slices of each import of the one tenant, until it is finished."""
    from accounts.services import imports
    from tenants.models import Tenant

    tenant = Tenant.objects.get()
    sys.stdout.write("at it\n")
    sys.stdout.flush()
    for pk in imports.running_imports(tenant):
        while imports.run_import(tenant, pk, seconds=0.2) == imports.Run.MORE:
            pass


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "liveon.settings"
    settings.DATABASES["default"]["NAME"] = sys.argv[1]
    settings.PASSWORD_HASHERS = ["tests.hashers.CheapArgon2PasswordHasher"]
    django.setup()
    work()
