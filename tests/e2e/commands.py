"""Several management commands in one process, because starting Python and Django takes longer than most of them.

Standard input is a JSON list of `[words, what the command reads from its standard input]`; standard output the list of
what they print with `--json`.
"""

import io
import json
import os
import sys

import django
from django.core.management import call_command


def run(words: list[str], text: str) -> object:
    sys.stdin, printed = io.StringIO(text), io.StringIO()
    call_command(*words, "--json", stdout=printed)
    return json.loads(printed.getvalue())


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "liveon.settings")
    orders = json.load(sys.stdin)
    django.setup()
    sys.stdout.write(json.dumps([run(words, text) for words, text in orders]))
