"""The command line: argparse, one function a command.

Options may stand before or after a profile's name, and `role-env PROFILE` is `role-env export PROFILE`, so the words
are put in argparse's order first.
"""

import argparse
import json
import logging
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from role_env import __version__, execution, exporters, keys, output, profiles, session, shell_scripts, sources, sts
from role_env.cache import Cache
from role_env.commands import COMMANDS
from role_env.credentials import AccessKey, Session
from role_env.deadline import Deadline
from role_env.errors import KeyringError, ProfileError, RefusedError, UsageError
from role_env.messages import Messages
from role_env.origin import Origin
from role_env.profiles import ProfilesFile
from role_env.record import Entry
from role_env.session import Request

DEFAULT_TIMEOUT = 30.0
# Options with a value: where a word that stands behind one of them is no profile or command.
_WITH_VALUE = ("--config", "--duration", "--session-name", "--region", "--min-ttl", "--expect-account", "--format")


class Asked:
    """What a command line asks for, as far as it can be told before or without parsing it: what a failure needs."""

    def __init__(self, argv: list[str], environ: Mapping[str, str]) -> None:
        self._environ = environ
        before, rest = _split_at_word(argv)
        self.command = rest[0] if rest and rest[0] in COMMANDS else "export" if rest else ""
        after = rest[1:] if rest and rest[0] == self.command else rest
        options, words = _split_at_word([*before, *after])
        self._words = words[1:] if words[:1] == ["--"] else words
        self.profile = self._words[0] if self._words else ""
        self._options = [*options, *self._words[1:]]
        self.role_arn = ""

    @property
    def shell(self) -> str:
        """The format in which a shell waits for an answer, or an empty text where none does."""
        if self.command not in ("export", "off", "init", ""):
            return ""
        form = _value_of("--format", self._options)
        return form if form in exporters.SHELLS else "" if form in exporters.DOCUMENTS else _parent_format()

    def takes_away(self) -> bool:
        """Whether a session is in the shell and something else was asked for."""
        environ = self._environ
        has_session = environ.get("ROLE_ENV_PROFILE") or environ.get("ROLE_ENV_ACCESS_KEY_ID")
        if self.command in ("off", "init") or not has_session or not self._words:
            return False
        other_role = bool(self.role_arn) and self.role_arn != environ.get("ROLE_ENV_ROLE_ARN")
        return self.profile != environ.get("ROLE_ENV_PROFILE") or other_role


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message, hint=f"see {self.prog} --help")


def run(argv: list[str], environ: Mapping[str, str], asked: Asked) -> int:
    """Runs the command line and returns its exit status. Raises any RoleEnvError; `asked` learns the role."""
    command_line, words = _ordered(argv)
    arguments = _parser().parse_args(command_line)
    arguments.words = words
    arguments.environ = environ
    arguments.asked = asked
    # What libraries log would stand on stderr, tracebacks and texts with secrets included.
    logging.getLogger().addHandler(logging.NullHandler())
    arguments.messages = Messages(
        verbose=getattr(arguments, "verbose", False), silent=getattr(arguments, "silent", False)
    )
    status: int = arguments.run(arguments)
    return status


def _ordered(argv: list[str]) -> tuple[list[str], list[str]]:
    """The words in argparse's order, the command first; and apart from them the command that `exec` runs."""
    before, rest = _split_at_word(argv)
    if not rest:
        return before, []
    command = rest.pop(0) if rest[0] in COMMANDS else "export"
    if command != "exec":
        return [command, *before, *rest], []
    options, words = _split_at_word(rest)
    profile, tail = words[:1], words[1:]
    if profile == ["--"]:
        profile, tail = tail[:1], tail[1:]
    more, run = _split_at_word(tail)
    if run[:1] == ["--"]:
        run = run[1:]
    return [command, *before, *options, *more, *profile], run


def _split_at_word(argv: list[str]) -> tuple[list[str], list[str]]:
    """The options before the first word that is none, and the rest."""
    position = 0
    while position < len(argv) and argv[position].startswith("-") and argv[position] != "--":
        position += 2 if argv[position] in _WITH_VALUE else 1
    return argv[:position], argv[position:]


def _value_of(option: str, words: list[str]) -> str:
    """The value that argparse would take: the last one."""
    value = ""
    for position, word in enumerate(words, 1):
        if word == option:
            value = "".join(words[position : position + 1])
        elif word.startswith(option + "="):
            value = word.split("=", 1)[1]
    return value


def _parser() -> _Parser:
    parser = _Parser(
        prog="role-env",
        description="Temporary Alibaba Cloud credentials: role-env PROFILE prints exports for the shell that asked.",
        epilog="At a prompt: source <(role-env PROFILE). In fish: role-env PROFILE | source. In scripts and CI: "
        'eval "$(role-env PROFILE || echo false)".',
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"role-env {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    obtaining = _obtaining_options()

    def command(name: str, run: object, what: str, *parents: _Parser) -> _Parser:
        added = commands.add_parser(
            name, help=what, description=what[0].upper() + what[1:] + ".", parents=list(parents), allow_abbrev=False
        )
        added.set_defaults(run=run)
        return added

    added = command("export", _export, "print a profile's session for a shell or program", obtaining)
    added.add_argument("profile", metavar="PROFILE")
    added.add_argument("--format", choices=exporters.FORMATS, help="default: the parent's shell")
    added.add_argument("--show", action="store_true", help="print secrets on a terminal, too")
    added = command("exec", _exec, "run a command (default: $SHELL) in a profile's session", obtaining)
    added.add_argument("profile", metavar="PROFILE")
    added.usage = "role-env exec [options] PROFILE [--] [COMMAND ...]"
    added = command("process", _process, "print a profile's session as a credential process does", obtaining)
    added.add_argument("profile", metavar="PROFILE")
    added.add_argument("--show", action="store_true", help="print secrets on a terminal, too")
    added.set_defaults(silent=True)
    added = command("off", _off, "print what ends the session in this shell and restores what was there before")
    added.add_argument("--format", choices=exporters.SHELLS, help="default: the parent's shell")
    added.add_argument("--show", action="store_true", help="print on a terminal, too")
    added = command("init", _init, "print the shell integration")
    added.add_argument("shell", choices=shell_scripts.SHELLS)
    added = command("list", _list, "show the profiles, and what their kept sessions have left")
    added.add_argument("--config", default="", metavar="FILE", help="the profiles file")
    shape = added.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="as JSON")
    shape.add_argument("--names", action="store_true", help="the names alone")
    added = command("whoami", _whoami, "ask STS who the environment's, or a profile's, credentials are", obtaining)
    added.add_argument("profile", metavar="PROFILE", nargs="?", default="")
    added.add_argument("--json", action="store_true", help="STS's own answer")
    added = command("clear", _clear, "forget cached sessions")
    added.add_argument("profiles", metavar="PROFILE", nargs="*")
    added.add_argument("--all", action="store_true", help="every session")
    added.add_argument("--config", default="", metavar="FILE", help="the profiles file")
    return parser


def _obtaining_options() -> _Parser:
    """The options of every command that obtains a session."""
    options = _Parser(add_help=False)
    add = options.add_argument
    add("--config", default="", metavar="FILE", help="the profiles file")
    add("--duration", type=int, metavar="SECONDS", help="how long a new session lasts, instead of the profile's")
    add("--session-name", metavar="NAME", type=_checked(keys.session_name))
    add("--region", metavar="ID", type=_checked(keys.region), help="instead of the profile's region_id")
    add("--min-ttl", type=_not_negative, default=0, metavar="SECONDS", help="renew a session that has less left")
    add("--refresh", action="store_true", help="a session issued after this call began, or a failure")
    add("--no-cache", action="store_true", help="neither read nor write the cache")
    add("--expect-account", metavar="ID", type=_checked(keys.account_id), help="refuse any other")
    add("--verbose", action="store_true", help="tell on stderr what was decided, and why")
    return options


def _not_negative(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError("is not a number of seconds")
    return int(text)


def _checked(check: "keys.Check") -> "keys.Check":
    def convert(text: str) -> str:
        try:
            return check(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return convert


def _obtain(arguments: argparse.Namespace, deadline: Deadline | None = None) -> Session:
    request = _request(arguments)
    deadline = deadline or _deadline(arguments.environ)
    try:
        return session.obtain(request, arguments.environ, deadline=deadline, messages=arguments.messages)
    finally:
        arguments.asked.role_arn = request.role_arn


def _request(arguments: argparse.Namespace) -> Request:
    if fault := profiles.name_fault(arguments.profile):
        raise UsageError(f"{arguments.profile[:80]!r} is no profile: {fault}", hint="role-env list shows them")
    return Request(
        arguments.profile,
        config=arguments.config,
        duration=arguments.duration,
        session_name=arguments.session_name or "",
        region=arguments.region or "",
        min_ttl=arguments.min_ttl,
        refresh=arguments.refresh,
        no_cache=arguments.no_cache,
        expect_account=arguments.expect_account or "",
    )


def _deadline(environ: Mapping[str, str]) -> Deadline:
    text = environ.get("ROLE_ENV_TIMEOUT") or str(DEFAULT_TIMEOUT)
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds <= 86400:
        raise ProfileError("the variable ROLE_ENV_TIMEOUT is not a number of seconds above 0")
    return Deadline(seconds)


def _export(arguments: argparse.Namespace) -> int:
    form = arguments.format or _parent_format()
    if not arguments.show:
        _refuse_terminal(f"role-env {arguments.profile}", form)
    output.write(exporters.export(_obtain(arguments), form, arguments.environ))
    return 0


def _process(arguments: argparse.Namespace) -> int:
    if not arguments.show:
        _refuse_terminal(f"role-env process {arguments.profile}", "")
    output.write(exporters.process(_obtain(arguments).credentials))
    return 0


def _exec(arguments: argparse.Namespace) -> int:
    command = arguments.words or [arguments.environ.get("SHELL") or "/bin/sh"]
    environ = exporters.environment(_obtain(arguments), arguments.environ)
    execution.become(command, environ)


def _off(arguments: argparse.Namespace) -> int:
    form = arguments.format or _parent_format()
    if not arguments.show:
        _refuse_terminal("role-env off", form)
    output.write(exporters.off(form, arguments.environ))
    return 0


def _init(arguments: argparse.Namespace) -> int:
    output.write(shell_scripts.integration(arguments.shell))
    return 0


def _list(arguments: argparse.Namespace) -> int:
    origin = Origin(arguments.environ)
    file = ProfilesFile(profiles.locate(arguments.config, origin), origin)
    if arguments.names:
        output.write("".join(f"{name}\n" for name in file.names()))
        return 0
    cache = Cache(arguments.environ, arguments.messages, _deadline(arguments.environ))
    rows = [_row(file, name, cache, arguments) for name in file.names()]
    if arguments.json:
        output.write(json.dumps(rows, ensure_ascii=False, indent=2) + "\n")
        return 0
    lines = [[value or "-" for value in row.values()] for row in rows]
    for line in lines:
        line[-1] = _left(line[-1])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        output.write("  ".join(map(str.ljust, line, widths)).rstrip() + "\n")
    return 0


def _left(expiration: str) -> str:
    """How long a session lasts that ends at `expiration`, in the minutes that are whole."""
    if expiration == "-":
        return expiration
    return f"{int(exporters.seconds(expiration) - time.time()) // 60} min left"


def _row(file: ProfilesFile, name: str, cache: Cache, arguments: argparse.Namespace) -> dict[str, str | None]:
    """A profile as `list --json` shows it; one that is wrong is told on stderr, and shown by its name alone."""
    try:
        profile = file.profile(name)
    except ProfileError as error:
        arguments.messages.warn(error.message)
        return {"profile": name, "role_arn": None, "source": None, "region_id": None, "expiration": None}
    record = cache.load(Request(name).entry(file.path)) if profile.role_arn else None
    live = record and record.role_arn == profile.role_arn and record.credentials.remaining(time.time()) > 0
    return {
        "profile": name,
        "role_arn": profile.role_arn or None,
        "source": profile.source_profile or profile.credential_source or "access_key_id",
        "region_id": profile.region_id or None,
        "expiration": exporters.timestamp(record.credentials.expiration) if record and live else None,
    }


def _whoami(arguments: argparse.Namespace) -> int:
    deadline = _deadline(arguments.environ)
    key, endpoint = _profile_key(arguments, deadline) if arguments.profile else _environment_key(arguments.environ)
    identity = sts.caller_identity(key, endpoint=endpoint, deadline=deadline)
    if arguments.expect_account and arguments.expect_account != identity["AccountId"]:
        raise RefusedError(f"{identity['Arn']} is not of account {arguments.expect_account}")
    if arguments.json:
        output.write(json.dumps(identity, ensure_ascii=False, indent=2) + "\n")
    else:
        output.write(f"{identity['Arn']}\n")
    return 0


def _profile_key(arguments: argparse.Namespace, deadline: Deadline) -> tuple[AccessKey, str]:
    """The profile's own credentials: its session, or the key of a source."""
    origin = Origin(arguments.environ)
    file = ProfilesFile(profiles.locate(arguments.config, origin), origin)
    profile = file.profile(arguments.profile)
    if profile.role_arn:
        return _obtain(arguments, deadline).credentials, profile.endpoint
    return sources.access_key(profile, arguments.environ), profile.endpoint


def _environment_key(environ: Mapping[str, str]) -> tuple[AccessKey, str]:
    key = sources.current_key(environ)
    if key is None and environ.get("ROLE_ENV_NO_ACCOUNT"):
        raise ProfileError("a switch to another profile failed, and this shell holds no account", hint=_OFF_HINT)
    if key is None:
        raise ProfileError("the environment holds no credentials", hint="name a profile, or set a session first")
    return key, profiles.checked_endpoint(environ.get("ALIBABA_CLOUD_STS_ENDPOINT") or "sts.aliyuncs.com")


_OFF_HINT = 'eval "$(role-env off)" brings back what was there before'


def _clear(arguments: argparse.Namespace) -> int:
    if bool(arguments.profiles) == arguments.all:
        raise UsageError("clear takes either names of profiles or --all")
    cache = Cache(arguments.environ, arguments.messages, _deadline(arguments.environ), everywhere=True)
    entries = [entry for entry in cache.entries() if arguments.all or entry.username in arguments.profiles]
    for entry in [*entries, *_default_entries(arguments)]:
        cache.forget(entry)
    if cache.fault:
        raise KeyringError(f"not every session could be forgotten: the keyring cannot be used, {cache.fault}")
    return 0


def _default_entries(arguments: argparse.Namespace) -> list[Entry]:
    """The entries of the profiles as they are found without options, where the index has lost them."""
    try:
        path: Path = profiles.locate(arguments.config, Origin(arguments.environ))
    except ProfileError:
        return []
    return [Request(name).entry(path) for name in arguments.profiles]


def _refuse_terminal(command: str, form: str) -> None:
    """Nothing secret goes to a terminal unasked, and nothing is asked of STS for it."""
    if sys.stdout is None or not sys.stdout.isatty():
        return
    raise UsageError(
        "this prints secrets, and stdout is a terminal",
        hint=f"type {_line_for(command, form)}, or add --show to see it anyway",
    )


def _line_for(command: str, form: str) -> str:
    """What to type in the shell that is the parent, or that `form` names."""
    if form == "fish":
        return f"{command} | source"
    if form not in exporters.SHELLS:
        return f"{command} | …"
    reads_pipes = form in ("bash", "zsh") or shell_scripts.parent_name() in ("bash", "zsh")
    return f"source <({command})" if reads_pipes else f'eval "$({command} || echo false)"'


def _parent_format() -> str:
    """fish when the parent process is fish, else POSIX."""
    return "fish" if shell_scripts.parent_name() == "fish" else "sh"


def fail(asked: Asked) -> None:
    """Tells a shell that waits on stdout that there is no session, and takes another one away."""
    if asked.shell and sys.stdout is not None and not sys.stdout.isatty():
        output.write(exporters.failure(asked.shell, asked._environ, take_away=asked.takes_away()))
