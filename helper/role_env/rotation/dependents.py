"""The profiles whose sessions are made with a profile's access key, and their cached sessions."""

from role_env.context import Context
from role_env.profiles.file import ProfilesFile
from role_env.sessions.chain import Chain, resolve_valid
from role_env.sessions.store import Cache


def chains_through(file: ProfilesFile, profile: str) -> list[Chain]:
    """Return the valid chains of the file that contain `profile`."""
    return [chain for chain in resolve_valid(file) if profile in [one.name for one in chain.profiles]]


def drop_former_sessions(file: ProfilesFile, profile: str, context: Context) -> None:
    """Delete the cached sessions, wherever they are, that were not made with the present key of `profile`.

    The mark of `access_keys` makes each session check its key again, but only where the environment has the same state
    folder; cron, `su` and direnv may have another. Raises ProfileError, KeyringError.
    """
    chains = {chain.target.name: chain for chain in chains_through(file, profile)}
    cache = Cache(context, everywhere=True)
    for entry in cache.entries():
        if chain := chains.get(entry.username):
            record = cache.load(entry)
            if record is None or record.chain_digest != chain.digest_with_key(context):
                cache.delete(entry)
