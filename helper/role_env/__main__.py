"""The entry point: runs a command line, and turns errors into stderr lines and an exit status."""

import _signal  # `signal` makes enums of its numbers, which costs the warm path 5 ms
import gc
import os
import sys
import time

# Imports leave no garbage, and searching them takes 5% of a cold call and 3% of a warm one.
gc.set_threshold(100_000)

from role_env import cli  # noqa: E402  its imports are not searched either

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

    from role_env.cli import Invocation
    from role_env.command_table import Command
    from role_env.context import Context
    from role_env.errors import RoleEnvError

    Run = Callable[[Invocation, Context], int]


_ENDING = (_signal.SIGTERM, _signal.SIGHUP, _signal.SIGQUIT)
"""The signals that end a command. It first restores the terminal, and removes what it has put into files."""


class _Terminated(BaseException):
    """One of these signals. Like KeyboardInterrupt, it passes through handlers of Exception."""


def main() -> None:
    """Run role-env on sys.argv and end the process with its exit status."""
    _end(run(sys.argv[1:]))


def run(argv: list[str]) -> int:
    """Run a command line in this process's environment and return its exit status."""
    invocation, status = cli.Invocation(), None
    try:
        sys.unraisablehook = _raise_again
        for number in _ENDING:
            if _signal.getsignal(number) == _signal.SIG_DFL:
                _signal.signal(number, _terminate)
        if argv[:1] == ["--complete"]:
            from role_env import ui
            from role_env.cli import completion

            ui.write(completion.answer(argv[1:], os.environ))
            return 0
        invocation = cli.parse(argv)
        began = time.monotonic()
        if invocation.command in ("export", "process", "exec") and not invocation.help:
            from role_env import fast_path

            answer = fast_path.answer(invocation, os.environ)
            if isinstance(answer, str):
                from role_env import ui

                _ignore_signals()  # a signal from here on would add the code of a failure to a complete session
                ui.write(answer)
                return 0
            invocation.taken_lock = answer
        status = _dispatch(invocation, argv, began)
        _ignore_signals()
    except BaseException as failure:  # a traceback could contain a secret: none is ever shown
        _ignore_signals()
        if status is not None:  # the interruption came after the work was done
            return status
        try:
            return _fail(failure, invocation)
        except Exception:  # the module that reports it failed to load; a traceback could contain a secret
            os.write(2, b"role-env: the system is out of memory, or cannot read role-env's files\n")
            return 5
    return status


def _dispatch(invocation: "Invocation", argv: list[str], began: float) -> int:
    """Run the command, or show the help or the version that the line asks for. Raises any RoleEnvError.

    `argv` is the line. The deadline of the command counts from `began`, by the monotonic clock.
    """
    if invocation.help or invocation.version:
        return _show(invocation)
    if not invocation.command and not invocation.fault:
        return _answer_no_words(invocation)
    if invocation.command == "use":
        raise _no_integration(invocation)
    if invocation.after_dashes:
        invocation = _without_profile(invocation, argv)
    if invocation.command == "configure":
        _check_not_of_aliyun(invocation)
    if invocation.command == "console" and invocation.lacks_profile:
        from role_env import variables

        if variables.has_session(os.environ):
            invocation.fault = invocation.hint = ""  # the console of that session
            invocation.lacks_profile = False
    asks_profile = _asks_profile(invocation)
    if invocation.fault and not asks_profile:
        if invocation.command == "export" and "ROLE_ENV_PREVIOUS" in os.environ:  # the integration calls it for `use`
            invocation = cli.parse(argv, called="use")
        raise _usage_error(invocation, invocation.fault, invocation.hint)
    from role_env.command_table.commands import COMMANDS

    spec = COMMANDS[invocation.command]
    if spec.changes_secrets:
        _check_may_change(invocation)
    return _run_command(invocation, spec, asks_profile=asks_profile, began=began)


def _run_command(invocation: "Invocation", spec: "Command", *, asks_profile: bool, began: float) -> int:
    """Import the command's module and run it, with the profile that a person chooses if `asks_profile`."""
    from role_env.context import Context
    from role_env.context.messages import Messages
    from role_env.errors import UsageError

    is_silent = invocation.command == "process" and not invocation.verbose  # some readers take any stderr for a failure

    def shown(text: str) -> str:
        from role_env.cli import hints  # for a message only

        return hints.Typed(invocation, os.environ).show(text)

    messages = Messages(verbose=invocation.verbose, silent=is_silent, shown=shown)
    context = Context(os.environ, None, messages, began=began)
    if invocation.warning:
        messages.say(invocation.warning)
    if spec.reads_secrets:
        from role_env.files.core_dumps import forbid_core_dumps

        forbid_core_dumps()
    module = _module_of(invocation.command)
    try:
        if hasattr(module, "check"):
            module.check(invocation, context)
        if asks_profile:
            from role_env.cli import picker

            invocation.profile = picker.choose_profile(invocation, context)
            context = context.restarted()
        if spec.prints and not invocation.show and sys.stdout is not None and sys.stdout.isatty():
            from role_env.cli import line_checks

            line_checks.refuse_terminal(invocation, spec.prints, os.environ)
        run: Run = module.run
        return _run_and_ask(run, invocation, context) if spec.obtains else run(invocation, context)
    except UsageError as error:
        raise _usage_error(invocation, error.message, error.hint) from None


def _module_of(command: str) -> "Any":
    """Import the command's module. importlib would import warnings and more, which costs 1 ms."""
    return __import__(f"role_env.commands.{command}", fromlist=["run"])


def _run_and_ask(run: "Run", invocation: "Invocation", context: "Context") -> int:
    """Run the command; where an answer of a person can repair its failure, ask for it and run the command again."""
    from role_env.errors import RoleEnvError

    try:
        return run(invocation, context)
    except RoleEnvError as error:
        from role_env.cli import questions

        login: Run = _module_of("login").run
        return questions.run_again(error, run, login, invocation, context)


def _asks_profile(invocation: "Invocation") -> bool:
    """Return whether a person is to be asked for the profile that the line lacks.

    `export` asks for `role-env use`, whose function sets a variable.
    """
    if not invocation.lacks_profile or (invocation.command == "export" and "ROLE_ENV_PREVIOUS" not in os.environ):
        return False
    from role_env.ui import prompt

    return prompt.is_possible()


def _without_profile(invocation: "Invocation", argv: list[str]) -> "Invocation":
    """Return the invocation of `exec -- COMMAND`, which lacks a profile, at a terminal; else `invocation` itself.

    The word after -- is PROFILE if there is such a profile.
    """
    from role_env.cli import line_checks
    from role_env.ui import prompt

    words = invocation.after_dashes
    if not prompt.is_possible() or words[0] in line_checks.profile_names(invocation.config, os.environ):
        return invocation
    found = cli.parse(argv[: -len(words) - 1])
    found.command_line = words
    return found


def _no_integration(invocation: "Invocation") -> "RoleEnvError":
    """Return the error for `use` in a shell that has not loaded the integration, which defines it."""
    from role_env.cli import hints
    from role_env.errors import UsageError

    switch = f"`role-env use {invocation.profile.strip('-') or 'PROFILE'}`"
    if not hints.has_integration():
        message = "use acts in the shell itself and needs a shell integration, and there is none for this shell"
        return UsageError(message, hint=f"switch without it: {switch}")
    return UsageError(
        "use acts in the shell itself and needs the shell integration, which this shell has not loaded",
        hint=f"load it with: `role-env init`; or switch without it: {switch}",
    )


def _show(invocation: "Invocation") -> int:
    from role_env import ui

    if invocation.help:
        from role_env.cli import help as pages

        ui.write(pages.page(invocation.command))
    else:
        ui.write(cli.version())
    return 0


def _answer_no_words(invocation: "Invocation") -> int:
    """Show a short help on stderr; a shell that reads stdout gets code that fails."""
    from role_env.cli import help as pages
    from role_env.cli.failure import write_failure
    from role_env.context import stderr

    write_failure(invocation, os.environ)
    stderr.write(pages.short())
    return 2


def _check_may_change(invocation: "Invocation") -> None:
    """Raise UsageError within a narrowed session, without --full: the command changes role-env's own secrets."""
    if invocation.full or not os.environ.get("ROLE_ENV_POLICY"):
        return
    from role_env.errors import UsageError

    raise UsageError(
        f"{invocation.command} changes role-env's own secrets, which a narrowed session may not",
        hint="end the session with: `role-env off`; or add --full to do it all the same",
    )


def _check_not_of_aliyun(invocation: "Invocation") -> None:
    """Raise UsageError for a line such as `configure list`, which is a command of the `aliyun` CLI."""
    from role_env.cli import hints
    from role_env.errors import UsageError

    word = invocation.profile
    if word in hints.ALIYUN_CONFIGURE:
        meant = hints.unknown_word(word, next(iter(invocation.unexpected), ""), "")
        raise UsageError(f"configure {word} is a command of the aliyun CLI, not of role-env", hint=meant)


def _usage_error(invocation: "Invocation", message: str, hint: str) -> "RoleEnvError":
    """Return the error; it names the word that was read as a profile and is none, and the command that was meant."""
    from role_env import validators
    from role_env.cli import hints, line_checks
    from role_env.command_table.commands import COMMANDS
    from role_env.errors import UsageError

    word, unexpected = invocation.profile, invocation.unexpected
    if invocation.profile_option:
        command = next((each for each in unexpected if each in COMMANDS), invocation.command)
        return UsageError(
            message, hint=hints.without_option(invocation.profile_option, command, word, invocation.command_line)
        )
    if word and not invocation.is_command_named:
        known = line_checks.profile_names(invocation.config, os.environ)
        nearest = validators.similar(word, known)
        meant = hints.unknown_word(word, unexpected[0] if unexpected else "", nearest)
        if word not in known and (meant or known):
            message = f"there is no command or profile {word[:80]}"
            hint = meant or "`role-env list` shows the profiles, and `role-env help` the commands"
    return UsageError(message, hint=hint)


def _fail(failure: BaseException, invocation: "Invocation") -> int:
    from role_env.cli import failure as failures

    if isinstance(failure, RuntimeError) and failure.__cause__:
        failure = failure.__cause__  # Python 3.11 and older wrap an interruption that arrives while a class is created
    if isinstance(failure, BrokenPipeError):
        failures.report_old_bash()
        return 1
    if isinstance(failure, KeyboardInterrupt | _Terminated):
        is_by_person = isinstance(failure, KeyboardInterrupt)
        failures.report_interruption(invocation, os.environ, is_by_person=is_by_person)
        return 130 if is_by_person else 143
    return failures.report(failure, invocation, os.environ)


def _terminate(_number: int, _frame: "FrameType | None") -> None:
    _ignore_signals()  # a terminal that closes sends several, and the first one's cleanup must not be interrupted
    raise _Terminated


def _raise_again(lost: "sys.UnraisableHookArgs") -> None:
    """Raise an interruption again that Python could only report: one in a callback, such as that of an import."""
    if isinstance(lost.exc_value, KeyboardInterrupt | _Terminated):
        is_by_person = isinstance(lost.exc_value, KeyboardInterrupt)
        _signal.signal(_signal.SIGALRM, _signal.default_int_handler if is_by_person else _terminate)
        _signal.setitimer(_signal.ITIMER_REAL, 0.001)


def _ignore_signals() -> None:
    """Ignore the signals that would cut off a message or output half-way."""
    for number in (_signal.SIGINT, _signal.SIGALRM, *_ENDING):
        _signal.signal(number, _signal.SIG_IGN)


def _end(status: int) -> None:
    """End the process at once, without waiting for late threads or for the interpreter's shutdown, which takes 2 ms."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:  # at exit, Python would report it with a traceback and a status of its own
            status = status or 1
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    os._exit(status)


if __name__ == "__main__":
    main()
