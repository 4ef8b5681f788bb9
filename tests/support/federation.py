"""The console's sign-in of both sites, behind a proxy that leads to it, so that role-env needs no test setting."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from urllib.parse import parse_qs

from support.certificates import server_context
from support.local_sts import LocalSts
from support.service import Answer, Handler, Service, answer_json

HOSTS = ("signin.aliyun.com", "signin.alibabacloud.com")


class Federation(Service):
    """Takes CONNECT to one of HOSTS, and is that host from there on, over TLS. It knows the sessions of `sts`.

    `asked` holds the path of each request, `hosts` the hosts. The next answers are taken from `answers` (status and
    body) while there are any.
    """

    def __init__(self, sts: LocalSts) -> None:
        self.sts = sts
        self.asked: list[str] = []
        self.hosts: list[str] = []
        self.tokens: list[str] = []
        self.answers: list[tuple[int, bytes]] = []
        self.context = server_context(names=HOSTS)
        super().__init__(handler=_Proxy)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead a command here, and to the local STS."""
        proxy = f"http://127.0.0.1:{self.port}"
        return {"HTTPS_PROXY": proxy, "NO_PROXY": "localhost", "SSL_CERT_FILE": str(self.sts.ca_file)}

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


class _Proxy(Handler):
    """Leads to one of HOSTS, and nowhere else."""

    def do_CONNECT(self) -> None:
        federation: Federation = self.server.service
        host = self.path.partition(":")[0]
        federation.hosts.append(host)
        if host not in HOSTS:
            self.send_error(403)
            return
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        with federation.context.wrap_socket(self.connection, server_side=True) as secured:
            Handler(secured, self.client_address, self.server)
        self.close_connection = True

    def do_POST(self) -> None:
        self.send_error(403)

    do_GET = do_POST
