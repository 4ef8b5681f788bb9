"""A keyring backend in a planted folder of settings, which shows whether it has been imported."""

from pathlib import Path

from support.machine import Machine


def plant_settings(machine: Machine) -> tuple[Path, Path]:
    """Return a folder for XDG_CONFIG_HOME that lets `keyring` import a backend, and the file that an import makes."""
    folder, trap = machine.home / "planted", machine.home / "imported"
    settings = folder / "python_keyring" / "keyringrc.cfg"
    settings.parent.mkdir(parents=True)
    settings.write_text(f"[backend]\ndefault-keyring = evil.Keyring\nkeyring-path = {folder}\n")
    (folder / "evil.py").write_text(f"from keyring.backends.SecretService import Keyring\nopen({str(trap)!r}, 'w')\n")
    return folder, trap
