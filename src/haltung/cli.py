"""The command line: parse, call, print."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from haltung.errors import HaltungError

if TYPE_CHECKING:
    from haltung.archive import Broken
    from haltung.archive_run import Settings
    from haltung.article import Article
    from haltung.codebook import Codebook
    from haltung.dated_articles import DatedArticle
    from haltung.model import StanceModel
    from haltung.verdict import Verdict

app = typer.Typer(
    help="Where does a German article say that South Korea stands on arming Ukraine?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Format(StrEnum):
    """How results are printed."""

    table = "table"
    json = "json"
    jsonl = "jsonl"
    csv = "csv"


class CurveFormat(StrEnum):
    """How a curve is printed."""

    table = "table"
    csv = "csv"
    json = "json"


class By(StrEnum):
    """The length of a curve's periods."""

    day = "day"
    week = "week"
    month = "month"


class Group(StrEnum):
    """What has a curve of its own."""

    source = "source"


class PlainFormat(StrEnum):
    """How figures are printed."""

    table = "table"
    json = "json"


Paths = Annotated[
    list[str],
    typer.Argument(metavar="PATH...", help="Files (.txt, .md, .html), folders, or - for standard input."),
]
ModelOption = Annotated[
    Path | None,
    typer.Option("--model", metavar="DIR", help="Model folder [HALTUNG_MODEL, ./model, the shipped one]."),
]
FormatOption = Annotated[Format, typer.Option("--format", "-f", help="How to print.")]
AnnotationsOption = Annotated[
    Path | None,
    typer.Option("--annotations", metavar="PATH", help="CSV file or folder [./annotations, the shipped set]."),
]
CodebookOption = Annotated[
    Path | None,
    typer.Option("--codebook", metavar="FILE", help="Labels [codebook.toml beside the annotations, the shipped one]."),
]
FormatPlain = Annotated[PlainFormat, typer.Option("--format", "-f", help="How to print.")]
AnnotatedFiles = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Annotated CSV files.")]
Extra = Annotated[
    list[Path], typer.Argument(metavar="EXTRA...", help="Annotated CSV files: text,label or all columns.")
]


def _tell_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        _print(f"haltung {version('haltung')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


@app.command()
def classify(paths: Paths, format: FormatOption = Format.table, model: ModelOption = None) -> None:
    """Say where articles stand: one in detail, several a line each."""
    _score(paths, format, model, detailed=False)


@app.command()
def inspect(
    paths: Paths,
    format: FormatOption = Format.table,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page with the stances marked instead.")
    ] = None,
    model: ModelOption = None,
) -> None:
    """Show every sentence and the n-grams that decided it."""
    if html is None:
        _score(paths, format, model, detailed=True)
    elif format is not Format.table:
        raise HaltungError(f"--html {html}: writes a page instead of printing; leave --format {format} out")
    else:
        _write_page(paths, html, model)


@app.command()
def score(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="IN... OUT", help="Archives (.jsonl, .csv, .parquet; quoted patterns too), then the output."
        ),
    ],
    sentences: Annotated[bool, typer.Option("--sentences", help="A row a sentence, not a row an article.")] = False,
    id: Annotated[str, typer.Option(metavar="FIELD", help="Where the article's id is.")] = "id",
    date: Annotated[str, typer.Option(metavar="FIELD", help="Where its date is.")] = "date",
    title: Annotated[str, typer.Option(metavar="FIELD", help="Where its title is.")] = "title",
    text: Annotated[str, typer.Option(metavar="FIELD", help="Where its text is.")] = "text",
    keep: Annotated[list[str] | None, typer.Option(metavar="FIELD", help="Carry this field over too.")] = None,
    jobs: Annotated[int, typer.Option(min=0, help="Processes [0: all cores].")] = 0,
    dask: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Score on this Dask cluster; OUT is a folder of Parquet.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an interrupted run was.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT where it is there.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first broken row.")] = False,
    model: ModelOption = None,
) -> None:
    """Score archives: a row an article or a sentence, as JSON lines, CSV or Parquet.

    It can be interrupted at any moment; --resume goes on. Broken rows are told and left out: exit status 1.
    """
    from haltung.archive import Fields
    from haltung.archive_run import Settings

    if len(paths) < 2:
        raise HaltungError("name the archives and, last, the output")
    fields = Fields(id, date, title, text, tuple(keep or ()))
    settings = Settings(
        tuple(paths[:-1]), Path(paths[-1]), fields, sentences, model, jobs, dask, resume, overwrite, strict
    )
    _score_archives(settings)


@app.command()
def track(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="Dated articles: files, folders, quoted patterns; or rows that `haltung score` wrote.",
        ),
    ],
    by: Annotated[By, typer.Option(help="The length of a period.")] = By.week,
    group: Annotated[
        Group | None, typer.Option(help="A curve a source: an article's folder, a row's field `source` or its file.")
    ] = None,
    copies: Annotated[bool, typer.Option("--copies", help="Count each copy of a text, not each text once.")] = False,
    format: Annotated[CurveFormat, typer.Option("--format", "-f", help="How to print.")] = CurveFormat.table,
    out: Annotated[Path | None, typer.Option(metavar="HTML", help="Write a page with curves and turns too.")] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the curves too (.svg, .png).")] = None,
    model: ModelOption = None,
) -> None:
    """Follow the stance through time: its shares, how sure they are, and where it turns.

    Articles without a date are listed and left out; of copies of one text the first counts.
    """
    from haltung.harmless import printable
    from haltung.report import Painter
    from haltung.timeline import timeline
    from haltung.timeline_files import check_files, write_files
    from haltung.timeline_report import timeline_csv, timeline_json, timeline_text

    check_files(out, plot)
    failed: list[str] = []
    articles, book = _dated_articles(paths, model, out, failed)
    if failed and not articles:
        sys.exit(2)
    found = timeline(articles, book, by.value, group is not None, copies)
    write_files(found, out, plot)
    if format is CurveFormat.json:
        _print(timeline_json(found))
    elif format is CurveFormat.csv:
        _print(timeline_csv(found), nl=False)
    else:
        painter = Painter(book, color=sys.stdout.isatty() and "NO_COLOR" not in os.environ)
        _print(timeline_text(found, painter))
    for path in (out, plot):
        if path:
            typer.echo(f"Wrote {printable(str(path))}.", err=True)
    if failed:
        sys.exit(2)


@app.command()
def train(annotations: AnnotationsOption = None, codebook: CodebookOption = None, model: ModelOption = None) -> None:
    """Train a model on an annotated set."""
    from haltung import training
    from haltung.paths import model_to_write
    from haltung.training_report import trained_text

    target = model_to_write(model)
    with _progress(training.steps(), "training") as tick:
        trained = training.train(annotations, codebook, target, tick)
    _print(trained_text(trained, target))


@app.command()
def retrain(
    extra: Extra,
    model: ModelOption = None,
    annotations: AnnotationsOption = None,
    codebook: CodebookOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the model even if the new one is worse.")] = False,
) -> None:
    """Train with your own annotations added.

    The model is replaced only if the new one is not worse; the old one is kept for rollback.
    """
    from haltung import retraining
    from haltung.paths import model_to_read, model_to_write
    from haltung.store import has_previous, read_metrics
    from haltung.training_report import additions_text, comparison_text, forgotten_text

    target, replaced = model_to_write(model), model_to_read(model)
    prepared = retraining.prepare(extra, annotations, codebook)
    _print(additions_text(prepared, extra))
    forgotten = forgotten_text(read_metrics(replaced), prepared)
    if forgotten:
        _print(forgotten)
    if not prepared.additions.new:
        _print("Nothing new to learn: the model stays as it is.")
        return
    with _progress(2 * prepared.counted.recipe.folds, "comparing") as tick:
        comparison, found = retraining.compare(prepared, tick)
    _print(comparison_text(comparison))
    if comparison.worse and not force:
        raise _Refused(f"the new model is worse; {target} stays as it is (--force replaces it all the same)")
    with _progress(1, "training") as tick:
        retraining.replace_model(prepared, found, target, replaced, tick)
    named = f" --model {model}" if model else ""
    kept = f"; `haltung rollback{named}` brings the one before back" if has_previous(target) else ""
    _print(f"Wrote {target}{kept}.")


@app.command()
def rollback(model: ModelOption = None) -> None:
    """Bring back the model before the last training."""
    from haltung import store
    from haltung.paths import model_to_write

    target = model_to_write(model)
    store.rollback(target)
    _print(f"{target} is the model before again; `haltung rollback` once more undoes this.")


@app.command()
def evaluate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An annotated CSV file.")],
    model: ModelOption = None,
    format: FormatPlain = PlainFormat.table,
) -> None:
    """Compare the model with an annotated file."""
    from haltung.annotations import read_sentences
    from haltung.model import load
    from haltung.training_report import evaluated, evaluation_json, evaluation_text

    loaded = load(model)
    result = evaluated(loaded, read_sentences(file, loaded.codebook))
    _print(evaluation_json(result) if format is PlainFormat.json else evaluation_text(result))


@app.command()
def agreement(files: AnnotatedFiles, codebook: CodebookOption = None, format: FormatPlain = PlainFormat.table) -> None:
    """Say how far annotators agree, and where not.

    One file with the columns label_1, label_2 …, or several files with a reading each.
    """
    from haltung import agreement as measuring
    from haltung.annotation_report import agreement_json, agreement_text
    from haltung.codebook import read_codebook
    from haltung.paths import codebook_to_read

    book = read_codebook(codebook_to_read(codebook, files[0]))
    found = measuring.agreement(measuring.read_units(files, book), book.ids)
    _print(agreement_json(found) if format is PlainFormat.json else agreement_text(found, book))


@app.command()
def check(files: AnnotatedFiles, codebook: CodebookOption = None, annotations: AnnotationsOption = None) -> None:
    """Warn about what would harm a model trained on annotation files.

    Exit status 1 where there are warnings, 2 where a file is refused.
    """
    from haltung import checking
    from haltung.annotation_report import warnings_text
    from haltung.annotations import read_sentences
    from haltung.codebook import read_codebook
    from haltung.paths import annotations_to_read, codebook_to_read

    book = read_codebook(codebook_to_read(codebook, files[0]))
    read = {}
    for file in files:
        try:
            read[file] = read_sentences(file, book)
        except HaltungError as error:
            _complain(error)
    if not read:
        sys.exit(2)
    whole_set = annotations_to_read(annotations)
    found = checking.check_read(read, book, read_sentences(whole_set, book) if whole_set.is_file() else [])
    _print(warnings_text(found, list(read)))
    refused = set(files) - set(read)
    if refused or found:
        sys.exit(2 if refused else 1)


@app.command()
def doctor(model: ModelOption = None) -> None:
    """Say which model is in use and whether it and the environment are sound.

    Exit status 1 where something is wrong.
    """
    from haltung import doctor as examining
    from haltung.harmless import printable

    found = examining.diagnose(model)
    for line in examining.diagnosis_text(found).splitlines():
        _print(line[:13] + printable(line[13:]))
    if not found.sound:
        sys.exit(1)


def main() -> None:
    """Run the command line; bad input is one line on standard error and exit status 2."""
    for stream in (sys.stdout, sys.stderr):  # names of files may hold bytes that are no text
        if stream is not None:
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except HaltungError as error:
        _complain(error)
        sys.exit(2)
    except _Refused as refusal:
        _complain(refusal)
        sys.exit(1)
    except _ReaderGone:
        sys.exit(0)


class _Refused(Exception):
    pass


class _ReaderGone(Exception):
    """Nobody reads what is printed any more: `haltung … | head`."""


def _print(text: str = "", nl: bool = True) -> None:
    try:
        typer.echo(text, nl=nl, color=True)
    except OSError as error:
        # keep Python from trying once more at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise _ReaderGone from None
        raise HaltungError(f"standard output: cannot be written ({error.strerror}); name another place") from None


def _complain(error: Exception) -> None:
    from haltung.harmless import printable

    typer.echo(f"haltung: {printable(str(error))}", err=True)


def _score(paths: list[str], format: Format, model: Path | None, detailed: bool) -> None:
    from haltung import report
    from haltung.model import load

    loaded = load(model)
    painter = report.Painter(loaded.codebook, color=sys.stdout.isatty() and "NO_COLOR" not in os.environ)
    failed: list[str] = []
    found = _sources(paths, failed)
    single = len(paths) == 1 and found == paths
    verdicts = []
    for article in _articles(_shown(found, quiet=format not in (Format.json, Format.csv)), failed):
        verdict = _classified(loaded, article)
        if detailed:
            verdict = loaded.explained(verdict)
        if format is Format.jsonl:
            _print(report.as_json_line(verdict))
        elif format is Format.table:
            _print_table(verdict, painter, single, detailed)
        else:
            verdicts.append(verdict)
    if format is Format.json and (verdicts or not single):
        _print(report.as_json(verdicts, single))
    elif format is Format.csv and verdicts:
        rows = report.sentences_csv if detailed else report.articles_csv
        _print(rows(verdicts, loaded.codebook), nl=False)
    if failed:
        sys.exit(2)


def _dated_articles(
    paths: list[str], model: Path | None, out: Path | None, failed: list[str]
) -> tuple[list[DatedArticle], Codebook]:
    """Return the articles that paths stand for and the codebook; what cannot be read is told and added to `failed`."""
    from haltung.dated_articles import is_scored, named_files, of_reading
    from haltung.model import load
    from haltung.scored_articles import scored_articles

    def told(row: Broken) -> None:
        failed.append(row.place)
        _complain(HaltungError(f"{row.place}: {row.reason}; left out"))

    loaded = load(model)
    files = _sources(paths, failed, named_files)
    if out:
        _check_not_among(out, files)
    unscored = [file for file in files if not is_scored(file)]
    found = []
    for reading in loaded.read_many(_articles(_shown(unscored, quiet=False), failed)):
        _tell_foreign(reading.article.source, reading.language, loaded)
        found.append(of_reading(reading))
    found += scored_articles([file for file in files if is_scored(file)], loaded.codebook, told)
    return found, loaded.codebook


def _write_page(paths: list[str], out: Path, model: Path | None) -> None:
    from haltung.archive_parts import write_whole
    from haltung.article_page import article_page
    from haltung.harmless import printable
    from haltung.model import load

    if out.is_dir():
        raise HaltungError(f"{out}: is a folder; name a file")
    loaded = load(model)
    failed: list[str] = []
    found = _sources(paths, failed)
    _check_not_among(out, found)
    inspected = [
        (article, loaded.explained(_classified(loaded, article)))
        for article in _articles(_shown(found, quiet=False), failed)
    ]
    if inspected:
        page = article_page(inspected, loaded.codebook)
        try:
            write_whole(out, lambda file: file.write(page))
        except OSError as error:
            raise HaltungError(f"{out}: cannot be written ({error.strerror}); name another file") from None
        _print(f"Wrote {printable(str(out))}: {len(inspected)} article{'' if len(inspected) == 1 else 's'}.")
    if failed:
        sys.exit(2)


def _sources(paths: list[str], failed: list[str], inside_of: Callable[[str], list[str]] | None = None) -> list[str]:
    """Return the files that `paths` stand for, each as `inside_of` tells (files as they are, articles of a folder).

    Folders without any are told and added to `failed`.
    """
    from haltung.article import sources

    found = []
    for path in paths:
        inside = inside_of(path) if inside_of else list(sources([path]))
        found += inside
        if not inside:
            _complain(HaltungError(f"{path}: holds no .txt, .md or .html file; name a folder with articles"))
            failed.append(path)
    return found


def _check_not_among(out: Path, sources: list[str]) -> None:
    if out.resolve() in (Path(source).resolve() for source in sources):
        raise HaltungError(f"{out}: is one of the articles, which are never written; name another file")


def _articles(sources: Iterable[str], failed: list[str]) -> Iterator[Article]:
    """Yield the articles in files; those that cannot be read are told and added to `failed`."""
    from haltung.article import read

    for source in sources:
        try:
            yield read(source)
        except HaltungError as error:
            _complain(error)
            failed.append(source)


def _classified(model: StanceModel, article: Article) -> Verdict:
    """Classify an article; warn where it is not in the model's language."""
    verdict = model.classify_article(article)
    _tell_foreign(verdict.source, verdict.language, model)
    return verdict


def _tell_foreign(source: str | None, language: str | None, model: StanceModel) -> None:
    from haltung.report import foreign_text

    if language not in (None, model.codebook.language):
        _complain(HaltungError(foreign_text(source, language, model.codebook)))


def _score_archives(settings: Settings) -> None:
    import time

    from haltung.archive_run import input_size, score_archives
    from haltung.harmless import printable

    began, here, total = time.monotonic(), 0, input_size(settings)
    hidden = not sys.stderr.isatty()
    with typer.progressbar(length=total, label="scoring", file=sys.stderr, hidden=hidden, show_pos=False) as bar:

        def finished(articles: int, size: int, before: bool) -> None:
            nonlocal here
            here += 0 if before else articles
            bar.label = f"scoring, {here / (time.monotonic() - began):,.0f} articles a second"
            bar.update(size)

        def told(row: Broken) -> None:
            typer.echo(
                f"{'' if hidden else chr(13)}haltung: {printable(f'{row.place}: {row.reason}')}; left out", err=True
            )

        try:
            found = score_archives(settings, finished, told)
        except KeyboardInterrupt:
            _complain(HaltungError("interrupted; go on with --resume"))
            sys.exit(130)
    if found is None:
        typer.echo(f"{settings.out} is complete; there is nothing to resume.", err=True)
        return
    took = time.monotonic() - began
    kept_out = f"; {found.broken:,} broken rows left out" if found.broken else ""
    kept_out += f"; {found.foreign:,} in another language" if found.foreign else ""
    typer.echo(
        f"{found.articles:,} articles in {took:.1f} s ({here / took:,.0f} a second){kept_out}. Wrote {settings.out}.",
        err=True,
    )
    if found.broken:
        sys.exit(1)


def _print_table(verdict: object, painter: object, single: bool, detailed: bool) -> None:
    from haltung import report

    if detailed:
        _print(report.inspection_text(verdict, painter))
        if not single:
            _print()
    elif single:
        _print(report.article_text(verdict, painter))
    else:
        _print(report.article_line(verdict, painter))


def _shown(sources: list[str], quiet: bool) -> Iterator[str]:
    """Yield the sources, with a progress bar where nothing else shows on a terminal that work goes on."""
    with typer.progressbar(sources, label="reading", file=sys.stderr, hidden=quiet or not sys.stderr.isatty()) as bar:
        yield from bar


@contextmanager
def _progress(steps: int, label: str) -> Iterator[Callable[[], None]]:
    """Show a progress bar on standard error while a command works; yields what to call after each step."""
    with typer.progressbar(length=steps, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        bar.update(0)
        yield lambda: bar.update(1)
