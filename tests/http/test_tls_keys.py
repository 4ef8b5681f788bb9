"""The keys of role-env's TLS connections go to no file: whoever reads them can read what was sent."""

from support.machine import Machine


def test_a_key_log_variable_makes_no_file_and_one_that_cannot_be_written_stops_nothing(machine: Machine) -> None:
    log = machine.temporary / "keys"
    for name in (str(log), "/no/such/folder/log"):
        machine.succeeds("exec", "profileB", "--no-cache", "--", "true", SSLKEYLOGFILE=name)
    assert len(machine.sts.calls_of("AssumeRole")) == 2
    assert not log.exists()
