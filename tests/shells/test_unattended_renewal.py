"""The unasked renewal at a prompt, with `init --renew`: with what it runs, what it says, and when again."""

from support.machine import Machine
from support.planted_keyring import plant_settings
from support.proxy import Proxy
from support.shell_sessions import due
from support.shell_terminal import HOOK, POSIX_SHELLS, export, interactive

REFUSAL = "may not assume"


def assign(shell: str, name: str, value: object) -> str:
    """Return the code that assigns a variable of the shell."""
    return f"set -g {name} {value}" if shell == "fish" else f"{name}={value}"


def look(shell: str) -> str:
    """Return the code of a prompt at which a renewal is due, unless one has just failed."""
    window, next_look = assign(shell, "_role_env_window", 300), assign(shell, "_role_env_next", 0)
    return f"{window}; {next_look}; {HOOK[shell]}"


def test_what_is_planted_after_init_has_no_effect_on_it(machine: Machine, shell: str) -> None:
    variables = due(machine, 250)
    folder, trap = plant_settings(machine)
    (folder / "sitecustomize.py").write_bytes((folder / "evil.py").read_bytes())  # every Python reads it
    proxy = Proxy()
    planted = {
        **dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"), folder),
        "DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder}/bus",
        "PYTHON_KEYRING_BACKEND": "evil.Keyring",
        "KEYRING_PROPERTY_PREFERRED_COLLECTION": "/org/freedesktop/secrets/collection/evil",
        "PYTHONPATH": folder,
        "ROLE_ENV_CACHE": "none",
        "ALIBABA_CLOUD_CA_BUNDLE": folder / "evil.py",
        "SSL_CERT_FILE": folder / "evil.py",
        "SSLKEYLOGFILE": folder / "keys",
        "HTTPS_PROXY": f"http://{proxy.address}",
    }
    plants = "; ".join(export(shell, name, f"'{value}'") for name, value in planted.items())
    shown = 'printf \'<%s>\\n\' "$ROLE_ENV_ACCESS_KEY_ID" "$HOME"'
    done = interactive(machine, shell, f"{HOOK[shell]}\n{plants}; {look(shell)}\n{shown}", "--renew", **variables)
    proxy.close()
    assert f"<{machine.sts.issued[1].id}>" in done.stdout, done
    assert f"<{folder}>" in done.stdout
    assert "role-env: " not in done.stderr
    assert "not found" not in done.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["evil.py", "python_keyring", "sitecustomize.py"]
    assert not trap.exists()
    assert [head.split()[:2] for head in proxy.heads] == [["CONNECT", machine.sts.endpoint]]


def test_it_imports_no_module_of_the_current_folder_even_if_pythonpath_names_that(machine: Machine, shell: str) -> None:
    for path in ("/nonexistent:", "."):
        variables = due(machine, 250)
        cloned = machine.home / "cloned"
        cloned.mkdir(exist_ok=True)
        for name in ("keyring", "json", "sitecustomize"):
            (cloned / f"{name}.py").write_text(f"open('{machine.home}/trap', 'w')\n")
        lines = f'{HOOK[shell]}\ncd {cloned}\n{look(shell)}\nprintf \'<%s>\\n\' "$ROLE_ENV_ACCESS_KEY_ID" "$PWD"'
        done = interactive(machine, shell, lines, "--renew", **variables, PYTHONPATH=path)
        assert f"<{machine.sts.issued[-1].id}>" in done.stdout, done
        assert f"<{variables['ROLE_ENV_ACCESS_KEY_ID']}>" not in done.stdout
        assert f"<{cloned}>" in done.stdout
        assert not (machine.home / "trap").exists()


def test_a_failure_gives_its_reason_once_and_is_tried_again_while_there_is_time(machine: Machine, shell: str) -> None:
    variables = due(machine, 60)
    machine.sts.fault("code:NoPermission:403", times=2, action="AssumeRole")
    at_once, again = look(shell), f"{assign(shell, '_role_env_retry', 0)}; {look(shell)}"
    count = "printf '<%s>\\n' \"$ROLE_ENV_ACCESS_KEY_ID\""
    lines = f"{HOOK[shell]}\n{at_once}\n{at_once}\n{again}\n{count}\nsleep 16; {at_once}\n{count}"
    done = interactive(machine, shell, lines, "--renew", **variables)
    assert done.stderr.count(REFUSAL) == 1, done
    old, new = (issued.id for issued in machine.sts.issued)
    assert [word for word in (f"<{old}>", f"<{new}>") if word not in done.stdout] == []
    assert len(machine.sts.calls_of("AssumeRole")) == 4


def test_a_readonly_variable_that_it_needs_is_reported_once_and_nothing_is_renewed(machine: Machine) -> None:
    for shell in POSIX_SHELLS:
        variables = due(machine, 250)
        calls = len(machine.sts.calls_of("AssumeRole"))
        again = f"{look(shell)}\n{assign(shell, '_role_env_retry', 0)}; {look(shell)}\necho reached"
        lines = f"{HOOK[shell]}\nreadonly XDG_STATE_HOME=/planted; {again}"
        done = interactive(machine, shell, lines, "--renew", **variables)
        assert done.stderr.count("profileB is not renewed: a variable that it needs is readonly") == 1, done
        assert "reached" in done.stdout
        assert len(machine.sts.calls_of("AssumeRole")) == calls
