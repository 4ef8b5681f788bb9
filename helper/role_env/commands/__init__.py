"""The commands, one module each: `run(invocation, context)` returns the exit status. `command_table` describes them.

A module may also have `check(invocation, context)`. It runs first, before a person is asked for a profile, and raises
UsageError for options that are invalid for every profile.
"""
