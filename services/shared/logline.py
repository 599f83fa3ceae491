"""One line of JSON per log record, on standard output."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any

_QUIET = ("aiokafka", "pymongo", "redis")
_CALM = ("uvicorn", "grpc", "asyncio")
_log = logging.getLogger("service")


class _Line(logging.Formatter):
    """Formats a record as one JSON object; a traceback becomes one field of it."""

    def __init__(self, service: str, pod: str) -> None:
        super().__init__()
        self._who = {"service": service, "pod": pod}

    def format(self, record: logging.LogRecord) -> str:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, Any] = {
            "at": f"{stamp}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            **self._who,
            "message": record.getMessage(),
        }
        line.update(getattr(record, "facts", {}))
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = repr(record.exc_info[1])
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def setup(service: str, pod: str) -> None:
    """Send every log record of this process to standard output, one JSON object a line."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Line(service, pod))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in _QUIET:
        # client libraries write a line for every retry, thousands in one outage
        logging.getLogger(name).setLevel(logging.CRITICAL)
    for name in _CALM:
        logging.getLogger(name).setLevel(logging.ERROR)


def info(message: str, **facts: Any) -> None:
    """Log something that an operator may want to know."""
    _log.info(message, extra={"facts": facts})


def warning(message: str, **facts: Any) -> None:
    """Log something that goes away by itself."""
    _log.warning(message, extra={"facts": facts})


def error(message: str, trace: BaseException | None = None, **facts: Any) -> None:
    """Log something that needs somebody; `trace` adds the exception and where it came from."""
    _log.error(message, extra={"facts": facts}, exc_info=trace)
