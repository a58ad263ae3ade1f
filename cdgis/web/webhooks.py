"""Programs told of decisions: a message is written with the decision, signed, sent to the configured address alone, tried again.

The only module of the desk that opens a connection to elsewhere, and only where desk.toml names a webhook.
"""

import hashlib
import hmac
import http.client
import json
import os
import threading
import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from cdgis.core.error_words import in_words
from cdgis.core.errors import DeskError
from cdgis.web.case_states import Action
from cdgis.web.desk_options import Webhook, with_secrets
from cdgis.web.models import Case, CaseEvent
from cdgis.web.running_desk import Desk
from cdgis.web.service_models import Message

TOLD = {Action.FINALISE: "case.decided", Action.WITHDRAW: "case.withdrawn", Action.REJUDGE: "case.reopened"}
"""Action -> what the message calls it."""
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720))
"""Before each further try; after the last the message is given up, and says so."""
_LOOK_S = 5.0
_TIMEOUT_S = 10.0
_CLAIM = timedelta(minutes=1)
_READ_BYTES = 2000


class Delivery(StrEnum):
    """How far a message has come."""

    WAITING = "待发"
    SENT = "已送达"
    GIVEN_UP = "未送达"


def announce(desk: Desk, session: Session, case: Case, action: str, event: CaseEvent) -> None:
    """Write what the configured programs are to be told of a change of a case, in its own transaction."""
    if action not in TOLD:
        return
    now = desk.settings.clock().isoformat()
    about = {
        "id": case.id, "number": case.number, "round": case.round, "name": case.name, "state": case.state, "verdict": case.verdict,
        "report_number": case.report_number, "changed_at": case.changed_at,
    }  # fmt: skip
    for hook in desk.settings.options.webhook:
        message_id = uuid.uuid4().hex
        body = {"id": message_id, "event": TOLD[Action(action)], "case": about, "journal": {"number": event.number, "sha256": event.sha256}}
        session.add(Message(id=message_id, url=hook.url, body=body, tries=0, state=Delivery.WAITING, next_at=now, told="", made_at=now))


def signature(secret: str, stamp: str, body: bytes) -> str:
    """Return what proves that a message of this time is the desk's: HMAC-SHA-256 over ``stamp.body``."""
    return "sha256=" + hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class Courier:
    """Sends waiting messages, one at a time, whichever of the servers gets to them first."""

    def __init__(self, desk: Desk, environment: Mapping[str, str] = os.environ) -> None:
        self._desk, self._ended = desk, threading.Event()
        self._secrets = {hook.url: with_secrets(hook.secret, environment) for hook in desk.settings.options.webhook}

    def begin(self) -> None:
        """Look for messages until the desk ends, where there is anybody to tell."""
        if self._secrets:
            threading.Thread(target=self._live, daemon=True).start()

    def end(self) -> None:
        """Stop."""
        self._ended.set()

    def _live(self) -> None:
        while not self._ended.wait(_LOOK_S):
            with suppress(DeskError):  # the database is away for a moment: the messages stand there still
                self.deliver_due()

    def deliver_due(self) -> int:
        """Send all that is due; return how many messages were tried."""
        tried = 0
        while (message := self._claimed()) is not None:
            told = _sent(message.url, self._secrets[message.url], message.id, message.body, self._desk.settings.clock().isoformat())
            self._note(message.id, told)
            tried += 1
        return tried

    def _claimed(self) -> Message | None:
        """Return the next message due, put off for the others while it is being sent."""
        now = self._desk.settings.clock()
        with self._desk.database.writing() as session:
            waiting = select(Message).where(Message.state == Delivery.WAITING, Message.next_at <= now.isoformat(), Message.url.in_(self._secrets))
            message = session.scalar(waiting.order_by(Message.next_at, Message.id).limit(1))
            if message is not None:
                message.next_at = (now + _CLAIM).isoformat()
            return message

    def _note(self, message_id: str, told: str) -> None:
        now = self._desk.settings.clock()
        with self._desk.database.writing() as session:
            message = session.get_one(Message, message_id)
            message.tries, message.told = message.tries + 1, told
            if not told:
                message.state = Delivery.SENT
            elif message.tries > len(PAUSES):
                message.state = Delivery.GIVEN_UP
            else:
                message.next_at = (now + PAUSES[message.tries - 1]).isoformat()


def _sent(url: str, secret: str, message_id: str, body: Mapping[str, Any], stamp: str) -> str:
    """Send one message; return "" when the other side took it, else what went wrong. No redirection is followed."""
    parts = urlsplit(Webhook.model_validate({"url": url, "secret": "${CHECKED}"}).url)
    content = json.dumps(body, ensure_ascii=False, sort_keys=True).encode()
    headers = {
        "content-type": "application/json; charset=utf-8", "x-cdgis-delivery": message_id, "x-cdgis-timestamp": stamp,
        "x-cdgis-signature": signature(secret, stamp, content),
    }  # fmt: skip
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    link = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)
    try:
        link.request("POST", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body=content, headers=headers)
        answer = link.getresponse()
        answer.read(_READ_BYTES)
        return "" if 200 <= answer.status < 300 else f"对方回答 {answer.status}"
    except (OSError, http.client.HTTPException) as err:
        return f"送不到：{in_words(err)}"[:200]
    finally:
        link.close()
