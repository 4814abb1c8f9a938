"""The files that a timeline is written to: the page and the picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from haltung.archive_parts import write_whole
from haltung.errors import HaltungError
from haltung.timeline import Timeline
from haltung.timeline_page import timeline_page
from haltung.timeline_plot import SUFFIXES, draw_timeline, plot_library


def check_files(page: Path | None, picture: Path | None) -> None:
    """Raise `HaltungError` where a page or a picture cannot be written under that name, before any work is done."""
    for path, suffixes in ((page, (".html", ".htm")), (picture, SUFFIXES)):
        if path is None:
            continue
        if path.suffix.lower() not in suffixes:
            raise HaltungError(f"{path}: is not {', '.join(suffixes)}; name it so")
        if path.is_dir():
            raise HaltungError(f"{path}: is a folder; name a file in it")
        if not path.parent.is_dir():
            raise HaltungError(f"{path}: its folder is not there; make it first")
    if picture:
        plot_library()


def write_files(found: Timeline, page: Path | None, picture: Path | None) -> None:
    """Write the page and the picture, each as a whole. Raises `HaltungError` where one cannot be written."""
    if page:
        _write(page, lambda file: file.write(timeline_page(found)))
    if picture:
        kind = picture.suffix.lower().lstrip(".")
        _write(picture, lambda file: draw_timeline(found, file, kind), binary=True)


def _write(path: Path, write: Callable[[Any], object], binary: bool = False) -> None:
    try:
        write_whole(path, write, binary)
    except OSError as error:
        raise HaltungError(f"{path}: cannot be written ({error.strerror}); name another file") from None
