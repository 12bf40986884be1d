"""The article's paragraphs, found in a page."""

from __future__ import annotations

import rs_trafilatura

from pipelines.clean.metadata.found import Found


def read_body(markup: str, url: str | None) -> Found[str]:
    answer = rs_trafilatura.extract(markup, url=url, page_type="article")
    return Found(answer.main_content or "", "rs-trafilatura")
