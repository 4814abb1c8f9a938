"""The one exception that haltung raises for input it cannot use."""

from __future__ import annotations


class HaltungError(Exception):
    """Input that cannot be used; the message is one line that names the file, the place and the remedy."""
