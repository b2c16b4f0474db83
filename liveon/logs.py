"""One JSON line per log record, with the secret segments of paths masked wherever they appear."""

import re
from typing import Any

import structlog

_SECRET_SEGMENT = re.compile(r"(/(?:admintool|g|t/[^/\s\"'?#]+/reset)/)(?!meeting/)[^/\s\"'?#]+")


def mask_secret_paths(text: str) -> str:
    """`/admintool/<key>/…`, `/g/<pass>/` and `/t/<slug>/reset/<token>/` with the secret replaced (architecture §4)."""
    return _SECRET_SEGMENT.sub(r"\1***", text)


class MaskingRenderer:
    """The last step of every log line: whatever was rendered, no secret path leaves."""

    def __init__(self) -> None:
        self._render = structlog.processors.JSONRenderer(ensure_ascii=False)

    def __call__(self, logger: Any, name: str, event: Any) -> str:
        return mask_secret_paths(str(self._render(logger, name, event)))


_SHARED: list[Any] = [
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
            "celery": {"level": "WARNING"},
            "kombu": {"level": "ERROR"},  # it warns that the filesystem broker has no host name
        },
    }


def configure_structlog() -> None:
    """Our own loggers (`structlog.get_logger`) go the same way as the standard library's."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            *_SHARED,
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
