"""The console's sign-in of both sites, behind a proxy that leads to it, so that role-env needs no test setting."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from urllib.parse import parse_qs

from cloud.answers import Answer, answer_json
from cloud.cloud_hosts import CloudHosts
from cloud.local_sts import LocalSts

HOSTS = ("signin.aliyun.com", "signin.alibabacloud.com")


class Federation(CloudHosts):
    """The sign-in at HOSTS. It knows the sessions of `sts`.

    `asked` holds the path of each request. The next answers are taken from `answers` (status and
    body) while there are any.
    """

    def __init__(self, sts: LocalSts) -> None:
        self.asked: list[str] = []
        self.tokens: list[str] = []
        self.answers: list[tuple[int, bytes]] = []
        super().__init__(sts, HOSTS)

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Return the answer to one POST."""
        self.asked.append(target)
        if self.answers:
            return Answer(*self.answers.pop(0))
        form = {name: values[0] for name, values in parse_qs(body.decode(), strict_parsing=True).items()}
        session = next((one for one in self.sts.issued if one.id == form.get("AccessKeyId")), None)
        expected = session and {
            "Action": "GetSigninToken",
            "AccessKeyId": session.id,
            "AccessKeySecret": session.secret,
            "SecurityToken": session.token,
            "TicketType": "mini",
        }
        is_form = headers.get("content-type") == "application/x-www-form-urlencoded"
        if (method, target, is_form, form) != ("POST", "/federation", True, expected):
            return answer_json({"Code": "InvalidParameter", "Message": body.decode()}, 400)
        self.tokens.append(secrets.token_urlsafe(40) + "+/=&")
        return answer_json({"RequestId": "1", "SigninToken": self.tokens[-1]})
