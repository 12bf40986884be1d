"""One article has one address and one id, however it was reached; its text has one fingerprint and one signature."""

from __future__ import annotations

import pytest

from pipelines.clean.identity import (
    accepts_declared,
    article_id_of_url,
    canonical_url,
    content_hash,
    identity_of,
    registered_domain,
    story_signature,
)

PIER = "https://harbour-news.example/world/pier-opens-4711"


@pytest.mark.parametrize(
    "reached",
    [
        f"{PIER}?utm_source=mail&utm_medium=x",
        f"{PIER}?fbclid=IwAR0abc",
        f"{PIER}#comments",
        f"{PIER}/",
        f"{PIER}/amp",
        f"{PIER}/amp/",
        f"{PIER}?amp=1",
        f"{PIER}?outputType=amp",
        f"{PIER}?PHPSESSID=0123456789abcdef0123",
        f"{PIER};jsessionid=0123456789ABCDEF",
        *(
            f"{PIER}?{query}"
            for query in (
                "gclid=x", "mc_cid=1&mc_eid=2", "ref=home", "share=x", "share=1", "mibextid=Zx", "srsltid=Af",
                "at_medium=RSS",
                "source=rss", "feature=share", "print", "print=1", "printable=true", "view=print", "page=1",
                "utm%5Fsource=x",
                "outputType=amp-type", "noamp=mobile", "sid=0123456789abcdef0123456789abcdef", "", "&",
            )
        ),
        f"{PIER}/index.html",
        f"{PIER}/print/",
        f"{PIER}.amp",
        f"{PIER}#!",
        f"{PIER}#:~:text=pier",
        f" {PIER} ",
        "//harbour-news.example/world/pier-opens-4711",
        "http://harbour-news.example:80/world/pier-opens-4711",
        "https://harbour-news.example./world/pier-opens-4711",
        "https://desk:word@harbour-news.example/world/pier-opens-4711",
        "https://harbour-news.example//world//pier-opens-4711",
        "https://harbour-news.example/x/../world/./pier-opens-4711",
        "https://harbour-news.example/world/pier%2Dopens-4711",
        "https://harbour-news.example/m/world/pier-opens-4711",
        "https://harbour-news.example/world/amp/pier-opens-4711",
        "https://wap.harbour-news.example/world/pier-opens-4711",
        "https://m.www.harbour-news.example/world/pier-opens-4711",
        "https://www.google.co.uk/amp/s/amp.harbour-news.example/world/pier-opens-4711",
        f"https://www.google.com/url?sa=t&url={PIER}&usg=x",
        f"https://l.facebook.com/l.php?u={PIER.replace('/', '%2F')}&h=AT",
        f"https://web.archive.org/web/20260304093000/{PIER}",
        "http://harbour-news.example/world/pier-opens-4711",
        "https://harbour-news.example:443/world/pier-opens-4711",
        "HTTPS://Harbour-News.EXAMPLE/world/pier-opens-4711",
        "https://www.harbour-news.example/world/pier-opens-4711",
        "https://m.harbour-news.example/world/pier-opens-4711",
        "https://mobile.harbour-news.example/world/pier-opens-4711",
        "https://amp.harbour-news.example/world/pier-opens-4711",
        "https://harbour-news.example/amp/world/pier-opens-4711",
        "https://www.google.com/amp/s/harbour-news.example/world/pier-opens-4711",
        "https://harbour--news-example.cdn.ampproject.org/c/s/harbour-news.example/world/pier-opens-4711",
    ],
)
def test_every_way_to_an_article_is_one_id(reached: str) -> None:
    assert article_id_of_url(reached) == article_id_of_url(PIER)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://outlet.example/story.php?id=7", "https://outlet.example/story.php?id=8"),
        ("https://outlet.example/a?p=12", "https://outlet.example/a"),
        ("https://outlet.example/a?page=2", "https://outlet.example/a"),
        ("https://sport.outlet.example/a", "https://outlet.example/a"),
        ("https://outlet.example/Pier", "https://outlet.example/pier"),
        ("https://outlet.example/a?sid=12", "https://outlet.example/a?sid=13"),
        ("https://outlet.example/ampere", "https://outlet.example/ere"),
        ("https://outlet.example:8080/a", "https://outlet.example/a"),
        ("https://outlet.example/?p=123", "https://outlet.example/?p=124"),
        ("https://outlet.example/a?article=1", "https://outlet.example/a?article=2"),
        ("https://outlet.example/a?storyid=5", "https://outlet.example/a"),
        ("https://outlet.example/a?sid=1020304050607080901", "https://outlet.example/a?sid=1020304050607080902"),
        ("https://outlet.example/news.php?ref=4711", "https://outlet.example/news.php?ref=4712"),
        ("https://outlet.example/a?print=12", "https://outlet.example/a?print=13"),
        ("https://outlet.example/a?fb_id=11", "https://outlet.example/a?fb_id=12"),
        ("https://outlet.example/a?ID=3", "https://outlet.example/a?ID=4"),
        ("https://outlet.example/a;sid=1", "https://outlet.example/a;sid=2"),
        ("https://outlet.example/#!/story/5", "https://outlet.example/#!/story/6"),
        ("https://outlet.example/#/story/5", "https://outlet.example/#/story/6"),
        ("https://outlet.example/print/12", "https://outlet.example/print/13"),
        ("https://outlet.example/world/print", "https://outlet.example/world"),
        ("https://outlet.example/m/12", "https://outlet.example/12"),
        ("https://outlet.example/news/index.html?n=1", "https://outlet.example/news/?n=2"),
        ("https://www.google.com/url?q=pier", "https://www.google.com/url?q=crane"),
    ],
)
def test_what_tells_articles_apart_stays(one: str, other: str) -> None:
    assert article_id_of_url(one) != article_id_of_url(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://bücher.example/a", "https://xn--bcher-kva.example/a"),
        ("https://outlet.example/zürich", "https://outlet.example/z%c3%bcrich"),
        ("https://outlet.example/zürich", "https://outlet.example/zu\u0308rich"),
        ("https://outlet.example/a b", "https://outlet.example/a%20b"),
        ("https://outlet.example/s?q=a+b", "https://outlet.example/s?q=a%20b"),
        ("https://outlet.example/s?a=1&amp;b=2", "https://outlet.example/s?b=2&a=1"),
        ("https://outlet.example/a.html", "https://outlet.example/a.amp.html"),
        ("https://outlet.example?p=123", "https://outlet.example/index.php?p=123"),
    ],
)
def test_one_address_written_in_two_ways_is_one_id(one: str, other: str) -> None:
    assert article_id_of_url(one) == article_id_of_url(other)


def test_a_print_page_may_declare_its_article() -> None:
    article = "https://outlet.example/world/the-pier-opens"
    assert accepts_declared(f"{article}/print", article)


def test_a_query_is_sorted_and_its_ids_stay() -> None:
    assert canonical_url("https://outlet.example/s?b=2&utm_term=x&a=1") == "https://outlet.example/s?a=1&b=2"


@pytest.mark.parametrize(
    ("declared", "wins"),
    [
        ("https://www.harbour-news.example/region/pier-opens-4711", True),
        ("https://harbour-news.example/", False),
        ("https://harbour-news.example", False),
        ("https://harbour-news.example/world", False),
        ("https://other-outlet.example/world/pier-opens-4711", False),
        ("/world/pier", False),
        ("not an address", False),
    ],
)
def test_a_declared_address_wins_only_when_it_is_the_articles(declared: str, wins: bool) -> None:
    assert accepts_declared(PIER, declared) is wins
    assert (canonical_url(PIER, declared) != PIER) is wins


@pytest.mark.parametrize(
    "odd", ["", "   ", "not a url", "mailto:desk@outlet.example", "https://[::1", "http://x:99999/a", "//", "a" * 9_000]
)
def test_an_odd_key_still_has_an_id(odd: str) -> None:
    assert len(article_id_of_url(odd)) == 32


def test_registered_domains_need_no_network() -> None:
    assert registered_domain("https://m.news.outlet.co.uk/a") == "outlet.co.uk"
    assert registered_domain("http://192.0.2.7/a") == "192.0.2.7"


def test_without_an_address_the_text_is_the_identity() -> None:
    content = content_hash("Pier opens", "It opened.")
    assert identity_of(None, content) == identity_of(None, content_hash(" Pier  opens", "It\n\nopened."))
    assert identity_of(None, content) != identity_of(None, content_hash("Pier opens", "It shut."))
    assert identity_of(PIER, content) == article_id_of_url(PIER)


def alike(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    return sum(a == b for a, b in zip(one, other, strict=True)) / len(one)


STORY = " ".join(
    f"The {number}th councillor of the harbour said that pier number {number * 7} would stay open."
    for number in range(40)
)


def test_a_signature_tells_copies_from_other_stories() -> None:
    other = " ".join(
        f"Rain fell on valley {number} and farmers there counted {number * 3} sheep by night." for number in range(40)
    )
    assert alike(story_signature(STORY), story_signature(STORY.upper())) == 1.0
    assert alike(story_signature(STORY), story_signature(STORY[: len(STORY) * 8 // 10])) > 0.6
    assert alike(story_signature(STORY), story_signature(other)) < 0.1


def test_a_signature_is_the_same_everywhere() -> None:
    signature = story_signature(STORY)
    assert len(signature) == 192
    assert all(0 <= value < 2**32 for value in signature)
    assert signature == story_signature(STORY)
    assert signature[:3] == (
        167140650,
        86090313,
        364261813,
    )
    assert signature[126:129] == (
        985021041,
        86090313,
        1664014037,
    )  # a changed library or rule would part copies seen before from those to come


def test_a_brief_has_the_lead_of_the_text_that_it_was_cut_from() -> None:
    long = STORY + " " + STORY.replace("pier", "crane").replace("councillor", "pilot")
    brief = " ".join(long.split()[:150])
    assert story_signature(brief)[126:] == story_signature(long)[126:] == story_signature(brief)[:66]
    assert alike(story_signature(brief)[:126], story_signature(long)[:126]) < 0.2


def test_a_script_without_spaces_has_a_signature() -> None:
    text = "港の議会は火曜日に東の桟橋を直すことを決めた。漁師たちは二年前の嵐から待っていた。工事は五月に始まる。"
    assert len(story_signature(text)) == 192
    assert alike(story_signature(text), story_signature(text[:40])) > 0.5


def test_a_short_body_has_no_signature() -> None:
    assert story_signature("Twenty-nine words or fewer say too little to be told apart.") == ()


@pytest.mark.parametrize(
    ("url", "declared", "is_accepted"),
    [
        ("https://quay.example/2026/03/pier-to-open", "https://quay.example/2026/", False),
        ("https://quay.example/2026/03/pier-to-open", "https://quay.example/2026/03/", False),
        ("https://quay.example/news/1204577/pier-to-open", "https://quay.example/news/1204577/", True),
        ("https://quay.example/news/pier-a12/comments", "https://quay.example/news/pier-a12", True),
    ],
)
def test_an_archive_is_no_canonical_address(url: str, declared: str, is_accepted: bool) -> None:
    assert accepts_declared(url, declared) is is_accepted
