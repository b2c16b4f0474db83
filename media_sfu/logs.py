"""One JSON object per log line on standard error. Ids only: no names, no addresses, nothing that was said."""

import json
import logging
import sys
import time


class JsonFormatter(logging.Formatter):
    """`{"time", "level", "logger", "worker", "message", "exception"?}`."""

    def __init__(self, worker: str) -> None:
        super().__init__()
        self._worker = worker

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "worker": self._worker,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def configure(worker: str, level: str) -> None:
    """Send every logger's lines to standard error; libraries speak from warnings on."""
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(JsonFormatter(worker))
    logging.basicConfig(level=logging.WARNING, handlers=[output], force=True)
    logging.getLogger("media_sfu").setLevel(level.upper())
