"""role-env configure: create a profile, verify it, and append it to the profiles file."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from role_env import ui, validators
from role_env.aliyun.config import ConfigFile
from role_env.aliyun.location import config_path
from role_env.cli import Invocation, line_checks
from role_env.cli.access_key_input import read_access_key
from role_env.command_table import EDITOR, canonical_name
from role_env.commands.configure import profile_options
from role_env.commands.configure.profile_options import Answers
from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.errors import KeyringError, ProfileError, RefusedError, RoleEnvError, UnreachableError, UsageError
from role_env.files.dependencies import Dependencies, read_file
from role_env.files.user_file import UserFile
from role_env.keyrings import access_keys, vault
from role_env.keyrings.access_keys import entry_of
from role_env.keyrings.vault import NoKeyring
from role_env.profiles.append import NewProfile, append, file_to_append_to, with_appended
from role_env.profiles.file import ProfilesFile
from role_env.rotation.holders import Holders
from role_env.rotation.ram import find_creation
from role_env.sessions import Request
from role_env.sessions import chain as chains
from role_env.sessions.chain import Chain
from role_env.sessions.obtain import use_or_request
from role_env.sessions.store import Cache
from role_env.sources import registry
from role_env.sources.access_key import KeyringKey
from role_env.sources.signed_in import SignedInSource
from role_env.sts import client as sts
from role_env.ui import prompt
from role_env.variables import RESERVED_PROFILES

_KEY, _ROLE, _WRITE, _STOP = "key", "role", "write", "stop"
"""What a person can do about a profile that was not verified."""


def run(invocation: Invocation, context: Context) -> int:
    """Create the profile from the options and the answers at the terminal, or add the profiles of a whole list."""
    if invocation.edit:
        return _edit(invocation, context)
    if invocation.remove:
        from role_env.commands.configure import remove  # imports the clients of sign-in servers

        remove.run(invocation, context)
        return 0
    path = file_to_append_to(invocation.config, Dependencies(context.environ))
    profile_options.check_list_options(invocation)
    profile_options.read_options(invocation)  # an invalid one is reported alone
    if warning := validators.region_warning(invocation.region):
        context.messages.say(f"{warning} It is written as typed")
    if invocation.aliyun_cli:
        from role_env.commands.configure import aliyun_cli

        aliyun_cli.configure(invocation, path, context)
        return 0
    if invocation.cloud_sso:
        from role_env.commands.configure import portal  # imports a web server

        portal.configure(invocation, path, context)
        return 0
    if invocation.resource_directory:
        from role_env.commands.configure import organization  # imports TLS, which --no-verify does not need

        organization.Organization(invocation).configure(path, context)
        return 0
    _create(*_plan_profile(invocation, path, context), invocation, path, context)
    return 0


def _create(profile: NewProfile, key: AccessKey | None, invocation: Invocation, path: str, context: Context) -> None:
    """Show the profile, verify it, and append it; a person corrects what is refused, and keeps the other answers."""
    is_person = prompt.is_possible() and bool(
        profile_options.missing_words(invocation, profile_options.read_options(invocation))
    )
    while True:
        chain = _chain_of(profile, path, context)
        ui.write(profile.text())
        if invocation.dry_run:
            return
        context = context.restarted()  # the time at the prompts does not count
        # Before a sign-in, which needs the profile, there is nothing to verify.
        if invocation.no_verify or _signs_in(chain):
            break
        try:
            _verify(chain, key, context)
            break
        except RoleEnvError as error:
            if isinstance(error, UnreachableError):
                line = profile_options.line_of(profile, is_login=_is_login(chain))
                error.hint = f"{error.hint}; without this check: `{line} --no-verify`"
            what = _ask_what_next(error, profile, key, context) if is_person else _STOP
            if what == _STOP:
                raise
            if what == _WRITE:
                break
            if what == _KEY:
                key = _read_key(profile.name, path, context)
            else:
                profile = NewProfile(profile.name, profile_options.with_other_role(profile.values, invocation))
    _append(path, profile, key, context)
    ui.write(context.messages.shown(f"\nappended to {path}; {_next_step(chain)}\n"))


def _chain_of(profile: NewProfile, path: str, context: Context) -> Chain:
    """Return the chain of a profile that is not yet in the file at `path`. Raises UsageError if it is useless."""
    planned = with_appended(path, UserFile(path, context.environ).read(), [profile])
    file = ProfilesFile(path, Dependencies(context.environ), contents={path: planned}, new=[profile.name])
    chain = chains.resolve(file, profile.name)
    if not chain.gives_session and not _is_login(chain):
        raise UsageError("a profile with this source requires --role-arn", hint="add --role-arn, the role to assume")
    return chain


def _is_login(chain: Chain) -> bool:
    return isinstance(chain.source, KeyringKey) and chain.source.profile == chain.target.name


def _ask_what_next(error: RoleEnvError, profile: NewProfile, key: AccessKey | None, context: Context) -> str:
    """Show why the profile was not verified, and return what a person wants to do about it."""
    for line in filter(None, (error.message, error.hint and f"hint: {error.hint}")):
        prompt.show(f"role-env: {context.messages.shown(line)}")
    corrected = [*([_KEY] if key else []), *([_ROLE] if "role_arn" in profile.values else [])]
    ways = [*corrected, _WRITE, _STOP]

    def check(answer: str) -> str:
        """Return the way that `answer` begins. Raises ValueError if there is none."""
        found = next((way for way in ways if answer and way.startswith(answer.lower())), "")
        if not found:
            raise ValueError(f"type {', '.join(ways[:-1])} or {ways[-1]}")
        return found

    correct = f"Correct it ({' or '.join(corrected)}), {_WRITE}" if corrected else _WRITE.capitalize()
    comma = "," if corrected else ""
    question = f"{correct} it without the check{comma} or {_STOP}?"
    return prompt.ask(question, default=corrected[0] if corrected else _STOP, check=check)


def _edit(invocation: Invocation, context: Context) -> int:
    from role_env.commands.configure.edit import edit
    from role_env.profiles.locate import locate

    for option in invocation.others_than(EDITOR):
        raise UsageError("configure --edit takes only PROFILE and --config", hint=f"leave out {option.name}")
    path = locate(invocation.config, Dependencies(context.environ))
    ui.write(f"{edit(path, invocation.profile, context)}\n")
    return 0


def _plan_profile(invocation: Invocation, path: str, context: Context) -> tuple[NewProfile, AccessKey | None]:
    file = ProfilesFile(path, Dependencies(context.environ)) if Path(path).exists() else None
    known = file.names() if file else []
    given = profile_options.read_options(invocation)
    missing = profile_options.missing_words(invocation, given)
    if missing and not prompt.is_possible():
        raise UsageError(
            "without a terminal, configure requires PROFILE, --role-arn and a source",
            hint=f"add {' and '.join(missing)}",
        )
    # Before the first question: --login requires a keyring, and the question about the source may offer one.
    stores_key = not invocation.dry_run
    if stores_key and invocation.login:
        vault.check_available(entry_of(path, invocation.profile), context)
    has_source = profile_options.has_source(invocation)
    offers_key = has_source or not stores_key or _has_keyring(invocation.profile, path, context)
    name = _choose_name(invocation.profile, known, path)
    cli_file = _cli_file(context) if missing and not has_source else None
    answers = Answers(invocation, given, asks=bool(missing))
    answers.ask(
        "role_arn", "Role to assume (acs:ram::<account>:role/<name>; Enter for none, if the source gives a session)"
    )
    answers.ask_source(known, cli_file, stores_key=offers_key)
    # Before the other questions, whose prompts would show a secret that is pasted too early.
    is_key = stores_key and not answers.values.keys() & registry.CHOOSERS.keys()
    access_key = _read_key(name, path, context) if is_key else None
    answers.ask_region(default=_region_of(answers.values, cli_file))
    answers.ask("color", "Color in the prompt, such as red (Enter for none)")
    answers.take("expected_account_id")
    return NewProfile(name, answers.values), access_key


def _has_keyring(name: str, path: str, context: Context) -> bool:
    """Return whether there is a keyring for the access key of the profile `name`, and say so if there is none.

    A locked keyring counts: it is unlocked when the key is stored.
    """
    try:
        vault.check_available(entry_of(path, name), context.without_prompts())
    except NoKeyring as error:
        prompt.show(f"role-env: no access key can be stored: {error.message}")
        hint = "hint: for a key in the profiles file, or in another program: `role-env help headless`"
        prompt.show(f"role-env: {context.messages.shown(hint)}")
        return False
    except KeyringError:
        return True
    return True


def _choose_name(name: str, known: Sequence[str], path: str) -> str:
    """Return the name of the new profile: `name`, or the answer to a question. Raises UsageError for an invalid one."""

    def check(name: str) -> str:
        """Return `name`. Raises ValueError for one that is invalid, taken or reserved."""
        name = canonical_name(name)
        if fault := validators.name_fault(name):
            raise ValueError(f"{fault}; type {validators.NAME_RULE}")
        if name in known:
            raise ValueError(f"profile {name} already exists in {path}")
        if name in RESERVED_PROFILES:
            raise ValueError(f"the name {name} is reserved for role-env itself")
        return name

    if not name:
        return prompt.ask("Name of the profile", check=check)
    line_checks.check_profile_name(name, is_new=True)
    try:
        return check(name)
    except ValueError as error:
        change = f", or change it with: `role-env configure --edit {name}`" if name in known else ""
        raise UsageError(f"{error}, and nothing was changed", hint=f"choose another name{change}") from None


def _cli_file(context: Context) -> ConfigFile | None:
    try:
        path = config_path(context.environ.get("HOME", ""))
        return ConfigFile(path, read_file(path)[0])
    except (OSError, ProfileError):
        return None


def _region_of(source: Mapping[str, str], cli_file: ConfigFile | None) -> str:
    entry = cli_file.entries.get(source.get("aliyun_profile", ""), {}) if cli_file else {}
    region = entry.get("region_id")
    return region if isinstance(region, str) else ""


def _read_key(name: str, path: str, context: Context) -> AccessKey:
    """Return the access key to store. Raises KeyringError, before asking for it, if no keyring can store it."""
    vault.check_available(entry_of(path, name), context.restarted())  # the time at the prompts does not count
    return read_access_key(name)


def _verify(chain: Chain, key: AccessKey | None, context: Context) -> None:
    """Verify the profile by requesting a session, or the identity of a key without a role. Raises any RoleEnvError."""
    if key and isinstance(chain.source, KeyringKey):
        chain.source.use(key)
    verified = chain.role_arn or "its source gives a session"
    try:
        with context.messages.waiting_for(f"STS at {chain.target.endpoint}"):
            if chain.gives_session:
                request = Request(chain.target.name, issued_since=time.time())
                use_or_request(chain, request, None, Cache(context), context)
            elif key:
                verified = sts.caller_identity(key, endpoint=chain.target.endpoint, context=context)["Arn"]
            if key:
                key.created = find_creation(key, context)
        ui.write(f"\nverified: {verified}\n")
    except RoleEnvError as error:
        error.hint = "; ".join(filter(None, ("nothing was written", error.hint)))
        raise


def _append(path: str, profile: NewProfile, key: AccessKey | None, context: Context) -> None:
    """Store the key and append the profile, or do neither. Raises RoleEnvError."""
    holders = Holders(path, profile.name, context)
    is_new = key is not None and _check_former(holders, key)
    if key:
        access_keys.store(holders.entry, key, context)
    try:
        append(path, [profile], context.environ)
    except RoleEnvError:
        if is_new:
            access_keys.delete(holders.entry, context)  # the error says that nothing was changed
        raise


def _check_former(holders: Holders, key: AccessKey) -> bool:
    """Return whether the keyring has no key for the profile of `holders` yet.

    Raises RefusedError if it has another key than `key`, or a rotation. A key of a former profile of that name is not
    replaced: this may be the only copy of its secret.
    """
    former, journal = holders.key(), holders.own_journal()
    if journal or (former and former.access_key_id != key.access_key_id):
        ids = [one.shown_id for one in (journal.keys if journal else [former]) if one]
        raise RefusedError(
            f"the keyring has {' and '.join(ids)} for a former profile {holders.profile}, and nothing was written",
            hint=f"to use it, add the line [{holders.profile}] to {holders.path}; to remove it: `role-env logout"
            f" {holders.profile}`",
        )
    return former is None


def _signs_in(chain: Chain) -> bool:
    return isinstance(chain.source, SignedInSource) and chain.source.profile == chain.target.name


def _next_step(chain: Chain) -> str:
    name = chain.target.name
    if _signs_in(chain):
        return f"sign in with: `role-env login {name}`"
    if not chain.gives_session:
        return f"add a role: `role-env configure PROFILE --role-arn ARN --source-profile {name}`"
    return f"type: `role-env use {name}`"
