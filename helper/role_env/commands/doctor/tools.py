"""Check the files of other tools: the `aliyun` CLI's, and those that make tools act as another user."""

import contextlib
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from role_env.aliyun import entries as cli_profiles
from role_env.aliyun import process_command
from role_env.aliyun.config import ConfigFile
from role_env.aliyun.location import config_path
from role_env.cli import Invocation
from role_env.commands.doctor.finding import FAIL, OK, WARN, Finding
from role_env.context import Context
from role_env.environ.session import ShellState
from role_env.errors import ProfileError
from role_env.files.dependencies import read_file
from role_env.files.private import check_private
from role_env.profiles import file as profiles
from role_env.sessions.shell_request import line_to_switch_again
from role_env.variables import EXTERNAL_DISABLED, IGNORE_PROFILE, NO_ACCOUNT_VALUE, SERVED_PROFILE, is_cli_following

NAME = "aliyun CLI"
_OSSUTIL = ("ossutil", "ossutil64")


def check_aliyun_cli(_invocation: Invocation, context: Context) -> list[Finding]:
    """Check whether the CLI can use its file, who can read that, and each profile in it whose command is role-env."""
    try:
        path = config_path(context.environ.get("HOME", ""))
        content, status = read_file(path)
        file = ConfigFile(path, content)
    except FileNotFoundError:
        return [Finding(NAME, OK, "~/.aliyun/config.json does not exist")]
    except OSError as error:
        what = f"~/.aliyun/config.json cannot be read: {error.strerror or error}"
        return [Finding(NAME, FAIL, what, "give yourself access: chmod 700 ~/.aliyun; chmod 600 ~/.aliyun/config.json")]
    findings = []
    try:
        check_private(f"the aliyun CLI's file {path}", path, status, has_secret=file.has_secret)
    except ProfileError as error:
        findings.append(Finding(NAME, WARN, error.message, error.hint))
    if unusable := file.cli_error():
        findings.append(Finding(NAME, FAIL, unusable.message, unusable.hint))
    findings += [*_profile_findings(file, context.environ), *_written_sessions(file)]
    findings += _limit_in_session(file, context.environ)
    return findings or [Finding(NAME, OK, f"{file.path} can be read{_limit_in_cron(file, context.environ)}")]


def check_config_file(_invocation: Invocation, context: Context) -> list[Finding]:
    """Check the file that the SDK for Go reads in the place of the CLI's, for sessions that it has written there."""
    path = context.environ.get("ALIBABA_CLOUD_CONFIG_FILE", "")
    try:
        return _written_sessions(ConfigFile(path, read_file(path)[0])) if path else []
    except (OSError, ProfileError):  # it is not role-env's to read
        return []


def _written_sessions(file: ConfigFile) -> list[Finding]:
    """Report the profiles of mode External into which an SDK has written the session that the command printed."""
    sdk = "for programs with an SDK: `role-env exec PROFILE -- COMMAND`"
    fix = f"remove access_key_id, access_key_secret and sts_token there; {sdk}"
    return [
        Finding(NAME, WARN, f"{file.path}: profile {name}: an SDK has written a session into it, in plain text", fix)
        for name, entry in file.entries.items()
        if str(entry.get("mode")).lower() == "external" and entry.get("access_key_secret")
    ]


def _profile_findings(file: ConfigFile, environ: Mapping[str, str]) -> list[Finding]:
    findings = []
    for name, entry in file.entries.items():
        if name in (NO_ACCOUNT_VALUE, SERVED_PROFILE):
            what = f"{file.path} has a profile {name}: this name must lead to no account of a file"
            findings.append(Finding(NAME, FAIL, what, f"aliyun configure delete --profile {name}"))
        if name == cli_profiles.SESSION_NAME and not cli_profiles.is_session_entry(entry):
            findings.append(_changed_session_profile(file, environ))
        config = cli_profiles.profiles_file_of(entry)
        if config and (fault := _command_fault(name, entry["process_command"], config, environ)):
            fix = f"aliyun configure delete --profile {name}; to have it again: `role-env setup aliyun-cli {name}`"
            findings.append(Finding(NAME, FAIL, f"{file.path}: profile {name}: {fault}", fix))
    return findings


def _changed_session_profile(file: ConfigFile, environ: Mapping[str, str]) -> Finding:
    """Return the finding about a profile role-env that differs from what `setup` writes: new sessions ignore it."""
    name = cli_profiles.SESSION_NAME
    what = f"{file.path}: profile {name} is not as role-env setup aliyun-cli writes it"
    fix = f"aliyun configure delete --profile {name}; to have it again: `role-env setup aliyun-cli`"
    if is_cli_following(environ):
        return Finding(NAME, FAIL, f"{what}, and in this shell aliyun uses it, for any account", fix)
    return Finding(NAME, WARN, f"{what}: in a session aliyun ignores it, --profile and the region variable", fix)


def _limit_in_session(file: ConfigFile, environ: Mapping[str, str]) -> list[Finding]:
    state = ShellState(environ)
    if not state.has_session or environ.get(IGNORE_PROFILE[0]) != "TRUE":
        return []
    again = "exec --renew again" if state.is_served else line_to_switch_again(environ)
    if environ.get(EXTERNAL_DISABLED):
        fix = f"unset {EXTERNAL_DISABLED}, then: {again}"
    elif cli_profiles.SESSION_NAME in file.entries:
        fix = f"switch again: {again}"
    else:
        fix = f"`role-env setup aliyun-cli`, then: {again}"
    if state.is_served:
        return [Finding(NAME, WARN, "in this session aliyun finds no account", fix)]
    what = "in this session aliyun --profile X is the session too, whatever X is, and the region variable is ignored"
    return [Finding(NAME, WARN, what, fix)]


def _limit_in_cron(file: ConfigFile, environ: Mapping[str, str]) -> str:
    """Return an addition to the message if cron does not find the program of a profile that `setup` wrote."""
    for entry in file.entries.values():
        command = str(entry.get("process_command", ""))
        is_own = process_command.own_arguments(command) is not None
        if is_own and not process_command.is_found_by_cron(command):
            program = shlex.split(command)[0]
            folder = Path(shutil.which(program, path=environ.get("PATH")) or program).parent
            path = f"{folder}:{process_command.CRON_PATH}"
            return f"; cron jobs that use it need this at the top of the crontab: PATH={path}"
    return ""


def _command_fault(name: str, command: str, config: str, environ: Mapping[str, str]) -> str:
    program = shlex.split(command)[0]
    if not shutil.which(program, path=environ.get("PATH")):
        return f"its command {program} does not exist"
    with contextlib.suppress(ProfileError):  # another check reports on the profiles file
        if name not in profiles.load(config, environ).names():
            return "the profiles file has no such profile any more"
    return ""


def check_others(_invocation: Invocation, context: Context) -> list[Finding]:
    """Report the files of ossutil and of aliyunlog."""
    home = context.environ.get("HOME", "")
    if not home:
        return []
    findings = []
    ossutil, aliyunlog = Path(home, ".ossutilconfig"), Path(home, ".aliyunlogcli")
    if ossutil.exists():
        what = f"{ossutil}: ossutil 1 always acts as the user in it; ossutil 2 uses it only without a session"
        fix = "use ossutil 2; `role-env help programs` shows the line for ossutil 1"
        has_ossutil = any(shutil.which(name, path=context.environ.get("PATH")) for name in _OSSUTIL)
        findings.append(Finding("other tools", WARN, what, fix) if has_ossutil else Finding("other tools", OK, what))
    if aliyunlog.exists():
        findings.append(Finding("other tools", OK, f"{aliyunlog}: aliyunlog uses it only without a session"))
    return findings
