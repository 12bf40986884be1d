"""Beam's options of a job, which are read once for a job instead of at each of Beam's hundreds of looks at them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions


class JobOptions(PipelineOptions):
    """The options of a job, with one view of each kind.

    Beam asks for a view each time it applies, checks or runs a transform, and makes an argument parser for each. All
    views share their values, so one of each kind serves for all of them.
    """

    def __init__(self, flags: Sequence[str] = ()) -> None:
        super().__init__(list(flags))
        self.__dict__["_views"] = {}  # Beam's options refuse attributes that are not options

    def view_as[O: PipelineOptions](self, cls: type[O]) -> O:
        views: dict[type[PipelineOptions], Any] = self.__dict__.setdefault("_views", {})
        if cls not in views:
            views[cls] = super().view_as(cls)
        view: O = views[cls]
        return view
