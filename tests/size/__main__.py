"""`python -m tests.size`: how long the logs of a large tenant take, as JSON lines (docs/performance.md).

Makes a private PostgreSQL, fills it with a year of records and asks the product's own pages in this process.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from typing import Any

from tests import services
from tests.size.filling import Size, fill


def main() -> None:
    arguments = _arguments()
    with services.postgresql() as url, tempfile.TemporaryDirectory() as data_dir:
        os.environ.update(LIVEON_DATABASE_URL=url, LIVEON_DATA_DIR=data_dir, DJANGO_SETTINGS_MODULE="liveon.settings")
        _set_up_django()
        from tests.size import measuring

        tenants = measuring.make_tenants(arguments.tenants)
        begun = time.monotonic()
        fill(url.replace("//liveon@", "//postgres@"), [tenant.pk for tenant in tenants], _size(arguments))
        _print({"filled_s": round(time.monotonic() - begun), **measuring.sizes()})
        _print(measuring.sums(tenants[0]))
        for line in measuring.pages(tenants[0], repeat=arguments.repeat):
            _print(line)
        for line in measuring.exports(tenants[0]):
            _print(line)
        if arguments.stay:
            _print({"database": url})
            sys.stdin.read()


def _size(arguments: argparse.Namespace) -> Size:
    return Size(arguments.stays, arguments.samples)


def _set_up_django() -> None:
    """Before anything that needs the settings is imported."""
    import django
    from django.core.management import call_command
    from django.test.utils import setup_test_environment

    django.setup()
    setup_test_environment()
    call_command("migrate", verbosity=0, interactive=False)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.size", description=__doc__)
    parser.add_argument("--stays", type=int, default=Size.stays)
    parser.add_argument("--samples", type=int, default=Size.samples)
    parser.add_argument("--tenants", type=int, default=50)
    parser.add_argument("--repeat", type=int, default=5, help="requests of each page; medians are reported")
    parser.add_argument("--stay", action="store_true", help="keep the database until standard input ends")
    return parser.parse_args()


def _print(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
