"""`python -m haltung` is `haltung`."""

from haltung.cli import main

main()
