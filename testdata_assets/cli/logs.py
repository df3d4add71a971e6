"""Log lines of the rooms below: to stderr, warnings and worse, so that they never mix with answers."""

from __future__ import annotations

import logging
import sys

import structlog


def configure_logging(level: int = logging.WARNING) -> None:
    """Sets structlog up for this process."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # stderr as it is when something is logged
        cache_logger_on_first_use=False,
    )
    # The driver warns of errors it ignores with the server's own message, which may quote a row.
    logging.getLogger("psycopg").setLevel(logging.CRITICAL + 1)
