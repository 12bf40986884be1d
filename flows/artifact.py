"""The Prefect artifact of a run: created once, then updated in place."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from uuid import UUID

from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactUpdate
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from flows.report import RunReport, markdown_of


@dataclass(slots=True)
class RunArtifact:
    """Outcomes, rejects and audit verdict of a run, as Markdown.

    A run that follows the topic updates it at most every ``every_s`` seconds, so a day of small batches leaves one
    artifact.
    """

    every_s: float
    artifact_id: UUID | None = None
    written_at: float = field(default_factory=time.monotonic)
    batches: int = 0

    def is_due(self, report: RunReport) -> bool:
        """Whether batches were loaded since the last update, and the last update was long enough ago."""
        return report.batches != self.batches and time.monotonic() - self.written_at >= self.every_s

    def write_soon(self, report: RunReport) -> None:
        """Like ``write``, but with a single try, so that an unavailable Prefect server does not delay the run."""
        with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}):
            self.write(report)

    def write(self, report: RunReport) -> None:
        text, description = markdown_of(report), f"{report.kind} run {report.run_id}: {report.status}"
        self.written_at, self.batches = time.monotonic(), report.batches
        if self.artifact_id is None:
            made = create_markdown_artifact(text, key=report.kind, description=description)
            self.artifact_id = made if isinstance(made, UUID) else None  # typed as if it could be awaited
            return
        with get_client(sync_client=True) as client:
            client.update_artifact(self.artifact_id, ArtifactUpdate(data=text, description=description))
