"""Runs a transform over elements in this process and gives what came out of each end."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import apache_beam as beam


def ends_of(
    transform: beam.PTransform, elements: Iterable[Any], ends: tuple[str, ...], folder: Path
) -> dict[str, list[Any]]:
    """The elements of each named end, in no order."""
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        outcome = pipeline | beam.Create(list(elements)) | transform
        for end in ends:
            _ = (
                getattr(outcome, end)
                | f"Gather {end}" >> beam.CombineGlobally(beam.combiners.ToListCombineFn())
                | f"Keep {end}" >> beam.Map(_keep, str(folder / f"{end}.pickle"))
            )
    return {end: pickle.loads((folder / f"{end}.pickle").read_bytes()) for end in ends}


def _keep(elements: list[Any], path: str) -> None:
    Path(path).write_bytes(pickle.dumps(elements))


type Ends = Callable[..., dict[str, list[Any]]]
