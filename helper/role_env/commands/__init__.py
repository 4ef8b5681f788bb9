"""The commands, one module each: `run(invocation, context)` returns the exit status. `command_table` describes them."""
