"""Mistakes in the profiles file and in variables, found by role-env or by STS."""

from support.mistakes import KEY, POLICY, ROLE, SOURCE, Mistake, from_sts, in_file

IN_FILE = (
    in_file(
        "quotes around the ARN",
        (ROLE, 'role_arn = "{role}"'),
        "profile profileB: role_arn is in quotes ({file}, line 6)",
        "remove the quotes; values are written without them",
    ),
    in_file(
        "a comment after a value",
        (ROLE, ROLE + "  # prod"),
        "profile profileB: role_arn has a comment after its value ({file}, line 6)",
        "move the comment to a line of its own",
    ),
    in_file(
        "one line of YAML",
        (ROLE, "role_arn: {role}"),
        "{file}, line 6: this looks like YAML",
        "write key = value, below a line [profile]",
    ),
    in_file(
        "a section in YAML",
        (f"[profileB]\n{ROLE}\n{SOURCE}", "profileB:\n  role_arn: {role}\n  source_profile: profileA"),
        "{file}, line 5: this looks like YAML",
        "write key = value, below a line [profile]",
    ),
    in_file(
        "an unclosed [",
        ("[profileB]", "[profileB"),
        "{file}, line 5: this section name is not closed",
        "write it as [profile], on its own line",
    ),
    in_file(
        "an indented key",
        (SOURCE, f"  {SOURCE}"),
        "{file}, line 7: this indented line reads like the key source_profile, and continues role_arn in line 6",
        "write source_profile = … without the indentation, or its text at the end of the line above",
    ),
    in_file(
        "a mistyped source_profile",
        (SOURCE, "source_profile = profilA"),
        "profile profileB: source_profile names no profile of the file ({file}, line 7)",
        "did you mean profileA?",
    ),
    in_file(
        "a source profile without a section",
        (SOURCE, "source_profile = ops"),
        "profile profileB: source_profile names no profile of the file ({file}, line 7)",
        "add [ops] with its credentials",
    ),
    in_file(
        "no source at all",
        (SOURCE + "\n", ""),
        "profile profileB has no credential source, and no access key in the keyring ({file}, line 5)",
        "add source_profile, access_key_id with access_key_secret, credential_source, credential_process or"
        " oidc_provider_arn, or run: role-env login profileB",
    ),
    in_file(
        "two sources",
        (SOURCE, SOURCE + "\ncredential_source = environment"),
        "profile profileB: credential_source and source_profile both choose a credential source ({file}, line 8)",
        "keep one",
    ),
    Mistake(
        "a file that others can read",
        "role-env profileB",
        "the profiles file {file} contains a secret and others can read it",
        "chmod 600 {file}",
        mode=0o644,
    ),
    Mistake(
        "a file that others can write",
        "role-env profileB",
        "the profiles file {file} contains a secret and others can write it",
        "chmod 600 {file}",
        mode=0o620,
    ),
    in_file(
        "a color that does not exist",
        (SOURCE, SOURCE + "\ncolor = pink"),
        "profile profileB: color must be one of black, red, green, yellow, blue, magenta, purple, cyan, white, grey,"
        " gray, orange ({file}, line 8)",
        "correct color, or remove the line",
    ),
    in_file(
        "a mistyped color",
        (SOURCE, SOURCE + "\ncolor = gren"),
        "profile profileB: color must be one of black, red, green, yellow, blue, magenta, purple, cyan, white, grey,"
        " gray, orange ({file}, line 8)",
        "did you mean green?",
    ),
    in_file(
        "a mistyped key",
        (SOURCE, f"{SOURCE}\npolcy = {POLICY}"),
        "profile profileB: unknown key polcy ({file}, line 8)",
        "did you mean policy?",
    ),
    in_file(
        "a mistyped end of a key",
        (ROLE, ROLE.replace("role_arn", "role_am")),
        "profile profileB: unknown key role_am ({file}, line 6)",
        "did you mean role_arn?",
    ),
    in_file(
        "the name of a region",
        (SOURCE, SOURCE + "\nregion_id = Hangzhou"),
        "profile profileB: region_id is not the ID of a region, such as cn-hangzhou ({file}, line 8)",
        "correct region_id, or remove the line",
    ),
    in_file(
        "an empty ARN",
        (ROLE, "role_arn ="),
        "profile profileB: role_arn is empty ({file}, line 6)",
        "give it a value, or remove the line",
    ),
    in_file(
        "the role's name instead of its ARN",
        (ROLE, "role_arn = switchRoleSbc"),
        "profile profileB: role_arn is not a role's ARN, acs:ram::<account>:role/<name> ({file}, line 6)",
        "copy the ARN from the role's page in the RAM console",
    ),
    in_file(
        "a section twice",
        (SOURCE, SOURCE + "\n[profileB]"),
        "{file}, line 8: this section already exists in line 5",
        "merge the two",
    ),
    in_file(
        "a key twice",
        (ROLE, f"{ROLE}\n{ROLE}"),
        "{file}, line 7: role_arn already exists in line 6",
        "keep one of the two",
    ),
    in_file(
        "keys without a section",
        ("[profileA]\n", ""),
        "{file}, line 1: a key before the first [profile]",
        "add a line [profile] above it",
    ),
    in_file(
        "another account than expected",
        (SOURCE, SOURCE + "\nexpected_account_id = 1111111111111111"),
        "profile profileB is of account 2222222222222222, not of 1111111111111111 ({file}, line 5)",
        "check the role and expected_account_id, or --expect-account; nothing was exported",
        4,
    ),
    Mistake(
        "a duration that the role does not allow",
        "role-env profileB --duration 2h",
        "--duration 7200 must be between 900 and 3600 for profile profileB",
        "for more than 3600, raise the role's own maximum and set max_session_duration to it (at most 43200)",
        2,
        change=("switchrolesbc", "hub"),
    ),
)

FROM_STS = (
    from_sts(
        "a wrong secret",
        ("{secret}", "PastedFromElsewhere"),
        "SignatureDoesNotMatch: Specified signature is not matched with our calculation. server string to sign …"
        " ({file}, line 5); the key is that of profile profileA ({file}, line 2)",
        "check access_key_secret: it is not the secret of this access_key_id",
    ),
    from_sts(
        "a mistyped access key ID",
        ("{id}", "LTAI5tPastedFromElsewhere"),
        "InvalidAccessKeyId.NotFound: Specified access key is not found. ({file}, line 5); the key is that of profile"
        " profileA ({file}, line 2)",
        "check access_key_id: the key was deleted, or its ID is mistyped",
    ),
    from_sts(
        "a key that is disabled",
        (KEY, "access_key_id = {disabled_id}\naccess_key_secret = {disabled_secret}\n"),
        "InvalidAccessKeyId.Inactive: Specified access key is disabled. ({file}, line 5); the key is that of profile"
        " profileA ({file}, line 2)",
        "enable the key in the RAM console, or use another",
    ),
    from_sts(
        "a session in the file that has expired",
        (
            KEY,
            "access_key_id = {expired_id}\naccess_key_secret = {expired_secret}\nsecurity_token = {expired_token}\n",
        ),
        "InvalidSecurityToken.Expired: Specified SecurityToken is expired. ({file}, line 6); the key is that of profile"
        " profileA ({file}, line 2)",
        "get a new session for the source: its own has expired",
    ),
    from_sts(
        "a role that does not exist",
        ("switchrolesbc", "switchrolesb"),
        "EntityNotExist.Role: The specified Role not exists . ({file}, line 5)",
        "check role_arn: its account and its name",
    ),
    Mistake(
        "a role that does not trust the user",
        "role-env profileB",
        "profile profileB: acs:ram::1111111111111111:user/test_user1 may not assume"
        " acs:ram::2222222222222222:role/strangers: STS said NoPermission: You are not authorized to do this action."
        " You should be authorized by RAM. ({file}, line 5)",
        'attach the policy {{"Version": "1", "Statement": [{{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource":'
        ' "acs:ram::2222222222222222:role/strangers"}}]}} to it, name acs:ram::1111111111111111:root in the role\'s'
        " trust policy, and check external_id",
        4,
        change=("switchrolesbc", "strangers"),
        requests=2,
    ),
)

SETTINGS = (
    Mistake(
        "no profiles file",
        "role-env profileB",
        "there is no profiles file: {file} does not exist",
        "create it with: role-env configure; or name another with --config",
        mode=0,
    ),
    Mistake(
        "a ROLE_ENV_CONFIG that leads nowhere",
        "role-env profileB",
        "ROLE_ENV_CONFIG names profiles.in, which does not exist",
        "set ROLE_ENV_CONFIG to the path of a profiles file, or unset it",
        environ={"ROLE_ENV_CONFIG": "profiles.in"},
    ),
    Mistake(
        "a timeout in words",
        "role-env profileB",
        "the variable ROLE_ENV_TIMEOUT is not a number of seconds above 0",
        "set it to a number of seconds, such as 30, or unset it",
        environ={"ROLE_ENV_TIMEOUT": "soon"},
    ),
    Mistake(
        "a mistyped cache",
        "role-env profileB",
        "ROLE_ENV_CACHE is keyrng, which is none of auto, keyring, kernel, none",
        "set it to one of auto, keyring, kernel, none, or unset it",
        environ={"ROLE_ENV_CACHE": "keyrng"},
    ),
    Mistake(
        "an endpoint with http://",
        "role-env profileB",
        "the variable ALIBABA_CLOUD_STS_ENDPOINT begins with http://, and STS is only asked over TLS; write host or"
        " host:port",
        "correct the variable, or unset it",
        environ={"ALIBABA_CLOUD_STS_ENDPOINT": "http://{endpoint}"},
    ),
    in_file(
        "no key in the environment",
        (SOURCE, "credential_source = environment"),
        "profile profileB: credential_source = environment, but the environment has no access key ({file}, line 7)",
        "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    ),
)
