"""One JSON line per log record: ids, codes and times, nothing personal.

What people are called, what they say and where they are is in the audit log, not here. Secret segments of paths are
masked wherever they appear, and so is what libraries' errors quote: mail addresses and rows of the database.
"""

import re
from typing import Any

import structlog

_SECRET_SEGMENT = re.compile(r"(/(?:admintool|g|t/[^/\s\"'?#]+/reset)/)(?!meeting/)[^/\s\"'?#]+")


_MAIL_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_QUOTED_ROW = re.compile(r"(DETAIL: ).*?(?=\\n|\"|$)")  # PostgreSQL says which values it refuses


def mask_personal(text: str) -> str:
    """Mail addresses and the values in PostgreSQL's errors replaced."""
    return _QUOTED_ROW.sub(r"\1***", _MAIL_ADDRESS.sub("***", text))


def mask_secret_paths(text: str) -> str:
    """`/admintool/<key>/…`, `/g/<pass>/` and `/t/<slug>/reset/<token>/` with the secret replaced (architecture §4)."""
    return _SECRET_SEGMENT.sub(r"\1***", text)


class MaskingRenderer:
    """The last step of every log line: whatever was rendered, no secret path and no quoted row leaves."""

    def __init__(self) -> None:
        self._render = structlog.processors.JSONRenderer(ensure_ascii=False)

    def __call__(self, logger: Any, name: str, event: Any) -> str:
        return mask_personal(mask_secret_paths(str(self._render(logger, name, event))))


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def logging_config(level: str) -> dict[str, Any]:
    """Django's LOGGING: everything to standard error as JSON lines."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [*_SHARED, structlog.stdlib.PositionalArgumentsFormatter()],
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    MaskingRenderer(),
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django.server": {"handlers": ["stderr"], "level": level, "propagate": False},
            "django.channels": {"level": "WARNING"},
            "daphne": {"level": "WARNING"},
            "websockets": {"level": "WARNING"},  # it would log what the control links say, addresses included
            "django.db.backends": {"level": "INFO"},  # and this every row
            "celery": {"level": "WARNING"},
            "kombu": {"level": "ERROR"},  # it warns that the filesystem broker has no host name
        },
    }


def configure_structlog() -> None:
    """Our own loggers (`structlog.get_logger`) go the same way as the standard library's."""
    structlog.configure(
        processors=[
            *_SHARED,
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
