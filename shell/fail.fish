# Leave the shell without any account, if it has a session, and fail. `session.fish` comes first.
_re_take_away
set -l result false
