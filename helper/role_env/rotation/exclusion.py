"""Lock access keys for a rotation or a login, in the state folder, which processes of every kind share.

Without the locks, two rotations of one key would overwrite each other's journal, and a `login` would change the key
during a rotation.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from role_env.context import Context
from role_env.errors import RefusedError
from role_env.files import locks

_TRIES = 5
"""How many times the keys may change while this process waits for their locks."""


@contextmanager
def hold_keys(ids: Callable[[], set[str]], profile: str, context: Context) -> Iterator[None]:
    """Hold the locks of the access keys that `ids` returns, except empty IDs. `ids` is called again once they are held.

    Raises RefusedError if another process still holds one after ROLE_ENV_TIMEOUT, ProfileError without a state folder.
    """
    for _ in range(_TRIES):
        wanted = ids() - {""}
        with ExitStack() as held:
            for access_key_id in sorted(wanted):  # in one order, so that no two processes wait for each other
                _hold(access_key_id, profile, context, held)
            if ids() - {""} == wanted:
                yield
                return
    raise _busy(profile)


def _hold(access_key_id: str, profile: str, context: Context, held: ExitStack) -> None:
    waiting = context.messages.waiting_for("another role-env, which rotates the same key")
    seconds = context.restarted().deadline.remaining()
    lock = locks.hold_in_state(f"rotation\t{access_key_id}", context.environ, seconds=seconds, waiting=waiting)
    if held.enter_context(lock):
        raise _busy(profile)


def _busy(profile: str) -> RefusedError:
    return RefusedError(f"another role-env is rotating the key of {profile}", hint="try again when it has ended")
