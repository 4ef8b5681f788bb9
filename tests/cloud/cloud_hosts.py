"""Hosts of Alibaba Cloud by their own names, behind a proxy that leads to them: a client needs no test setting."""

from __future__ import annotations

from cloud.local_sts import LocalSts
from cloud.service import Handler, Service
from support.certificates import server_context


class CloudHosts(Service):
    """Takes CONNECT to one of `names`, and is that host from there on, over TLS, by the authority of `sts`.

    `hosts` holds the hosts that were asked for.
    """

    def __init__(self, sts: LocalSts, names: tuple[str, ...]) -> None:
        self.sts = sts
        self.names = names
        self.hosts: list[str] = []
        self.context = server_context(names=names)
        super().__init__(handler=_Proxy)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead a command here, and to the local STS."""
        proxy = f"http://127.0.0.1:{self.port}"
        return {"HTTPS_PROXY": proxy, "NO_PROXY": "localhost", "SSL_CERT_FILE": str(self.sts.ca_file)}


class _Proxy(Handler):
    """Leads to one of the service's hosts, and nowhere else."""

    def do_CONNECT(self) -> None:
        service: CloudHosts = self.server.service
        host = self.path.partition(":")[0]
        service.hosts.append(host)
        if host not in service.names:
            self.send_error(403)
            return
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        with service.context.wrap_socket(self.connection, server_side=True) as secured:
            Handler(secured, self.client_address, self.server)
        self.close_connection = True

    def do_POST(self) -> None:
        self.send_error(403)

    do_GET = do_POST
