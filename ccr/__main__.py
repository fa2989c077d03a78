"""`python -m ccr`"""

from ccr.cli import main

main(prog_name="ccr")
