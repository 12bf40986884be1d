"""The marts of the pipeline computed a second time: see ``reckoning``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

type Row = dict[str, Any]

READ = {
    "partition_offsets": "topic, partition, first_offset, next_offset, updated_at",
    "gaps": "topic, partition, start_offset, end_offset",
    "dead_letters": "dead_letter_id, topic, reason, scraper, message_at, step, details, resolved_at, removed_in",
    "audit_results": "batch_id, position, severity, expectation, column_name, success, observed, reason, scrapers",
    "runs": "run_id, kind, topic, status, started_at, finished_at, processor, note",
    "batches": "batch_id, run_id, loaded_at, verdict, records, loaded, new_version, new_reading, unchanged, rejected",
}
WORST = ("failed", "warned", "passed")


class PipelineReckoning:
    """``tables`` are rows by the name of their table."""

    tables: Mapping[str, list[Row]]

    def entity_overview(self) -> Iterable[Row]:
        for e in self.tables["entities"]:
            kept = ("entity_id", "name", "type", "country", "occupation", "latitude", "longitude", "first_seen_at",
                    "last_seen_at")
            yield {**{column: e[column] for column in kept}, "articles": e["article_count"]}

    def rejections(self) -> Iterable[Row]:
        found: dict[tuple[str, str, str], list[Row]] = {}
        for letter in self.tables["dead_letters"]:
            if letter["resolved_at"] is None and letter["removed_in"] is None:
                key = (letter["topic"], letter["reason"], letter["scraper"] or "(unknown)")
                found.setdefault(key, []).append(letter)
        for (topic, reason, scraper), letters in found.items():
            last = max(each["message_at"] for each in letters)
            example = min((e for e in letters if e["message_at"] == last), key=lambda e: e["dead_letter_id"])
            yield {
                "topic": topic, "reason": reason, "scraper": scraper, "records": len(letters),
                "first_message_at": min(each["message_at"] for each in letters), "last_message_at": last,
                "example_step": example["step"], "example_id": example["dead_letter_id"],
                "example_details": example["details"],
            }

    def audit_findings(self) -> Iterable[Row]:
        batches = {b["batch_id"]: b for b in self.tables["batches"]}
        for finding in self.tables["audit_results"]:
            batch = batches[finding["batch_id"]]
            kept = ("batch_id", "position", "severity", "expectation", "column_name", "success", "observed")
            yield {
                **{column: finding[column] for column in kept}, "why": finding["reason"],
                "scrapers": ", ".join(finding["scrapers"]),
                **{column: batch[column] for column in ("run_id", "loaded_at", "records", "verdict")},
            }

    def pipeline_runs(self) -> Iterable[Row]:
        counts = ("records", "loaded", "new_version", "new_reading", "unchanged", "rejected")
        for run in self.tables["runs"]:
            batches = [b for b in self.tables["batches"] if b["run_id"] == run["run_id"]]
            verdicts = {b["verdict"] for b in batches}
            yield {
                **run, **{count: sum(b[count] for b in batches) for count in counts},
                "audit": next((each for each in WORST if each in verdicts), None),
            }

    def ledger_standing(self) -> Iterable[Row]:
        records = Counter((r["topic"], r["partition"]) for r in self.tables["ledger"])
        missing: Counter[tuple[str, int]] = Counter()
        for gap in self.tables["gaps"]:
            missing[gap["topic"], gap["partition"]] += gap["end_offset"] - gap["start_offset"]
        for row in self.tables["partition_offsets"]:
            place = (row["topic"], row["partition"])
            read = row["next_offset"] - row["first_offset"]
            yield {
                **row, "records": records[place], "gap_offsets": missing[place],
                "open_offsets": read - records[place] - missing[place],
            }
