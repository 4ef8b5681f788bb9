"""The program that is the installed command without its fast path."""

SLOW_WAY = """
import sys
from role_env import fast_path
fast_path.answer = lambda *line: ""
sys.argv = ["role-env", *sys.argv[1:]]
from role_env.__main__ import main
main()
"""
