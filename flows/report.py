"""The report of a run: its outcomes and figures, as JSON and as Markdown for Prefect."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.cli.screen import plain, plain_masked
from flows.scrapers import why_in_words
from pipelines.phrases import counted

if TYPE_CHECKING:
    from pipelines.jobs.batches import Transformed
    from pipelines.stage import BatchKind
    from pipelines.stage.audit import Audit
    from pipelines.warehouse import Loaded, RunStatus

VERDICTS = ("none", "passed", "warned", "failed")
SHOWN_FINDINGS = 50
KEPT_FINDINGS = 200  # the latest ones, because a run that follows the topic has some in every batch


@dataclass(slots=True)
class RunReport:
    """What one run has done; updated after each batch."""

    run_id: str
    started_at: datetime
    topic: str
    kind: BatchKind = "ingest"
    status: RunStatus = "running"
    ended_at: datetime | None = None
    note: str | None = None
    batches: int = 0
    records: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    gaps: Counter[str] = field(default_factory=Counter)
    offsets: dict[int, int] = field(default_factory=dict)
    waiting: dict[int, int] = field(default_factory=dict)  # offsets behind an open transaction, by partition
    costs: dict[str, tuple[int, int]] = field(default_factory=dict)
    verdict: str = "none"
    findings: list[dict[str, Any]] = field(default_factory=list)
    quarantined: list[dict[str, Any]] = field(default_factory=list)
    stale: list[dict[str, Any]] = field(default_factory=list)
    outbox: list[dict[str, Any]] = field(default_factory=list)  # messages that wait to be sent, by topic and cause
    page: Path | None = None  # the quality report, if one was written

    def add(self, transformed: Transformed, audit: Audit, loaded: Loaded) -> None:
        self.count(loaded)
        for step, cost in transformed.costs.items():
            elements, cpu_us = self.costs.get(step, (0, 0))
            self.costs[step] = (elements + cost.elements, cpu_us + cost.cpu_us)
        self.verdict = max(self.verdict, audit.verdict, key=VERDICTS.index)
        found = [asdict(finding) for finding in audit.results if not finding.success]
        self.findings = [*self.findings, *found][-KEPT_FINDINGS:]

    def count(self, loaded: Loaded) -> None:
        self.batches += 1
        self.records += loaded.outcomes.total() + loaded.gaps.total()
        self.outcomes.update(loaded.outcomes)
        self.reasons.update(loaded.reasons)
        self.gaps.update(loaded.gaps)
        self.offsets.update(
            {partition: offset for (topic, partition), offset in loaded.offsets.items() if topic == self.topic}
        )

    def end(self, status: RunStatus, note: str | None = None) -> None:
        self.status, self.note, self.ended_at = status, note, datetime.now(UTC)

    @property
    def seconds(self) -> float:
        return ((self.ended_at or datetime.now(UTC)) - self.started_at).total_seconds()

    def as_json(self) -> dict[str, Any]:
        return {
            "run_id": self.run_id,
            "status": self.status,
            "topic": self.topic,
            "started_at": self.started_at.isoformat(),
            "seconds": round(self.seconds, 3),
            "batches": self.batches,
            "records": self.records,
            "outcomes": dict(self.outcomes),
            "reasons": dict(self.reasons),
            "gaps": dict(self.gaps),
            "audit": self.verdict,
            "findings": self.findings,
            "quarantined": self.quarantined,
            "stale": self.stale,
            "outbox": self.outbox,
            "quality_report": None if self.page is None else str(self.page),
            "offsets": {str(p): o for p, o in self.offsets.items()},
            "waiting": {str(p): count for p, count in self.waiting.items()},
            "cpu_ms_per_element": {step: round(us / 1000 / n, 3) for step, (n, us) in self.costs.items() if n},
            "note": self.note,
        }


WAITING = {
    "dead letters": ("dead letter waits", "dead letters wait"),
    "articles": ("clean article or deletion waits", "clean articles and deletions wait"),
}
"""What waits in each outbox, one and several."""


def in_outbox(waiting: Mapping[str, Any]) -> str:
    """How many messages of a topic's records wait in the outbox, since when and why, in words."""
    one, many = WAITING[waiting["kind"]]
    messages = counted(waiting["letters"], one, many)
    return (
        f"{messages} in the outbox, of {waiting['topic']}, since {waiting['since']:%Y-%m-%d %H:%M}: "
        f"{waiting['why'] or 'The next run sends them.'}"
    )


def markdown_of(report: RunReport) -> str:
    """The artifact of a run. Text that may come from a page is escaped for Markdown and HTML."""
    parts = [
        f"# {report.kind.capitalize()} run {safe_markdown(report.run_id)}",
        f"**{safe_markdown(report.status)}** after {report.seconds:.1f} s: {counted(report.records, 'record')} of "
        f"`{safe_markdown(report.topic)}` in {counted(report.batches, 'batch', 'batches')}. "
        f"Audit: **{safe_markdown(report.verdict)}**.",
    ]
    if report.page:
        parts.append(f"[Quality report]({report.page.as_uri()}), on the machine of the run: `{safe_path(report.page)}`")
    if report.note:
        parts.append(f"> {safe_markdown(report.note)}")
    if report.waiting:
        parts.append(f"> {safe_markdown(in_open_transactions(report.topic, report.waiting))}")
    parts += [f"> {safe_markdown(in_outbox(waiting))}" for waiting in report.outbox]
    if report.quarantined:
        parts.append(_table(
            "Quarantined scrapers", ("scraper", "since", "articles that wait", "why", "to release it"),
            [(q["scraper"], q["since"], q["waiting"], why_in_words(q), q["to_release"]) for q in report.quarantined],
        ))
    if report.stale:
        parts.append(_table("Stale scrapers", ("scraper", "last seen"), [tuple(row.values()) for row in report.stale]))
    parts.append(_table("Ledger", ("outcome", "records"), report.outcomes.most_common()))
    if report.reasons:
        parts.append(_table("Rejected", ("reason", "records"), report.reasons.most_common()))
    if report.findings:
        rows = [
            (f["severity"], f["expectation"], f["column"], ", ".join(f["scrapers"]), f["observed"], f["reason"])
            for f in report.findings[:SHOWN_FINDINGS]
        ]
        columns = ("severity", "expectation", "column", "scrapers", "observed", "why it matters")
        parts.append(_table("Audit", columns, rows))
    if report.costs:
        costs = [(step, n, f"{us / 1000 / n:.2f}") for step, (n, us) in report.costs.items() if n]
        parts.append(_table("CPU by step", ("step", "records", "ms per record"), costs))
    parts.append(_table("Next offsets", ("partition", "offset"), sorted(report.offsets.items())))
    return "\n\n".join(parts) + "\n"


def in_open_transactions(topic: str, waiting: Mapping[Any, int]) -> str:
    """Message about records that cannot be read yet, for the end of a run and ``dateline status``.

    >>> in_open_transactions("articles.raw", {0: 3, 2: 1})[:87]
    '4 offsets of articles.raw wait behind an open transaction (partition 0: 3, partition 2:'
    """
    where = ", ".join(f"partition {partition}: {count:,}" for partition, count in waiting.items())
    return (
        f"{counted(sum(waiting.values()), f'offset of {topic} waits', f'offsets of {topic} wait')} behind an open "
        f"transaction ({where}). The first run after it has been committed or aborted loads them."
    )


def _table(title: str, columns: tuple[str, ...], rows: Any) -> str:
    lines = [f"## {title}", "", "| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(safe_markdown(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def safe_path(path: Path) -> str:
    """The path for a span of code in Markdown, where only a backtick or a line break would end it.

    >>> safe_path(Path("/data/a`b/latest.html"))
    "/data/a'b/latest.html"
    """
    return plain(path, 1_000).replace("`", "'")


def safe_markdown(value: object) -> str:
    r"""Text without personal data, with all characters escaped that have a meaning in HTML or Markdown.

    >>> safe_markdown("<script>|x|[a](javascript:1)`*_")
    '&lt;script&gt;&#124;x&#124;&#91;a&#93;(javascript:1)&#96;&#42;&#95;'
    """
    escaped = html.escape(plain_masked(value, 400), quote=True)
    for mark in "|[]`*_\\!~":
        escaped = escaped.replace(mark, f"&#{ord(mark)};")
    return escaped
