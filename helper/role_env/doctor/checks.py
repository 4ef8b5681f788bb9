"""What can go wrong before role-env even begins: one small check for each, and each fault with its mend.

The checks run side by side, and what hangs is a finding too. None asks a person for anything, and none tells a secret.
"""

import contextlib
import os
import shlex
import shutil
import stat
import subprocess
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple

from role_env import __version__, variables
from role_env.aliyun import entries as cli_profiles
from role_env.aliyun.config import ConfigFile
from role_env.aliyun.location import config_path
from role_env.command_table import INTEGRATED_SHELLS
from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.deadline import Deadline, TimedOut, within
from role_env.environ import keys as environment
from role_env.environ import tools
from role_env.environ.session import NO_ACCOUNT, OFF_HINT, ShellState
from role_env.errors import KeyringError, ProfileError, RoleEnvError, printable
from role_env.fingerprint import Origin
from role_env.keyrings import access_keys
from role_env.keyrings import kernel as kernel_keyring
from role_env.keyrings.entry import SESSION_SERVICE, Entry
from role_env.keyrings.faults import KeyringFault
from role_env.keyrings.system import SystemKeyring
from role_env.profiles import file as profiles
from role_env.profiles.file import ProfilesFile
from role_env.sessions import chain as chains
from role_env.sessions import store as cache
from role_env.shells import parent
from role_env.sources.base import EnvironmentKey, KeyringKey
from role_env.sts import client as sts
from role_env.ui.messages import Messages

OK, WARN, FAIL = "ok", "warn", "fail"

# All checks together end within ten seconds; what takes longer than this is told as hanging (seconds).
LONGEST = 8.0
_LONGEST_CALL = 6.0
_LONGEST_SHELL = 2.0
# STS takes requests whose time is off by less than 15 minutes; what is off by one goes on drifting (seconds).
_CLOCK_REFUSED, _CLOCK_ODD = 15 * 60, 60
_MOST_ENDPOINTS = 20


class Finding(NamedTuple):
    """What a check found: `status` is OK, WARN or FAIL; `mend` is empty where all is well."""

    check: str
    status: str
    message: str
    mend: str = ""


class Surroundings(NamedTuple):
    """What is examined: the environment, and the profiles file that the command line names (or an empty text)."""

    environ: Mapping[str, str]
    config: str


Check = Callable[[Surroundings], list[Finding]]


def examine(environ: Mapping[str, str], config: str) -> list[Finding]:
    """The findings of every check, in a fixed order, within ten seconds whatever hangs."""
    at = Surroundings(environ, config)
    with ThreadPoolExecutor(len(CHECKS)) as pool:
        found = pool.map(lambda item: _within_time(item[0], item[1], at), CHECKS.items())
        return [finding for findings in found for finding in findings]


def _within_time(name: str, check: Check, at: Surroundings) -> list[Finding]:
    try:
        return within(LONGEST, lambda: check(at))
    except TimedOut:
        return [Finding(name, FAIL, f"the check did not end within {LONGEST:.0f} seconds", "see what hangs there")]
    except Exception as error:  # its text could hold a secret
        return [Finding(name, FAIL, f"the check itself failed: {type(error).__name__}", "please report it")]


# ---- the profiles file ----


def check_profiles(at: Surroundings) -> list[Finding]:
    """The file as a whole, and each profile that does not resolve; what spoils several is told once."""
    origin = Origin(at.environ)
    try:
        file = ProfilesFile(profiles.locate(at.config, origin), origin)
    except ProfileError as error:
        return [Finding("profiles file", FAIL, error.message, error.hint or "correct the file")]
    names = file.names()
    if not names:
        return [Finding("profiles file", WARN, f"{file.path} has no profile", "write one: role-env --help shows how")]
    faults: dict[str, Finding] = {}
    for name in names:
        if fault := _profile_fault(file, name, origin, at):
            faults.setdefault(fault.message, fault)
    count = f"{len(names)} profile{'s' if len(names) > 1 else ''}"
    return [Finding("profiles file", OK, f"{file.path}: {count}"), *faults.values()]


def _profile_fault(file: ProfilesFile, name: str, origin: Origin, at: Surroundings) -> Finding | None:
    try:
        source = chains.resolve(file, name, origin).source
        if isinstance(source, KeyringKey):
            return _login_fault(source, name, at)
    except ProfileError as error:
        return Finding(f"profile {name}", FAIL, error.message, error.hint or "correct the file")
    if isinstance(source, EnvironmentKey):
        return _environment_fault(name, at)
    return None


def _login_fault(source: KeyringKey, name: str, at: Surroundings) -> Finding | None:
    """A key that should be in the keyring and is not; a keyring that cannot be used is another check's finding."""
    context = Context(at.environ, Deadline(LONGEST / 2), Messages(silent=True))
    with contextlib.suppress(KeyringError):
        if not access_keys.load(source.path, source.profile, context, prompts=False):
            what = f"profile {source.profile}: its key is neither in the file nor in the keyring ({source.where})"
            return Finding(f"profile {name}", FAIL, what, f"role-env login {source.profile} puts it there")
    return None


def _environment_fault(name: str, at: Surroundings) -> Finding | None:
    mend = "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET where it is used"
    try:
        if environment.own_key(at.environ):
            return None
    except ProfileError as error:
        return Finding(f"profile {name}", FAIL, f"profile {name}: {error.message}", error.hint or mend)
    what = f"profile {name}: it begins with a key of the environment, which has none now"
    return Finding(f"profile {name}", WARN, what, mend)


# ---- where sessions are kept ----


def check_keyring(at: Surroundings) -> list[Finding]:
    """The places that ROLE_ENV_CACHE names, each by a round trip through the code that keeps sessions."""
    mode = at.environ.get("ROLE_ENV_CACHE") or "auto"
    if mode not in cache.MODES:
        what = f"ROLE_ENV_CACHE is {printable(mode)[:40]}"
        return [Finding("keyring", FAIL, what, f"make it one of {', '.join(cache.MODES)}, or unset it")]
    if mode == "none":
        return [Finding("keyring", OK, "ROLE_ENV_CACHE=none: no session is kept")]
    if mode == "kernel":
        return [_kernel_finding(needed=True)]
    context = Context(at.environ, Deadline(_LONGEST_CALL), Messages(silent=True))
    ring = SystemKeyring(context, prompts=False, even_if_avoided=True)
    found = _keyring_finding(ring, at.environ)
    if ring.usable:
        return [found]
    kernel = _kernel_finding(needed=mode == "auto")
    if ring.is_absent and mode == "auto" and kernel.status == OK:
        found = found._replace(status=WARN)
    return [found, kernel] if mode == "auto" else [found]


def _keyring_finding(ring: SystemKeyring, environ: Mapping[str, str]) -> Finding:
    name = _backend_name(ring)
    chosen = f"{name} ({_why_chosen(environ)})" if name else _why_chosen(environ)
    entry = Entry(f"{SESSION_SERVICE}{token_hex(12)}", "role-env doctor")
    began = time.monotonic()
    ring.write(entry, "role-env doctor")
    kept = ring.read(entry)
    ring.forget(entry)
    left = ring.read(entry)
    took = time.monotonic() - began
    if not ring.usable:
        what = ring.reason if ring.is_absent else f"{chosen}: {ring.reason}"
        return Finding("keyring", FAIL, what, _keyring_mend(ring))
    if kept is None or left is not None:
        what = f"{chosen}: {'it forgets what it is given' if kept is None else 'it does not delete'}"
        return Finding("keyring", WARN, what, "choose another in keyringrc.cfg, or set ROLE_ENV_CACHE")
    what = f"{chosen}: wrote, read and deleted an entry in {took * 1000:.0f} ms"
    if "plaintext" in name.lower():
        mend = "choose another, install gnome-keyring or KeePassXC, or set ROLE_ENV_CACHE=kernel"
        return Finding("keyring", WARN, f"{what}; it writes secrets readable into a file", mend)
    return Finding("keyring", OK, what)


def _backend_name(ring: SystemKeyring) -> str:
    """The chosen backend's name; empty where choosing fails or hangs, of which the round trip tells."""
    try:
        return within(_LONGEST_CALL / 3, ring.backend_name)
    except Exception:
        return ""


def _why_chosen(environ: Mapping[str, str]) -> str:
    if "PYTHON_KEYRING_BACKEND" in environ:
        return "PYTHON_KEYRING_BACKEND names it"
    from keyring.util import platform_

    settings = Path(platform_.config_root()) / "keyringrc.cfg"
    return f"{settings} names it" if settings.exists() else "keyring's choice on this system"


def _keyring_mend(ring: SystemKeyring) -> str:
    if ring.fault in (KeyringFault.LOCKED, KeyringFault.LOCKED_OR_STOPPED):
        return "unlock it (log in to the desktop again, or open its program), or set ROLE_ENV_CACHE=kernel"
    if ring.fault is KeyringFault.TIMED_OUT:
        return "restart its service (killall gnome-keyring-daemon, or log in again), or set ROLE_ENV_CACHE=kernel"
    if ring.is_absent:
        return "install gnome-keyring or KeePassXC and run within a D-Bus session, or set ROLE_ENV_CACHE=kernel"
    return "unlock or mend it; ROLE_ENV_CACHE=kernel does without"


def _kernel_finding(*, needed: bool) -> Finding:
    """The Linux kernel's keyring, by a round trip."""
    name, mend = f"{SESSION_SERVICE}{token_hex(12)}\trole-env doctor", "set ROLE_ENV_CACHE=keyring, or none"
    began = time.monotonic()
    try:
        kernel_keyring.write(name, "role-env doctor", seconds=30)
        kept = kernel_keyring.read(name)
        kernel_keyring.forget(name)
    except kernel_keyring.Unavailable as error:
        return Finding("kernel keyring", FAIL if needed else OK, f"it cannot be used: {error}", mend if needed else "")
    if kept != "role-env doctor":
        return Finding("kernel keyring", FAIL, "it does not give back what it was given", mend)
    took = (time.monotonic() - began) * 1000
    return Finding("kernel keyring", OK, f"wrote, read and deleted an entry in {took:.0f} ms")


# ---- STS ----


def check_sts(at: Surroundings) -> list[Finding]:
    """Each endpoint that a profile uses, asked who signs with a key that does not exist."""
    endpoints = _endpoints(at)[:_MOST_ENDPOINTS]
    with ThreadPoolExecutor(len(endpoints)) as pool:
        return list(pool.map(lambda endpoint: _endpoint_finding(endpoint, at.environ), endpoints))


def _endpoints(at: Surroundings) -> list[str]:
    """The endpoints of the profiles that resolve; where there is none, the environment's or the general one."""
    origin = Origin(at.environ)
    found: list[str] = []
    with contextlib.suppress(ProfileError):
        file = ProfilesFile(profiles.locate(at.config, origin), origin)
        for name in file.names():
            with contextlib.suppress(ProfileError):
                found += [hop.endpoint for hop in chains.resolve(file, name, origin).hops if hop.role_arn]
    if not found:
        with contextlib.suppress(ProfileError):
            found = [profiles.endpoint(origin)]
    return list(dict.fromkeys(found)) or ["sts.aliyuncs.com"]


def _endpoint_finding(endpoint: str, environ: Mapping[str, str]) -> Finding:
    name, began = f"STS {endpoint}", time.monotonic()
    context = Context(environ, Deadline(_LONGEST_CALL), Messages(silent=True))
    try:
        sts.caller_identity(AccessKey("role-env-doctor", "none"), endpoint=endpoint, context=context)
    except sts.StsError as answer:
        return _answered(name, answer.clock_offset, time.monotonic() - began)
    except RoleEnvError as error:
        return Finding(name, FAIL, error.message, error.hint)
    return Finding(name, FAIL, "it knows a key that does not exist", "is it the right endpoint?")


def _answered(name: str, offset: float, took: float) -> Finding:
    if abs(offset) < _CLOCK_ODD:
        return Finding(name, OK, f"answered in {took * 1000:.0f} ms, and the clocks agree")
    what = f"this machine's clock is {abs(offset) / 60:.0f} min {'behind' if offset > 0 else 'ahead of'} its clock"
    refused = abs(offset) >= _CLOCK_REFUSED
    return Finding(
        name,
        FAIL if refused else WARN,
        f"{what}, and it refuses requests that are 15 min off" if refused else what,
        "set the clock, and let the system keep it (timedatectl set-ntp true)",
    )


# ---- the shell ----


def check_variables(at: Surroundings) -> list[Finding]:
    """What stands in the environment beside a session, or instead of one."""
    state = ShellState(at.environ)
    if state.lost_account:
        return [Finding("variables", WARN, NO_ACCOUNT, OFF_HINT)]
    if not state.is_begun:
        return [_without_session(at.environ)]
    again = f"unset it, or take the session again: source <(role-env {state.profile or 'PROFILE'})"
    if unreadable := state.unreadable():
        return [Finding("variables", FAIL, f"these do not tell of a session: {', '.join(unreadable)}", OFF_HINT)]
    if not state.remaining():
        what = f"the session of {state.profile} has ended"
        return [Finding("variables", WARN, what, "take it again, or role-env off")]
    stale = [f"{name} is not the session's, and some tools read it first" for name in state.strangers()]
    by_setup = _names_us(at, state.profile)
    allowed = (variables.CLI_PROFILE,) if by_setup else ()
    outranking = [name for name in variables.OUTRANKING if at.environ.get(name) and name not in allowed]
    stale += [f"{name} is set, and outranks or changes the session" for name in outranking]
    findings = [Finding("variables", FAIL, what, again) for what in stale]
    missing = [name for name in variables.IGNORE_PROFILE if at.environ.get(name) != "TRUE"]
    if missing and not by_setup:
        what = f"{' and '.join(missing)} not TRUE: the aliyun CLI goes on as its configured user"
        findings.append(Finding("variables", FAIL, what, f"source <(role-env {state.profile}) sets it"))
    return findings or [Finding("variables", OK, f"the session of {state.profile}, and nothing that outranks it")]


def _without_session(environ: Mapping[str, str]) -> Finding:
    if found := tools.conflicting_tool_keys(environ):
        names = ", ".join(dict.fromkeys(name for tool in found for name in tool.variables[:1]))
        mend = "unset those that you do not mean; role-env whoami tells who each is"
        return Finding("variables", WARN, f"tools find different keys, in {names}", mend)
    return Finding("variables", OK, "no session, and nothing that disagrees")


def _names_us(at: Surroundings, profile: str) -> bool:
    """Whether ALIBABA_CLOUD_PROFILE names the session's profile as `role-env setup aliyun-cli` has written it."""
    if at.environ.get(variables.CLI_PROFILE) != profile:
        return False
    with contextlib.suppress(OSError, ProfileError):
        return cli_profiles.profiles_file_of(_cli_file(at)[0].entries.get(profile, {})) is not None
    return False


# ---- the aliyun CLI's file ----


def check_aliyun_cli(at: Surroundings) -> list[Finding]:
    """The file of the `aliyun` CLI: whether it can be read, who can read it, and its profiles that ask role-env."""
    try:
        file, status = _cli_file(at)
    except FileNotFoundError:
        return [Finding("aliyun CLI", OK, "it has no file of its own")]
    except OSError as error:
        what = f"~/.aliyun/config.json cannot be read: {error.strerror or error}"
        return [Finding("aliyun CLI", FAIL, what, "check its permissions")]
    except ProfileError as error:
        return [Finding("aliyun CLI", FAIL, error.message, error.hint)]
    findings = []
    if os.name == "posix" and status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        findings.append(Finding("aliyun CLI", WARN, f"others can open {file.path}", f"chmod 600 {file.path}"))
    for name, entry in file.entries.items():
        config = cli_profiles.profiles_file_of(entry)
        if config is not None and (fault := _command_fault(name, entry["process_command"], config, at)):
            mend = f"role-env setup aliyun-cli writes it anew; aliyun configure delete --profile {name} removes it"
            findings.append(Finding("aliyun CLI", FAIL, f"{file.path}: profile {name}: {fault}", mend))
    return findings or [Finding("aliyun CLI", OK, f"{file.path} can be read")]


def _cli_file(at: Surroundings) -> tuple[ConfigFile, os.stat_result]:
    """Raises OSError, ProfileError."""
    path = config_path(at.environ.get("HOME", ""))
    content, status = Origin(at.environ).read(path)
    return ConfigFile(path, content), status


def _command_fault(name: str, command: str, config: str, at: Surroundings) -> str:
    """What keeps a profile that `setup` has written from working."""
    program = shlex.split(command)[0]
    if not shutil.which(program, path=at.environ.get("PATH")):
        return f"its command {program} is not there"
    origin = Origin(at.environ)
    with contextlib.suppress(ProfileError):  # of the profiles file another check tells
        if name not in ProfilesFile(profiles.locate(config or at.config, origin), origin).names():
            return "the profiles file has no such profile any more"
    return ""


# ---- the shell integration ----


def check_shell(at: Surroundings) -> list[Finding]:
    """Whether the shell has the integration, of this version, and can do what it is told to."""
    shell, program = _shell(at.environ)
    if shell not in INTEGRATED_SHELLS:
        return [Finding("shell integration", OK, f"there is none for {shell or 'this shell'}, and none is needed")]
    findings = [_integration_finding(shell, at.environ)]
    if shell == "bash" and (old := _old_bash(program)):
        mend = 'use role-env use PROFILE, or eval "$(role-env PROFILE || echo false)"; or install a newer bash'
        what = f"bash {old} reads nothing from source <(…), and says nothing"
        findings.append(Finding("shell integration", WARN, what, mend))
    return findings


def _shell(environ: Mapping[str, str]) -> tuple[str, str]:
    """The name of the shell that asks, else of the login shell; and the program to ask for its version."""
    login = environ.get("SHELL", "")
    name, asking = Path(login).name, parent.parent_name()
    return (asking, asking) if asking in INTEGRATED_SHELLS and asking != name else (name, login)


def _integration_finding(shell: str, environ: Mapping[str, str]) -> Finding:
    name, version = "shell integration", printable(environ.get("ROLE_ENV_INIT", ""))[:20]
    if version == __version__:
        return Finding(name, OK, f"{shell} has it, of this version")
    if version:
        what = f"this {shell} has that of role-env {version}, and the command is {__version__}"
        return Finding(name, WARN, what, f"start a new {shell}")
    files = _start_files(shell, environ)
    for file in files:
        if _has_init(file):
            return Finding(name, OK, f"{file} has it")
    line = "role-env init fish | source" if shell == "fish" else f'eval "$(role-env init {shell})"'
    mend = f"add to {files[0]}: {line}" if files else f"add to its start-up file: {line}"
    return Finding(name, WARN, f"{shell} does not have it: no role-env use, off and prompt", mend)


def _start_files(shell: str, environ: Mapping[str, str]) -> list[Path]:
    """The files that an interactive shell reads, the one to write to first."""
    home = environ.get("HOME", "")
    if not home:
        return []
    if shell == "fish":
        folder = Path(environ.get("XDG_CONFIG_HOME") or Path(home, ".config"), "fish")
        return [folder / "config.fish", *sorted(folder.glob("conf.d/*.fish"))]
    if shell == "zsh":
        return [Path(environ.get("ZDOTDIR") or home, name) for name in (".zshrc", ".zprofile", ".zshenv")]
    return [Path(home, name) for name in (".bashrc", ".bash_profile", ".bash_login", ".profile")]


def _has_init(file: Path) -> bool:
    try:
        lines = file.read_text("utf-8", "replace").splitlines()
    except OSError:
        return False
    return any("role-env init" in line and not line.lstrip().startswith("#") for line in lines)


def _old_bash(program: str) -> str:
    """The version of the bash `program` where it is older than 4, else an empty text."""
    command = [program, "--norc", "--noprofile", "-c", 'printf %s "$BASH_VERSION"']
    try:
        told = subprocess.run(  # noqa: S603  the user's own shell
            command, capture_output=True, timeout=_LONGEST_SHELL, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    version = printable(told.stdout.decode("utf-8", "replace"))[:20]
    return version if version[:2] in ("2.", "3.") else ""


CHECKS: dict[str, Check] = {
    "profiles file": check_profiles,
    "keyring": check_keyring,
    "STS": check_sts,
    "variables": check_variables,
    "aliyun CLI": check_aliyun_cli,
    "shell integration": check_shell,
}
