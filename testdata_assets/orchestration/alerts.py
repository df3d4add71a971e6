"""Alerts: a row in the control database and, where an address is set, a message to a chat.

Texts are made of names, ids and the fixed sentences of our own errors; nothing a source row may hold gets here.
"""

from __future__ import annotations

import httpx
import structlog

from testdata_assets.postgres.control import ControlConnection
from testdata_assets.settings import Settings

log = structlog.get_logger(__name__)

_POST_SECONDS = 10

REFRESH_FAILED = "refresh-failed"
REFRESH_REJECTED = "refresh-rejected"
BRANCH_FAILED = "branch-failed"
IMAGE_TAMPERED = "image-tampered"
IMAGE_STALE = "image-stale"


def raise_alert(control: ControlConnection, settings: Settings, *, kind: str, subject: str, message: str) -> bool:
    """Records an alert once per kind and subject, and posts it if `TESTDATA_ALERT_URL` is set.

    Args:
        control: The control database.
        settings: Holds the address.
        kind: One of the constants above.
        subject: What it is about, e.g. a run id. A second alert of the same kind and subject is dropped, so that
            the sensor and the command line may both report one failure.
        message: One or two sentences.

    Returns:
        Whether the alert is new.
    """
    with control.transaction():
        control.execute("LOCK TABLE testdata.alerts IN SHARE ROW EXCLUSIVE MODE")
        row = control.execute(
            "INSERT INTO testdata.alerts (kind, subject, message)"
            " SELECT %(kind)s, %(subject)s, %(message)s WHERE NOT EXISTS"
            " (SELECT 1 FROM testdata.alerts WHERE kind = %(kind)s AND subject = %(subject)s)"
            " RETURNING alert_id",
            {"kind": kind, "subject": subject, "message": message},
        ).fetchone()
    if row is None:
        return False
    _post(settings, f"[testdata] {message}")
    return True


def _post(settings: Settings, text: str) -> None:
    """Tells the chat. A chat that does not answer must not break what raised the alert: the row is there."""
    if settings.alert_url is None:
        return
    try:
        answer = httpx.post(settings.alert_url.get_secret_value(), json={"text": text}, timeout=_POST_SECONDS)
        answer.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # The address may hold a token, so neither it nor the error's own text is logged.
        log.warning("alert_not_posted", reason=type(error).__name__)
