"""A server for Alibaba Cloud's API calls over real TLS, which refuses every call that is not signed correctly.

It checks what the real ones check, with an implementation of its own, so that a test which passes against it has
signed, timed and carried its request properly. Nothing of role-env or of Alibaba's SDK is imported here.
"""

from __future__ import annotations

import abc
import calendar
import email.utils
import hmac
import json
import ssl
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from cloud.answers import REFUSALS, Answer, Document, Refused, answer_json
from cloud.faults import UNANSWERED_FAULTS
from cloud.service import Service
from cloud.signatures import Request, read_request
from cloud.world import TIME_FORMAT, Identity, World
from support.certificates import Certificate, server_context, write_authority

CLOCK_TOLERANCE = 15 * 60
"""Seconds by which a caller's clock may differ."""


@dataclass
class Call:
    """One request that arrived, without its secrets. `status` is 0 if it was not answered."""

    action: str
    role_arn: str = ""
    session_name: str = ""
    duration: str = ""
    policy: str = ""
    external_id: str = ""
    source_identity: str = ""
    access_key_id: str = ""
    identity: str = ""
    status: int = 0
    code: str = ""
    nonce: str = ""
    fault: str = ""
    header_names: tuple[str, ...] = ()


class ApiServer(Service, abc.ABC):
    """A running server; see Service.

    world       -- who exists; servers that belong together share one.
    certificate -- "good", or how TLS is wrong: "wrong-host", "expired", "unknown-ca".
    calls_file  -- where each call is also appended as a line of JSON.
    """

    def __init__(
        self, folder: Path, world: World, *, certificate: Certificate = "good", calls_file: Path | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.world = world
        self.ca_file = folder / "ca.pem"
        write_authority(self.ca_file)
        self.calls_file = calls_file
        self.calls: list[Call] = []
        self.requests_seen = 0
        self.server_names: list[str | None] = []
        """The SNI name of each handshake, None if the client sent none."""
        self.clock_offset = 0.0
        self.propagation_seconds = 0.0
        """How long a new key is unknown here (seconds)."""
        self._nonces: set[str] = set()
        context = server_context(certificate)
        context.sni_callback = cast(Any, self._note_name)
        super().__init__(context)

    def now(self) -> float:
        """Return the server's own time, in seconds of the epoch."""
        return time.time() + self.clock_offset

    def calls_of(self, action: str) -> list[Call]:
        """Return the calls of one action, in the order in which they came."""
        with self.lock:
            return [call for call in self.calls if call.action == action]

    def clear_calls(self) -> None:
        """Forget the calls and counts so far; used nonces stay used."""
        with self.lock:
            self.calls.clear()
            self.requests_seen = self.connections_seen = 0
            self.server_names.clear()

    # -- what a server is made of --

    @abc.abstractmethod
    def version_of(self, action: str) -> str | None:
        """Return the version of the API that knows the action, or None."""

    @abc.abstractmethod
    def act(self, request: Request, identity: Identity, fault: str) -> Document:
        """Carry out what the identity asks for. Raises Refused."""

    def act_unsigned(self, request: Request, fault: str) -> Document | None:
        """Carry out an action that needs no signature, or return None for one that does. Raises Refused."""
        return None

    # -- one connection, one request --

    def _note_name(self, _connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        self.server_names.append(name)

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Return the answer to a call."""
        request = read_request(method, target, headers, body)
        with self.lock:
            self.requests_seen += 1
            is_replay = request.nonce in self._nonces
            self._nonces.add(request.nonce)
            fault = self.faults.take_for_call(request.action)
        call = _call_of(request, tuple(headers), fault)
        request_id = {"RequestId": str(uuid.uuid4()).upper()}

        def refuse(refused: Refused) -> Answer:
            call.code = refused.code
            document = {"HostId": self.endpoint, "Code": refused.code, "Message": refused.message}
            return answer_json(request_id | document, refused.status)

        def carry_out() -> Answer:
            return answer_json(request_id | self._carry_out(request, fault, call, is_replay=is_replay))

        answer = self.try_to(carry_out, refuse, fault)
        answer.headers["Date"] = email.utils.formatdate(self.now(), usegmt=True)
        if fault not in UNANSWERED_FAULTS:
            call.status = answer.status
        self._keep(call)
        return answer

    def _carry_out(self, request: Request, fault: str, call: Call, *, is_replay: bool) -> Document:
        if request.defect:
            raise Refused(request.defect)
        version = self.version_of(request.action)
        if version is None:
            raise Refused("InvalidAction.NotFound")
        if request.version != version:
            raise Refused("InvalidVersion")
        with self.lock:
            document = self.act_unsigned(request, fault)
            if document is None:
                identity = self._authenticate(request)
                if is_replay:
                    raise Refused("SignatureNonceUsed")
                call.identity = identity.arn
                document = self.act(request, identity, fault)
        return document

    def _keep(self, call: Call) -> None:
        with self.lock:
            self.calls.append(call)
            if self.calls_file:
                with self.calls_file.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps(asdict(call)) + "\n")

    # -- the caller --

    def _authenticate(self, request: Request) -> Identity:
        given = {"AccessKeyId": request.access_key_id, "Signature": request.signature}
        given |= {"SignatureNonce": request.nonce, "Timestamp": request.timestamp}
        check_mandatory(given, given)
        self._check_timestamp(request.timestamp)
        secret, identity = self._find_key(request)
        expected = request.sign(secret, request.string_to_sign)
        if not hmac.compare_digest(expected.encode(), request.signature.encode()):
            # The real one echoes the string too, SecurityToken included: a caller must not print the Message.
            echo = f"{REFUSALS['SignatureDoesNotMatch'][1]} server string to sign is:{request.string_to_sign}"
            raise Refused("SignatureDoesNotMatch", echo)
        if request.access_key_id in self.world.keys:
            self.world.keys[request.access_key_id].last_used = self.now()
        return identity

    def _check_timestamp(self, text: str) -> None:
        try:
            stamp = calendar.timegm(time.strptime(text, TIME_FORMAT))
        except ValueError:
            raise Refused("InvalidTimeStamp.Format") from None
        if abs(stamp - self.now()) > CLOCK_TOLERANCE:
            raise Refused("InvalidTimeStamp.Expired")

    def _find_key(self, request: Request) -> tuple[str, Identity]:
        session = next((one for one in self.world.issued if one.id == request.access_key_id), None)
        if session:
            if request.token != session.token:
                raise Refused("InvalidSecurityToken.MismatchWithAccessKey")
            if session.expiration <= self.now():
                raise Refused("InvalidSecurityToken.Expired")
            return session.secret, Identity(session.role.account, session.role, session)
        key = self.world.keys.get(request.access_key_id)
        if key is None or key.created + self.propagation_seconds > self.now():
            raise Refused("InvalidAccessKeyId.NotFound")
        if request.token:
            raise Refused("InvalidSecurityToken.MismatchWithAccessKey")
        if not key.active:
            raise Refused("InvalidAccessKeyId.Inactive")
        return key.secret, Identity(key.account, key.user)


def check_mandatory(parameters: dict[str, str], names: Iterable[str]) -> None:
    """Raise Refused for the first of the parameters that is missing."""
    for name in names:
        if not parameters.get(name):
            raise Refused(f"Missing{name}", f"{name} is mandatory for this action.")


def _call_of(request: Request, header_names: tuple[str, ...], fault: str) -> Call:
    given = request.parameters.get
    return Call(
        action=request.action,
        role_arn=given("RoleArn", ""),
        session_name=given("RoleSessionName", ""),
        duration=given("DurationSeconds", ""),
        policy=given("Policy", ""),
        external_id=given("ExternalId", ""),
        source_identity=given("SourceIdentity", ""),
        access_key_id=request.access_key_id,
        nonce=request.nonce,
        fault=fault,
        header_names=header_names,
    )
