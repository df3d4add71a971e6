"""The one resource: settings, places and control database of this deployment, opened when first asked for.

Domain objects are built here and nowhere else in this folder. Tests pass other settings through `build_defs`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING

import dagster as dg

from testdata_assets.settings import Settings, load_settings

if TYPE_CHECKING:
    from testdata_assets.postgres.control import ControlConnection
    from testdata_assets.postgres.places import Places
    from testdata_assets.validation.report import ValidationReport


class Workplace:
    """Where work happens. One instance per run (all steps share a process) or sensor tick; closed at its end.

    Attributes:
        reports: Validations of this run by image, so that the asset after the checks can show drift and picture.
            Whether the image may be published is decided from the registry.
    """

    def __init__(self, read_settings: Callable[[], Settings] = load_settings) -> None:
        self._read_settings = read_settings
        self._stack = ExitStack()
        self._control: ControlConnection | None = None
        self._holds_refresh_lock = False
        self.reports: dict[str, ValidationReport] = {}

    @cached_property
    def settings(self) -> Settings:
        return self._read_settings()

    @cached_property
    def places(self) -> Places:
        from testdata_assets.postgres.places import open_places

        return open_places(self.settings)

    @property
    def control(self) -> ControlConnection:
        """A connection to the control database, shared by the whole run."""
        if self._control is None or self._control.closed:
            from testdata_assets.postgres.control import connect_control

            self._control = self._stack.enter_context(connect_control(self.places.control))
        return self._control

    def hold_refresh_lock(self) -> None:
        """Takes the lock that makes refreshes exclusive, until this run ends; does nothing if it is held already.

        Raises:
            RefusedError: `refresh-running`, another refresh is under way.
        """
        if not self._holds_refresh_lock:
            from testdata_assets.golden.refresh import refresh_lock
            from testdata_assets.postgres.control import connect_control

            connection = self._stack.enter_context(connect_control(self.places.control))
            self._stack.enter_context(refresh_lock(connection))
            self._holds_refresh_lock = True

    def close(self) -> None:
        """Gives connections and the lock back."""
        self._stack.close()
        self._control = None
        self._holds_refresh_lock = False
        self.reports.clear()


def workplace_resource(read_settings: Callable[[], Settings] = load_settings) -> dg.ResourceDefinition:
    """The resource `workplace`: a fresh one for each run or tick."""

    @dg.resource(description="Settings, places and control database of this deployment.")
    def workplace(_: dg.InitResourceContext) -> Iterator[Workplace]:
        place = Workplace(read_settings)
        try:
            yield place
        finally:
            place.close()

    return workplace
