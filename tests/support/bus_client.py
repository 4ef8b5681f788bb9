"""A client of a session bus, which the tests have beside the one of role-env."""

from typing import Any

DEADLINE = 60.0
"""The longest wait for an answer, and for a process's end (seconds)."""

SERVICE = "org.freedesktop.secrets"
SERVICE_PATH = "/org/freedesktop/secrets"


def connect(address: str) -> Any:
    """Return a connection to the bus at `address`."""
    from jeepney.io.blocking import open_dbus_connection

    return open_dbus_connection(bus=address, auth_timeout=DEADLINE)


def own(name: str, address: str) -> Any:
    """Return a connection to the bus at `address` that owns `name`."""
    from jeepney import message_bus
    from jeepney.io.blocking import Proxy

    connection = connect(address)
    Proxy(message_bus, connection, timeout=DEADLINE).RequestName(name)
    return connection


def call_method(connection: Any, path: str, method: str, signature: str, body: tuple[object, ...]) -> Any:
    """Return the answer to one call of the Secret Service; an error answer is raised."""
    import jeepney
    from jeepney.wrappers import unwrap_msg

    interface, _, member = method.rpartition(".")
    target = jeepney.DBusAddress(path, bus_name=SERVICE, interface=interface)
    message = jeepney.new_method_call(target, member, signature, body)
    return unwrap_msg(connection.send_and_get_reply(message, timeout=DEADLINE))
