"""The commands, one module each: `run(invocation, context)` returns the exit status. `command_table` describes them.

Before that, and before a person is asked for a profile, `check` raises UsageError for options that are invalid with any
profile. Most commands have none.
"""
