"""Which articles a rejected message names: by what a step had read of it, by its value as it is, by header and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.clean import article_id_of_url, named_articles
from pipelines.failures import BodyMissing, FetchFailed
from pipelines.records import Provenance, RawMessage
from pipelines.transforms import naming
from pipelines.transforms.naming import named_by, named_in
from pipelines.transforms.step import InFlight, Step
from pipelines.validate import article_to_avro
from tests.builders import FETCHED_AT, a_clean_article, a_message, a_raw_article, an_article
from tests.transforms.pipelines import ends_of

ARTICLE, URL, OTHER = "a" * 32, "https://harbour-news.example/pier", "https://harbour-news.example/quay"
ITEM = b'{"url": "https://harbour-news.example/pier"'
NAMED, ELSEWHERE = article_id_of_url(URL), article_id_of_url(OTHER)


@pytest.mark.parametrize(("record", "named"), [
    (a_raw_article(), (NAMED,)),
    (a_clean_article(), (ARTICLE, NAMED)),
    (a_clean_article(url=None), (ARTICLE,)),
    (a_clean_article(article_id=NAMED), (NAMED,)),
    (an_article(), (ARTICLE, NAMED)),
    (article_to_avro(an_article(), Provenance("dateline", FETCHED_AT)), (ARTICLE, NAMED)),
    (a_message(), ()),
    (None, ()),
    ({"article_id": None}, ()),
])
def test_a_record_names_its_article_whichever_step_it_comes_from(record: object, named: tuple[str, ...]) -> None:
    assert named_in(record) == named


def test_what_cannot_be_named_names_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(naming, "named_articles", raises)
    assert named_in(a_raw_article()) == ()


@pytest.mark.parametrize(("message", "found", "named"), [
    (a_message(key=b"page", headers=()), (), ()),
    (a_message(key=b"page", headers=()), (ARTICLE,), (ARTICLE,)),
    (a_message(key=OTHER.encode(), headers=()), (NAMED,), (NAMED, ELSEWHERE)),
    (a_message(key=b"page", headers=(("url", OTHER.encode()),)), (ELSEWHERE, NAMED), (ELSEWHERE, NAMED)),
    (a_message(key=OTHER.encode(), headers=(), value=ITEM), (), (NAMED, ELSEWHERE)),
    (a_message(key=b"page", headers=(), value=ITEM), (ARTICLE,), (ARTICLE,)),
    (a_message(key=b"page", headers=(), value=b"[" + ITEM), (), ()),
    (a_message(key=b"page", headers=(), value=None), (), ()),
])
def test_header_and_key_are_looked_at_always_and_the_value_where_nothing_was_found(
    message: RawMessage, found: tuple[str, ...], named: tuple[str, ...]
) -> None:
    assert named_by(message, found) == named


def refuse_read(record: object, table: str) -> object:
    fault = FetchFailed("an HTTP status below 400", field="http_status", value=404)
    fault.url = URL
    raise fault


def refuse(record: object, table: str) -> object:
    raise BodyMissing("no paragraph")


def break_down(record: object, table: str) -> object:
    return 1 // 0


def load_nothing() -> str:
    return "table"


@pytest.mark.parametrize(("function", "record", "named"), [
    (refuse_read, a_message(), (NAMED,)), (refuse, a_message(), ()), (refuse, a_clean_article(), (ARTICLE, NAMED)),
    (refuse, a_raw_article(text=f"<link rel=canonical href={OTHER}>"), (ELSEWHERE, NAMED)),
    (break_down, an_article(), (ARTICLE, NAMED)), (break_down, a_raw_article(), named_articles(a_raw_article())),
])
def test_a_step_says_which_article_it_rejected(
    function: object, record: object, named: tuple[str, ...], tmp_path: Path
) -> None:
    step = Step("any", function, load_nothing)  # type: ignore[arg-type]
    (rejected,) = ends_of(step, [InFlight(a_message(), record)], ("rejected",), tmp_path)["rejected"]
    assert rejected.article_ids == named
