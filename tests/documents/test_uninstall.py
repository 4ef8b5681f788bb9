"""The topic `uninstall`: after its commands a search of HOME and the keyring finds nothing of role-env's."""

import re
from importlib import resources

from support.machine import Machine


def commands() -> list[str]:
    """Return the commands of the topic, in order."""
    text = (resources.files("role_env") / "help" / "uninstall.md").read_text("utf-8")
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return [line.strip() for block in blocks for line in block.splitlines()]


def use_everything(machine: Machine) -> None:
    """Leave what role-env can leave: sessions, a key, profiles of the CLI with a backup, and a line in an rc file."""
    machine.write(f"[profileA]\n[profileB]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    machine.write_cli_file({"current": "default", "profiles": [{"name": "default", "mode": "AK"}]})
    (machine.home / ".bashrc").write_text('alias ll="ls -l"\neval "$(role-env init bash)"\n')
    machine.log_in("profileA")
    options = ("--role-arn", machine.sts.role_arn, "--login")
    machine.succeeds("configure", "other", *options, text=machine.key_lines())
    for line in ("profileB", "profileB --duration 900", "other", "setup aliyun-cli", "setup aliyun-cli --all", "list"):
        machine.succeeds(*line.split())
    assert len(of_role_env(machine)) >= 5


def of_role_env(machine: Machine) -> list[str]:
    """Return the files below HOME that are role-env's or mention it, and its entries in the keyring."""
    files = []
    for path in machine.home.rglob("*"):
        mentions = path.is_file() and b"role-env" in path.read_bytes()
        if "role-env" in path.name or mentions:
            files.append(str(path))
    return files + [str(item.attributes) for item in machine.bus.items() if "role-env" in str(item.attributes)]


def test_after_the_commands_of_the_topic_nothing_of_ours_is_left(machine: Machine) -> None:
    machine.bus.clear()  # of other tests' entries
    use_everything(machine)
    done = machine.shell("bash", "\n".join(["set -e", *commands()]))
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert of_role_env(machine) == []
    assert (machine.home / ".bashrc").read_text() == 'alias ll="ls -l"\n'
    assert "default" in (machine.home / ".aliyun/config.json").read_text()
