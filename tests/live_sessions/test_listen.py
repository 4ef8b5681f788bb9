"""`exec --renew --listen`: the addresses of this machine at which a session may be served, and no other."""

import os
import socket
import sys

import pytest

from support.machine import ROLE_ENV, Machine
from support.networks import Namespace, require_namespaces

ASK = """
import json, os, urllib.request
with urllib.request.urlopen(os.environ["ALIBABA_CLOUD_CREDENTIALS_URI"], timeout=30) as answer:
    print(os.environ["ALIBABA_CLOUD_CREDENTIALS_URI"].rpartition("/")[0], json.load(answer)["AccessKeyId"])
"""
REFUSED = {
    "every address": "0.0.0.0",
    "a public address": "8.8.8.8",
    "a group of machines": "224.0.0.1",
    "an address with a zone": "[fd00::1%lo]:8437",
    "an IPv6 address with a port and without brackets": "::1:8437",
    "a private address of another machine": "10.254.254.254",
    "a name": "localhost",
    "no port behind the colon": "127.0.0.1:",
    "a port too high": ":65536",
    "a port in words": "127.0.0.1:http",
    "a URI": "http://127.0.0.1",
    "a bracket that is not closed": "[::1",
}


@pytest.mark.parametrize("place", REFUSED.values(), ids=REFUSED.keys())
def test_an_address_that_others_reach_or_that_is_none_is_refused_before_any_call(machine: Machine, place: str) -> None:
    done = machine.fails("exec", "--renew", "--listen", place, "profileB", "--", "true", status=125, said=place)
    assert "role-env: hint: give a" in done.stderr
    assert not machine.sts.calls


def test_a_profile_where_the_address_is_missing_is_named_as_no_address(machine: Machine) -> None:
    said = "role-env: --listen profileB: profileB is not an IP address\nrole-env: hint: give an address of this machine"
    machine.fails("exec", "--renew", "--listen", "profileB", "--", "true", status=125, said=said)


@pytest.mark.parametrize(
    ("place", "address"),
    [("127.0.0.1", "127.0.0.1"), (":0", "127.0.0.1"), ("::1", "[::1]"), ("[::1]", "[::1]"), ("[0:0::1]:0", "[::1]")],
)
def test_the_uri_has_the_address_and_a_free_port(machine: Machine, place: str, address: str) -> None:
    done = machine.succeeds("exec", "--renew", "--listen", place, "profileB", "--", sys.executable, "-c", ASK)
    uri, key_id = done.stdout.split()
    assert uri.startswith(f"http://{address}:")
    assert key_id == machine.sts.issued[0].id
    machine.succeeds("exec", "--renew", "--listen", place, "profileB", "--", "role-env", "status")


def test_the_port_may_be_chosen_and_one_in_use_is_reported_before_anything_is_requested(machine: Machine) -> None:
    port = 20000 + os.getpid() % 10000  # no port that the system gives to others meanwhile
    with socket.create_server(("127.0.0.1", port)):
        command = ("exec", "--renew", "--listen", f":{port}", "profileB", "--", sys.executable, "-c", ASK)
        machine.fails(*command, status=125, said=f"--listen :{port}: Address already in use")
        assert not machine.sts.calls
    assert machine.succeeds(*command).stdout.startswith(f"http://127.0.0.1:{port} ")


PRIVATE = ["127.1.2.3", "10.1.2.3", "172.16.0.1", "172.31.255.254", "192.168.1.2", "169.254.1.2", "fd00::1", "fc00::1"]


def test_every_private_address_of_the_machine_serves_what_connects_to_it_and_nothing_else(machine: Machine) -> None:
    require_namespaces()
    own = [f"{address}/{128 if ':' in address else 32}" for address in PRIVATE]
    with Namespace(*own, "8.8.8.8/32", "2001:db8::1/128") as host:
        host.carry(machine.sts.port)
        for address in PRIVATE:
            renew = host.command(ROLE_ENV, "exec", "--renew", "--listen", address, "profileB", "--")
            done = machine.run(*renew, "sh", "-c", f"'{sys.executable}' -c '{ASK}'; cat /proc/net/tcp /proc/net/tcp6")
            shown = f"[{address}]" if ":" in address else address
            assert done.stdout.startswith(f"http://{shown}:"), done.stderr
            listening = [line for line in done.stdout.splitlines()[1:] if line.split()[3] == "0A"]
            assert len(listening) == 2, listening  # beside the relay to STS
        for address in ("8.8.8.8", "2001:db8::1"):
            renew = host.command(ROLE_ENV, "exec", "--renew", "--listen", address, "profileB", "--")
            done = machine.run(*renew, "true")
            assert done.returncode == 125
            assert f"{address} is neither loopback nor private" in done.stderr
