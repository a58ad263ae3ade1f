"""A batch shared by Dask workers, each given the zones once.

A worker that dies is replaced and given the zones again; the part it had goes to another one. Parts are written
whole or not at all and doing one twice gives the same bytes, so nothing is lost or doubled. Workers of our own that can
be forked come from a process that has judged the first part: all it made of the layers is there once, for all of them.
"""

import gc
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from logging import ERROR
from typing import Any

import numpy as np

from cdgis.core.errors import CdgisError, UsageError
from cdgis.core.freed_memory import give_back
from cdgis.geometry.kernels import load_kernels
from cdgis.judging.batch import LOADING_PAYS, BatchJob, PartDone, judge_part
from cdgis.readers.loading import Loaded
from cdgis.readers.parcels import PartOfFile

ZONES = "cdgis-zones"
_OWN_CLUSTER = {
    "distributed.worker.profile.enabled": False,
    "distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": 1, "MKL_NUM_THREADS": 1, "OPENBLAS_NUM_THREADS": 1},
}
"""Settings of a cluster of our own. Dask's profiler and its eager return of freed memory to the system
(MALLOC_TRIM_THRESHOLD_) cost 6 to 10 % of the processor time and serve neither tables nor memory limits here."""
FORKS = sys.platform == "linux"
"""Whether workers may share memory with the process that starts them; elsewhere each is sent the layers."""
_inherited: list[Loaded] = []
"""What a worker has from the process it was forked off."""
_CONNECT_S = 20
"""How long a scheduler may take to answer, seconds."""
_STARTS = 3
"""Times Dask is started anew when its event loop is late."""
_TRIES = 5
"""Times a part is handed out anew when its worker dies."""


class _Zones:
    """Dask worker plugin that keeps a workspace's layers and rules on every worker, those started later included."""

    def __init__(self, loaded: Loaded | None) -> None:
        self.loaded = loaded
        """None where workers inherit it."""

    def setup(self, worker: Any) -> None:
        """Take no action: being there is all."""


def judge_on_cluster(
    job: BatchJob,
    parts: Sequence[PartOfFile],
    loaded: Loaded,
    *,
    scheduler: str = "",
    workers: int = 2,
    progress: Callable[[str], None] | None = None,
) -> list[PartDone]:
    """Judge all parts on a Dask cluster.

    Parameters
    ----------
    scheduler : address of a running scheduler, whose workers see the same files; a cluster of our own without one.
    workers : processes of a cluster of our own.

    Raises
    ------
    UsageError : Dask is not installed, does not start, or its scheduler does not answer.
    """
    try:
        distributed: Any = import_module("distributed")
    except ImportError as err:
        raise UsageError("没有安装分布式所需的 Dask", remedy="请运行 pip install 'cdgis[scale]'") from err
    if scheduler:
        try:
            client = _started(lambda: distributed.Client(scheduler, timeout=_CONNECT_S))
        except (OSError, ValueError, TimeoutError) as err:
            raise UsageError(
                f"连不上 Dask 调度器 {scheduler}（{type(err).__name__}）",
                remedy="请核对地址（如 tcp://10.0.0.5:8786）和网络；不写 --scheduler 则在本机起进程",
            ) from err
        with client:
            return _hand_out(distributed, client, (job, parts, loaded), progress)
    first = _made_ready((job, parts, loaded), workers, progress) if FORKS else []
    method = {"distributed.worker.multiprocessing-method": "fork" if FORKS else "spawn"}
    try:
        with import_module("dask").config.set({**_OWN_CLUSTER, **method}):
            cluster = _started(lambda: distributed.LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs=ERROR
            ))  # fmt: skip
            with cluster, _started(lambda: distributed.Client(cluster)) as client:
                rest = (job, parts[len(first) :], None if FORKS else loaded)
                return first + _hand_out(distributed, client, rest, progress)
    finally:
        _inherited.clear()
        gc.unfreeze()


def _made_ready(
    batch: tuple[BatchJob, Sequence[PartOfFile], Loaded], threads: int, progress: Callable[[str], None] | None
) -> list[PartDone]:
    """Judge the first part that is not done here, so that layers, indexes and rules are ready before workers are forked."""
    job, parts, loaded = batch
    done: list[PartDone] = []
    if sum(part.last - part.first for part in parts) >= LOADING_PAYS:
        load_kernels()
    for part in parts:
        done.append(judge_part(part, job, loaded, jobs=threads))
        if progress:
            progress(f"第 {part.number + 1} 块")
        if not done[-1].again:
            break
    _inherited[:] = [loaded]
    give_back(look=True)
    gc.freeze()  # looking for garbage would write to, and so copy, what is shared
    return done


def _started(start: Callable[[], Any]) -> Any:
    """Return what `start` makes; distributed gives its own event loop 10 s to begin, which a starved machine may exceed.

    Garbage is looked for before and not meanwhile: a client that once found no scheduler is closed when it is collected, and
    waits for ever for the lock that the start of the next one holds.
    """
    collecting = gc.isenabled()
    for _ in range(_STARTS):
        gc.collect()
        gc.disable()
        try:
            return start()
        except AssertionError as err:
            late = err
        finally:
            if collecting:
                gc.enable()
    raise UsageError("Dask 的后台线程迟迟没有启动，多半是机器太忙", remedy="请稍后再试，或关掉别的程序、减少 --jobs") from late


def _hand_out(
    distributed: Any,
    client: Any,
    batch: tuple[BatchJob, Sequence[PartOfFile], Loaded | None],
    progress: Callable[[str], None] | None,
) -> list[PartDone]:
    job, parts, loaded = batch
    plugin = type("Zones", (_Zones, distributed.WorkerPlugin), {})(loaded)
    client.register_plugin(plugin, name=ZONES)
    # Each worker is offered a run of parts: rows of a file mostly lie beside those before them, and near the same zones.
    # Whoever is done first takes what others have not begun.
    workers: list[list[str] | None] = [[address] for address in client.scheduler_info(n_workers=-1)["workers"]] or [None]
    runs = np.array_split(np.arange(len(parts)), len(workers))
    futures = [
        future for worker, run in zip(workers, runs, strict=True)
        for future in client.map(
            _on_worker, [parts[at] for at in run], job=job, retries=_TRIES, pure=False, workers=worker, allow_other_workers=worker is not None
        )
    ]  # fmt: skip
    done = []
    for future in distributed.as_completed(futures):
        try:
            found = future.result()
        except distributed.KilledWorker as err:
            raise UsageError(
                "工作进程一再被系统结束，多半是内存不足", remedy="请减少 --jobs，或在内存更大的机器上运行；已完成的分块不会重做"
            ) from err
        if isinstance(found, CdgisError):
            raise found
        done.append(found)
        if progress:
            progress(f"第 {done[-1].number + 1} 块")
    return sorted(done, key=lambda one: one.number)


def _on_worker(part: PartOfFile, job: BatchJob) -> PartDone | CdgisError:
    worker = import_module("distributed").get_worker()
    try:
        return judge_part(part, job, next(iter(_inherited), worker.plugins[ZONES].loaded))
    except CdgisError as err:  # given back, not raised: Dask would print the program's stack for a fault of the file
        return err
