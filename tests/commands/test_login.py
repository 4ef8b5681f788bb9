"""role-env login at a terminal."""

from support.machine import Machine
from support.terminal import Person


def test_a_person_sees_the_id_and_not_the_secret_while_typing(machine: Machine) -> None:
    machine.write(machine.standard_profiles().replace("access_key_secret", "# access_key_secret"))
    person = Person(machine, "login", "profileA")
    person.answers(f"AccessKey ID of profileA [{machine.sts.access_key_id}]: ", "")
    person.answers("AccessKey secret of profileA: ", machine.sts.access_key_secret)
    person.sees("is stored in the keyring")
    person.ends()
    assert machine.sts.access_key_secret not in machine.terminals[-1].getvalue()
    machine.succeeds("profileB")


def test_a_secret_in_the_place_of_the_id_is_asked_for_again_and_shown_by_the_terminal_alone(machine: Machine) -> None:
    machine.write("[profileA]\n")
    secret = "Ab1" * 10
    person = Person(machine, "login", "profileA")
    person.answers("AccessKey ID of profileA: ", secret)
    person.sees(secret)  # what the terminal itself shows of what is typed
    person.sees("this is a secret, where the access key ID belongs")
    person.answers("AccessKey ID of profileA: ", machine.sts.access_key_id)
    person.answers("AccessKey secret of profileA: ", machine.sts.access_key_secret)
    assert "is stored in the keyring" in person.ends()
