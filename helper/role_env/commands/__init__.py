"""The commands, one module each: `SUMMARY`, `EXAMPLES`, `add_arguments` and `run`."""
