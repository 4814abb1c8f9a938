"""What `agreement` and `check` print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from haltung.agreement import Agreement
from haltung.checking import Warned
from haltung.codebook import Codebook
from haltung.harmless import json_text, printable
from haltung.training_report import matrix_table


def agreement_text(found: Agreement, codebook: Codebook) -> str:
    """Return the agreement for the terminal, every disagreement listed."""
    lines = [
        f"{found.units:,} units read by {len(found.annotators)} annotators ({printable(', '.join(found.annotators))})",
        f"Krippendorff's alpha {found.alpha:.3f}; the same label in {found.observed:.1%} of the pairs of readings",
        "",
        f"  {'':<18} {'alpha':>7} {'specific agreement':>19}",
        *(
            f"  {label:<18} {found.alpha_by_label[label]:>7.3f} {found.specific[label]:>19.3f}"
            for label in codebook.ids
        ),
        "",
        "first \\ second reading",
        matrix_table(codebook.ids, found.confusion.tolist()),
    ]
    if found.disagreements:
        lines += ["", f"{len(found.disagreements):,} disagreements"]
    for unit in found.disagreements:
        lines += [f"  {printable(unit.place)}: {' / '.join(unit.labels.values())}", f"    {printable(unit.text)}"]
    return "\n".join(lines)


def agreement_json(found: Agreement) -> str:
    """Return the agreement as a JSON object."""
    return json_text(found.to_dict(), indent=2)


def warnings_text(found: Sequence[Warned], files: Sequence[Path]) -> str:
    """Return the warnings, a line each, and how many there are of each kind."""
    lines = [printable(f"{warned.file}: row {warned.row}: {warned.kind}: {warned.text}") for warned in found]
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(Counter(w.kind for w in found).items()))
    summary = f"{len(files)} file(s) read: {counts}" if found else f"{len(files)} file(s) read: nothing to warn about"
    return "\n".join([*lines, summary])
