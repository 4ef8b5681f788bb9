# Fails and changes nothing but the text of the prompt, which is as of an earlier look. Its export stays.
begin
    set -q ROLE_ENV_PROMPT; and set -g ROLE_ENV_PROMPT ''
    false
end
