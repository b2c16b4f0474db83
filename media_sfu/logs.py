"""One JSON object per log line on standard error. Ids only: no names, no addresses, nothing that was said.

log.info("peer_closed", extra={"router": …, "peer": …, "reason": "left"})
"""

import json
import logging
import sys
import time

FIELDS = (
    "router", "peer", "transport", "transport_id", "state", "protocol", "cipher", "epoch", "reason", "request",
    "receive_bytes", "send_bytes", "wanted_bytes",
)  # fmt: skip
"""What a line may carry in `extra`. Anything else stays out."""


class JsonFormatter(logging.Formatter):
    """`{"timestamp", "level", "logger", "worker", "event", …FIELDS, "exception"?}`, named as in the web process."""

    def __init__(self, worker: str) -> None:
        super().__init__()
        self._worker = worker

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "worker": self._worker,
            "event": record.getMessage(),
            **{name: getattr(record, name) for name in FIELDS if hasattr(record, name)},
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
