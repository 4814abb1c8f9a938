"""Chunks of an archive scored on an existing Dask cluster."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError
from typing import Any
from uuid import uuid4

from haltung.archive import Chunk
from haltung.archive_scores import ScoredChunk, scored
from haltung.errors import HaltungError
from haltung.model import StanceModel

_WAITING = 4  # chunks a thread of the cluster, so that none stands idle and few are in memory
_CONNECT = 10  # seconds
_ADDRESS = re.compile(r"(?:\w+://)?(?:\[[\da-fA-F:]+\]|[^\s:/\[\]]+):\d+")


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

    if not _ADDRESS.fullmatch(address):
        raise HaltungError(f"--dask {address}: is no address; write it as tcp://host:8786")
    own = f"haltung-{uuid4().hex}"  # other runs on the cluster have models of their own

    class Model(WorkerPlugin):
        """Keeps the model at a worker."""

        name = own

        def setup(self, worker: Any) -> None:  # noqa: ANN401
            setattr(worker, own, model)

        def teardown(self, worker: Any) -> None:  # noqa: ANN401
            delattr(worker, own)

    try:
        client = Client(address, timeout=_CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise HaltungError(
            f"--dask {address}: no cluster answers ({type(error).__name__}); check the address"
        ) from None
    with client:
        try:
            client.register_plugin(Model())
            yield from _scored(client, as_completed(loop=client.loop), chunks, by_sentence, own)
            client.unregister_worker_plugin(own)
        except KilledWorker:
            raise HaltungError(f"--dask {address}: workers keep dying; mend them, then go on with --resume") from None
        except (CancelledError, OSError, TimeoutError) as error:
            lost = f"the cluster is lost ({type(error).__name__})"
            raise HaltungError(f"--dask {address}: {lost}; start it, then go on with --resume") from None


def _scored(client: Any, done: Any, chunks: Iterable[Chunk], by_sentence: bool, own: str) -> Iterator[ScoredChunk]:  # noqa: ANN401
    remaining = iter(chunks)

    def submit() -> bool:
        chunk = next(remaining, None)
        if chunk is not None:
            done.add(client.submit(_work, chunk, by_sentence, own, pure=False))
        return chunk is not None

    threads = max(1, sum(client.nthreads().values()))
    for _ in range(_WAITING * threads):
        if not submit():
            break
    for future in done:
        yield future.result()
        submit()


def _work(chunk: Chunk, by_sentence: bool, own: str) -> ScoredChunk:
    from distributed import get_worker

    return scored(getattr(get_worker(), own), chunk, by_sentence)
