"""`python -m ccr.cli`"""

from ccr.cli import main

main(prog_name="ccr")
