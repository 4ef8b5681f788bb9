"""A project at the address of the first argument, asked for as the environment's session, by PyODPS."""

import sys

from odps import ODPS

endpoint = sys.argv[1]
client = ODPS(project="mine", endpoint=endpoint)
client.rest.get(f"{endpoint}/projects/mine")
