#!/usr/bin/env python
"""Django's command line for LiveOn."""

import os
import sys

OWNER_COMMANDS = ("migrate", "serve", "database_roles", "showmigrations", "sqlmigrate", "makemigrations", "flush")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "liveon.settings")
    command = "".join(sys.argv[1:2])
    os.environ.setdefault("LIVEON_DATABASE_ROLE", "owner" if command in OWNER_COMMANDS else "system")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
