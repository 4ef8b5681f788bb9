"""The credential source for a command that prints the `aliyun` CLI's External-mode document."""

import time
from collections.abc import Mapping

from role_env import validators
from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.errors import ProfileError
from role_env.http import responses
from role_env.sources import program
from role_env.sources.base import Source

_KIND = "credential process"
_FIELDS = ("access_key_id", "access_key_secret", "sts_token", "expiration")


class Process(Source):
    """A credential source that runs a command, which prints External-mode JSON."""

    kind = "credential_process"
    keys = {"credential_process": validators.command}
    is_cacheable = False
    waits_for = "the credential process"
    choice = "a program that prints credentials"
    questions = (("credential_process", "Command that prints the credentials as JSON"),)

    def _fetch(self, context: Context) -> AccessKey:
        (command,) = self.values
        with program.own_seconds(context) as seconds:
            return run(command, context.environ, seconds=seconds, silent=context.messages.silent)


def run(command: str, environ: Mapping[str, str], *, seconds: float, silent: bool = False) -> AccessKey:
    """Run `command` and return the key that it prints, as Credentials if it expires.

    Raises what `program.run` raises, and ProfileError for an invalid document.
    """
    began = time.time()
    output = program.run(command, environ, kind=_KIND, seconds=seconds, silent=silent)
    return _key(program.shown(command, _KIND), output, began)


def _key(name: str, output: bytes, began: float) -> AccessKey:
    document = responses.json_object(output)
    if document is None:
        raise _invalid(name, "does not print a JSON object")
    mode = document.get("mode")
    if mode not in ("StsToken", "AK"):
        raise _invalid(name, "prints a document whose mode is neither StsToken nor AK")
    try:
        if mode == "StsToken" and document.get("expiration"):
            return responses.credentials(document, issued=began, fields=_FIELDS)
        return responses.access_key(document, *_FIELDS[: 2 if mode == "AK" else 3])
    except ValueError as error:
        raise _invalid(name, f"prints an invalid document: {error}") from None


def _invalid(name: str, what: str) -> ProfileError:
    document = '{"mode": "StsToken", "access_key_id": …, "access_key_secret": …, "sts_token": …, "expiration": …}'
    return ProfileError(f"{name} {what}", hint=f"make it print {document}")
