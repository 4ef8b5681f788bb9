"""Parse a command line by the tables of `command_table`.

Options may come before or after the words, and `role-env PROFILE` means `role-env export PROFILE`. A line with an error
is read to its end too: the code for the shell depends on the session that was requested.
"""

from role_env import __version__
from role_env import command_table as table
from role_env.command_table import Command, Option
from role_env.command_table.commands import COMMANDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Set

    from role_env.files.locks import Lock

_NAMES_HINT = "add the name of a profile; `role-env list` shows them"
# Programs that read `process` stop using a session 180 s before it expires.
_PROCESS_SECONDS = 200


class Invocation:
    """A parsed command line.

    `command` is empty if there is none. `is_command_named` is False for `role-env PROFILE`. `fault` is the line's first
    error and `hint` the fix; both are empty for a valid line. `unexpected` has the words that the command does not
    take, and `profile_option` is `--profile` or `-p` for a line with that option of other tools, whose value is then
    read as a word. `lacks_profile` is True if the only error is that a PROFILE with a session is missing, and
    `after_dashes` has the words after a `--` in its place, which may all be COMMAND. `warning` is about a value that
    may be a typo. `options` has the options that are given and known. Each option also has a field of its name: True
    for a given switch, seconds for a duration, and a false value for an option that is not given. The exception:
    `configure`'s options for the keys of a credential source fill `source_keys`. `taken_lock` is the lock of the
    session's entry in the keyring if the fast path has taken it.
    """

    command: str = ""
    is_command_named: bool = False
    fault: str = ""
    hint: str = ""
    unexpected: "tuple[str, ...]" = ()
    profile_option: str = ""
    lacks_profile: bool = False
    after_dashes: "tuple[str, ...]" = ()
    warning: str = ""
    help: bool = False
    version: bool = False

    options: "tuple[Option, ...]" = ()
    profile: str = ""
    profiles: "tuple[str, ...]" = ()
    command_line: "tuple[str, ...]" = ()
    shell: str = ""
    program: str = ""
    topic: str = ""

    abort: bool = False
    aliyun_cli: bool = False
    all: bool = False
    cloud_sso: str = ""
    color: str = ""
    config: str = ""
    destination: str = ""
    dry_run: bool = False
    edit: bool = False
    duration: "int | None" = None
    expect_account: str = ""
    expected_account_id: str = ""
    finish: bool = False
    force: bool = False
    format: str = ""
    full: bool = False
    isolated: bool = False
    json: bool = False
    listen: str = ""
    login: bool = False
    min_ttl: int = 0
    names: bool = False
    no_browser: bool = False
    no_cache: bool = False
    no_prompt: bool = False
    no_verify: bool = False
    policy: str = ""
    print: bool = False
    prompt: bool = False
    ram_endpoint: str = ""
    read_only: bool = False
    refresh: bool = False
    region: str = ""
    remove: bool = False
    renew: bool = False
    resource_directory: str = ""
    role: "str | None" = None
    role_arn: str = ""
    session: bool = False
    sessions: bool = False
    session_name: str = ""
    show: bool = False
    site: str = ""
    source_keys: "dict[str, str]" = {}  # noqa: RUF012  the parser never changes this one
    status: bool = False
    verbose: bool = False
    yes: bool = False

    taken_lock: "Lock | None" = None

    @property
    def given(self) -> "Set[str]":
        """The names of the fields that this line sets."""
        return vars(self).keys()

    @property
    def renewal_ttl(self) -> int:
        """The seconds left below which a session is renewed, if they are more than `credentials.is_due` asks for."""
        return max(self.min_ttl, _PROCESS_SECONDS if self.command == "process" else 0)

    def others_than(self, handler: str) -> "list[Option]":
        """Return the options of this line that `handler`, such as FAST_PATH, does not handle."""
        return [option for option in self.options if handler not in option.handled_by]

    @property
    def output_format(self) -> str:
        """The format of this line or, if it names none, of the parent process."""
        if self.format:
            return self.format
        from role_env.shells import parent

        return parent.parent_format()

    @property
    def integration_options(self) -> str:
        """The options of `init` on this line that change the integration, joined by a space."""
        given = {"--no-prompt": self.no_prompt, "--renew": self.renew}
        return " ".join(option for option in given if given[option])


def version() -> str:
    """Return the line of `--version`."""
    return f"role-env {__version__}\n"


def parse(argv: "list[str]", *, called: str = "") -> Invocation:
    """Return the invocation for the words after `role-env`; an error in them is its `fault`.

    It names the command as it was `called`, if that is another name than its own.
    """
    return Line(argv, called=called).invocation()


def takes_value(name: str) -> bool:
    """Return whether the option `name` takes a value, which is the same in all commands."""
    return any(command.options[name].value for command in COMMANDS.values() if name in command.options)


class Line:
    """A command line, which is read to its end even after an error.

    `command` is None if no word names one or stands for a profile, and `words` are those after it.
    """

    def __init__(self, argv: "list[str]", *, called: str = "") -> None:
        self._rest = argv[::-1]
        self._called = called
        self.command: Command | None = None
        self._options: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self._result = Invocation()
        self._read()

    def invocation(self) -> Invocation:
        """Return the invocation."""
        result, command = self._result, self.command
        if command:
            result.command = command.name
        for name, value in self._options:
            self._apply(name, value)
        if command and not result.help:
            self._check_exclusive(command)
            self._assign_words(command)
            self._check_repeated(command)
        return result

    def _read(self) -> None:
        only_words = False
        while self._rest:
            argument = self._rest.pop()
            if argument == "--" and not only_words:
                only_words = True
                if self._runs_command and self.words:
                    break
                if self._runs_command:
                    self._result.after_dashes = tuple(self._rest[::-1])
            elif only_words or not argument.startswith("-") or argument == "-":
                self._read_word(argument, is_guarded=only_words)
                if self._runs_command:
                    only_words = False
                    if len(self.words) > 1:
                        break
            else:
                self._read_option(argument)
        self.words += self._rest[::-1]

    @property
    def _runs_command(self) -> bool:
        return self.command is not None and self.command.name == "exec"

    def _read_word(self, word: str, *, is_guarded: bool) -> None:
        if self.command:
            self.words.append(word)
            return
        is_named = word in COMMANDS and not is_guarded
        self.command = COMMANDS[word if is_named else "export"]
        self._result.is_command_named = is_named
        if not is_named:
            self.words.append(word)

    def _read_option(self, argument: str) -> None:
        """Read an option and its value. A value that begins with - requires the form with =."""
        name, equals, value = argument.partition("=")
        if name in ("--profile", "-p"):
            self._result.profile_option = name
            self._options.append((name, None))
            self._rest += [value] if equals else []
        elif equals:
            self._options.append((name, value))
        elif takes_value(name) and self._rest and (self._rest[-1] == "-" or not self._rest[-1].startswith("-")):
            self._options.append((name, self._rest.pop()))
        else:
            self._options.append((name, None))

    def _apply(self, name: str, value: "str | None") -> None:
        if name in ("-h", "--help") and value is None:
            self._result.help = True
            return
        if name == "--version" and value is None and not self.command:
            self._result.version = True
            return
        option = self.command.options.get(name) if self.command else None
        if option is None:
            of_command = f" of {self._called or self.command.name}" if self.command else ""
            known = [*self.command.options, "--help"] if self.command else ["--help", "--version"]
            self._fail_nearest(f"unknown option {name}{of_command}", name, known)
            return
        self._result.options += (option,)
        if not option.value:
            if value is not None:
                self._fail(f"{name} takes no value")
            setattr(self._result, option.attribute, True)
        elif value is None:
            self._fail(f"{name} requires a value, {option.value}")
        else:
            self._set_value(option, value)

    def _set_value(self, option: Option, value: str) -> None:
        if option.choices and value not in option.choices:
            self._fail_choice(f"{option.name} {value}", value, option.choices)
        elif option.kind == table.DURATION:
            seconds = table.parse_duration(value)
            if seconds is None:
                self._fail(f"{option.name} {value} is not a duration", "give seconds, or 30m or 1h")
            setattr(self._result, option.attribute, seconds or 0)
        else:
            if option.kind in table.CHECKED_KINDS:
                self._check_value(option, value)
            elif option.kind == table.PROFILE:
                value = table.canonical_name(value)
            if hasattr(Invocation, option.attribute):
                setattr(self._result, option.attribute, value)
            else:
                self._result.source_keys = {**self._result.source_keys, option.attribute: value}

    def _check_value(self, option: Option, value: str) -> None:
        from role_env import validators  # only for a line with such an option

        if rule := validators.value_fault(option.kind, value):
            self._fail(f"{option.name} {value} is not {rule}")
            return
        is_used = option.kind == table.REGION and self.command is not None and self.command.obtains
        if is_used and (warning := validators.region_warning(value)):
            self._result.warning = f"{warning} It is used as typed"

    def _assign_words(self, command: Command) -> None:
        words = self.words
        for word in command.words:
            if word.is_repeated:
                names = map(table.canonical_name, words) if word.attribute == "profiles" else words
                setattr(self._result, word.attribute, tuple(names))
                words = []
            elif words:
                value, words = words[0], words[1:]
                is_name = word.attribute == "profile"
                setattr(self._result, word.attribute, table.canonical_name(value) if is_name else value)
                if word.attribute == "shell" and value in table.SHELLS_BY_PROGRAM and value not in word.choices:
                    self._fail(f"{value} needs no integration", "see `role-env help shells`")
                elif word.choices and value not in word.choices:
                    self._fail_choice(value, value, word.choices)
            elif not word.is_optional:
                self._result.lacks_profile = word.kind == table.SESSION_PROFILE and not self._result.fault
                self._fail(
                    f"{self._called or command.name} requires {word.name}",
                    _NAMES_HINT if word.kind == table.PROFILE else "",
                )
        if words:
            self._result.unexpected = tuple(words)
            self._fail(f"unexpected argument {words[0]}")

    def _check_exclusive(self, command: Command) -> None:
        given = {name for name, _ in self._options}
        for group in command.exclusive:
            if len(both := [name for name in group if name in given]) > 1:
                self._fail(f"{' and '.join(both)} exclude each other")

    def _check_repeated(self, command: Command) -> None:
        last = command.words[-1] if command.words else None
        if not last or not last.is_repeated or last.kind == table.COMMAND_LINE:
            return
        if self._result.profiles and self._result.all:
            self._fail(f"{command.name} takes either profiles or --all")
        elif not last.is_optional and not self._result.profiles and not self._result.all:
            self._fail(f"{command.name} requires {last.name} or --all")

    def _fail_choice(self, what: str, value: str, choices: "tuple[str, ...]") -> None:
        rule = f"none of {', '.join(choices)}" if len(choices) > 1 else f"not {choices[0]}"
        self._fail_nearest(f"{what} is {rule}", value, list(choices))

    def _fail_nearest(self, fault: str, word: str, known: "list[str]") -> None:
        from role_env import validators

        nearest = validators.nearest(word, known)
        self._fail(fault, f"did you mean {nearest}?" if nearest else "")

    def _fail(self, fault: str, hint: str = "") -> None:
        if not self._result.fault:
            page = f"role-env {self._called or self.command.name} --help" if self.command else "role-env --help"
            self._result.fault, self._result.hint = fault, hint or f"see `{page}`"
