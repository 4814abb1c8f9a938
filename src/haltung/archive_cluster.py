"""Chunks of an archive scored on an existing Dask cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from haltung.archive import Chunk
from haltung.archive_scores import ScoredChunk, scored
from haltung.errors import HaltungError
from haltung.model import StanceModel

_WAITING = 4  # chunks a thread of the cluster, so that none stands idle and few are in memory
_CONNECT = 10  # seconds
_RETRIES = 20  # of a chunk whose workers die
_NAME = "haltung"


def on_cluster(model: StanceModel, chunks: Iterable[Chunk], by_sentence: bool, address: str) -> Iterator[ScoredChunk]:
    """Score chunks on the cluster whose scheduler listens at `address`, as they come: not in order.

    The model is sent to every worker once, also to those that join later or stand up again; the chunks of a worker
    that is lost are scored by another. The workers must have haltung installed.

    Raises `HaltungError` where there is no cluster, or where its workers keep dying.
    """
    try:
        from distributed import Client, KilledWorker, WorkerPlugin, as_completed
    except ImportError:
        raise HaltungError("--dask needs Dask; run: pip install 'haltung[dask]'") from None

    class Model(WorkerPlugin):
        """Keeps the model at a worker."""

        name = _NAME

        def setup(self, worker: Any) -> None:  # noqa: ANN401
            worker.haltung_model = model

    try:
        client = Client(address, timeout=_CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise HaltungError(
            f"--dask {address}: no cluster answers ({type(error).__name__}); check the address"
        ) from None
    with client:
        client.register_plugin(Model())
        remaining = iter(chunks)
        done = as_completed()

        def submit() -> bool:
            chunk = next(remaining, None)
            if chunk is not None:
                done.add(client.submit(_work, chunk, by_sentence, pure=False, retries=_RETRIES))
            return chunk is not None

        threads = max(1, sum(client.nthreads().values()))
        for _ in range(_WAITING * threads):
            if not submit():
                break
        try:
            for future in done:
                yield future.result()
                submit()
        except KilledWorker:
            raise HaltungError(f"--dask {address}: workers keep dying; mend them, then go on with --resume") from None


def _work(chunk: Chunk, by_sentence: bool) -> ScoredChunk:
    from distributed import get_worker

    return scored(get_worker().haltung_model, chunk, by_sentence)
