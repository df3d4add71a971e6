"""A real Dask cluster for tests: scheduler and workers as processes of their own, on the loopback only."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

START_SECONDS = 60


@dataclass
class Cluster:
    """Processes of one cluster; only these are ever killed, by their own id."""

    folder: Path
    environment: Mapping[str, str]
    scheduler: subprocess.Popen[bytes] = field(init=False)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    address: str = ""

    def start_scheduler(self) -> None:
        description = self.folder / "scheduler.json"
        arguments = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(description)]
        self.scheduler = self._start("scheduler", arguments)
        self.address = json.loads(_when_written(description, self.scheduler))["address"]

    def start_worker(self, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """One more worker process with one thread and no nanny: once killed it stays dead."""
        number = len(self.workers)
        arguments = [self.address, "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--no-dashboard"]
        arguments += ["--memory-limit", "0", "--local-directory", str(self.folder / f"worker-{number}")]
        worker = self._start("worker", arguments, environment, log=f"worker-{number}")
        self.workers.append(worker)
        return worker

    @property
    def setting(self) -> str:
        """The value of TESTDATA_EXECUTOR."""
        return self.address.replace("tcp://", "dask://")

    def logs(self) -> str:
        return "\n".join(file.read_text(errors="replace") for file in sorted(self.folder.glob("*.log")))

    def stop(self) -> None:
        for process in [*self.workers, self.scheduler]:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in [*self.workers, self.scheduler]:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            if process.poll() is None:
                process.kill()
            process.wait(10)

    def _start(
        self,
        kind: str,
        arguments: list[str],
        environment: Mapping[str, str] | None = None,
        log: str | None = None,
    ) -> subprocess.Popen[bytes]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("TESTDATA_", "DASK_"))}
        with (self.folder / f"{log or kind}.log").open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,  # no .env there
                env={**clean, **(self.environment if environment is None else environment)},
            )


@contextlib.contextmanager
def cluster(folder: Path, environment: Mapping[str, str], workers: int = 2) -> Iterator[Cluster]:
    """A scheduler and so many workers, which have the given variables; all gone afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    found = Cluster(folder, environment)
    found.start_scheduler()
    try:
        for _ in range(workers):
            found.start_worker()
        yield found
    finally:
        found.stop()


def _when_written(file: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if file.exists() and (text := file.read_text()).rstrip().endswith("}"):
            return text
        if process.poll() is not None:
            raise RuntimeError(f"the scheduler ended with status {process.returncode}")
        time.sleep(0.1)
    raise RuntimeError("the scheduler did not start")
