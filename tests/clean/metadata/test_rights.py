"""What pages, response headers and items declare about the use of an article is read; what others declare is not."""

from __future__ import annotations

import json
from html import escape
from typing import Any

import pytest

from pipelines.clean import clean_article, load_rules
from pipelines.clean.metadata.robots import restrictions_in
from pipelines.records import CleanArticle, Evidence, Rights
from pipelines.settings import Limits, RightsSettings
from tests.builders import BODY, a_raw_article

RULES = load_rules(Limits())
URL = "https://harbour-news.example/pier"
TEXT = "".join(f"<p>{paragraph}</p>" for paragraph in BODY.split("\n\n"))


def cleaned(head: str = "", after: str = "", agents: tuple[str, ...] = (), **changes: Any) -> CleanArticle:
    page = (
        f"<html><head><title>Pier to be rebuilt</title>{head}</head>"
        f"<body><article><h1>Pier to be rebuilt</h1>{TEXT}</article>{after}</body></html>"
    )
    rules = load_rules(Limits(), RightsSettings(agents=agents)) if agents else RULES
    return clean_article(a_raw_article(text=page, url=URL, **changes), rules)


def ld(*objects: dict[str, Any]) -> str:
    return "".join(f'<script type="application/ld+json">{json.dumps(each)}</script>' for each in objects)


def news(**declared: Any) -> dict[str, Any]:
    return {"@context": "https://schema.org", "@type": "NewsArticle", "headline": "Pier to be rebuilt"} | declared


def meta(name: str, content: str) -> str:
    return f'<meta name="{name}" content="{escape(content)}">'


@pytest.mark.parametrize(("content", "restrictions"), [
    ("noindex", ("noindex",)),
    ("NOARCHIVE, NoAI", ("noarchive", "noai")),
    ("none", ("noindex",)),
    ("nocache", ("noarchive",)),
    ("noindex nofollow", ("noindex",)),
    ("noai; noimageai", ("noai", "noimageai")),
    ("max-snippet: 0", ("nosnippet",)),
    ("max-snippet:0, max-image-preview:none", ("nosnippet",)),
    ("nosnippet,noindex,nosnippet", ("nosnippet", "noindex")),
    ("index, follow", ()),
    ("all", ()),
    ("max-image-preview:large, max-snippet:-1, max-video-preview:-1", ()),
    ("max-snippet:50", ()),
    ("nofollow", ()),
    ("noodp, noydir", ()),
    ("unavailable_after: 25 Jun 2026 15:00:00 PST", ()),
    ("googlebot: noindex", ()),
])
def test_directives_for_robots(content: str, restrictions: tuple[str, ...]) -> None:
    assert cleaned(meta("robots", content)).rights.robots == restrictions


def test_the_restrictions_of_all_tags_and_headers_add_up() -> None:
    head = meta("robots", "noarchive") + meta("ROBOTS", "noai")
    article = cleaned(head, headers={"x-robots-tag": "noimageai\nnoarchive"})
    assert article.rights.robots == ("noarchive", "noai", "noimageai")
    assert article.evidence["robots"] == Evidence(
        "meta, response header", "robots: noarchive; robots: noai; x-robots-tag: noimageai noarchive"
    )


def test_directives_for_other_robots_count_only_if_the_settings_name_them() -> None:
    head = meta("googlebot", "noindex") + meta("QuayBot", "noai")
    headers = {"x-robots-tag": "otherbot: noindex, nofollow\nquaybot: noarchive, nosnippet"}
    assert cleaned(head, headers=headers).rights.robots == ()
    assert cleaned(head, headers=headers, agents=("QuayBot",)).rights.robots == ("noai", "noarchive", "nosnippet")


def test_directives_after_the_name_of_a_robot_are_for_that_robot() -> None:
    assert list(restrictions_in("noai, otherbot: noindex, noarchive")) == ["noai"]
    assert list(restrictions_in("*: noindex")) == ["noindex"]


@pytest.mark.parametrize(("head", "headers", "reserved", "how"), [
    (meta("tdm-reservation", "1"), {}, True, "meta"),
    (meta("TDM-Reservation", " 1 "), {}, True, "meta"),
    (meta("tdm-reservation", "0"), {}, False, "meta"),
    ("", {"tdm-reservation": "1"}, True, "response header"),
    ("", {"tdm-reservation": "0"}, False, "response header"),
    (meta("tdm-reservation", "0"), {"tdm-reservation": "1"}, False, "meta"),
    (meta("tdm-reservation", "yes"), {"tdm-reservation": "2"}, None, None),
    (meta("tdm-reservation", ""), {"tdm-reservation": ""}, None, None),
    ("", {}, None, None),
])
def test_tdm_reservation(head: str, headers: dict[str, str], reserved: bool | None, how: str | None) -> None:
    article = cleaned(head, headers=headers)
    assert article.rights.tdm_reserved is reserved
    seen = article.evidence.get("tdm_reserved")
    assert (seen and seen.how) == how


@pytest.mark.parametrize(("policy", "read"), [
    ("https://harbour-news.example/policies/tdm.json", "https://harbour-news.example/policies/tdm.json"),
    ("/policies/tdm.json", None),
    ("javascript:alert(1)", None),
    ("http://[::1", None),
    ("https://harbour-news.example/" + "a" * 3_000, None),
])
def test_the_tdm_policy_is_a_web_address(policy: str, read: str | None) -> None:
    assert cleaned(meta("tdm-policy", policy)).rights.tdm_policy == read


TERMS = "https://harbour-news.example/terms"


@pytest.mark.parametrize(("head", "after", "license_", "how"), [
    (ld(news(license=TERMS)), "", TERMS, "json-ld"),
    (ld(news(license={"@type": "CreativeWork", "name": "All rights reserved"})), "", "All rights reserved", "json-ld"),
    (ld(news(license={"@id": TERMS})), "", TERMS, "json-ld"),
    (ld(news(license=["", TERMS])), "", TERMS, "json-ld"),
    (ld({"@graph": [{"@graph": [news(license=TERMS)]}]}), "", TERMS, "json-ld"),
    (ld({"@type": "WebPage", "license": TERMS}), "", TERMS, "json-ld"),
    ('<link rel="license" href="/terms">', "", TERMS, "link license"),
    ("", '<footer><a rel="nofollow license" href="/terms">CC BY</a></footer>', TERMS, "a license"),
    (ld(news(license="My terms")) + '<link rel="license" href="/terms">', "", "My terms", "json-ld"),
    ("", '<footer><a href="/license">Licence</a></footer>', None, None),
    ("", '<footer><a rel="license" href="javascript:void(0)">Licence</a></footer>', None, None),
    ("", f'<figure><a rel="license" href="{TERMS}">CC BY</a></figure>', None, None),
    ("", f'<div class="user-comments"><p><a rel="license" href="{TERMS}">mine</a></p></div>', None, None),
    ("", f'<span class="photo-credit"><a rel="license" href="{TERMS}">CC BY</a></span>', None, None),
    (ld(news(image={"@type": "ImageObject", "license": TERMS})), "", None, None),
    (ld({"@type": "ImageObject", "license": TERMS, "copyrightNotice": "Quay Pictures"}), "", None, None),
    (ld(news(), news(headline="Another story", url="https://b.example/1", license=TERMS)), "", None, None),
    (ld(news(license=True)), "", None, None),
    (ld(news(license={})), "", None, None),
])
def test_licences(head: str, after: str, license_: str | None, how: str | None) -> None:
    article = cleaned(head, after)
    assert article.rights.license == license_
    seen = article.evidence.get("license")
    assert (seen and seen.how) == how
    assert article.rights.copyright_notice is None


def test_conditions_of_use_in_json_ld() -> None:
    article = cleaned(ld(news(
        usageInfo={"@type": "CreativeWork", "url": "https://harbour-news.example/reuse"},
        acquireLicensePage="https://harbour-news.example/licensing", copyrightNotice="© 2026 <b>Harbour</b> News",
    )))
    assert article.rights == Rights(
        usage_info="https://harbour-news.example/reuse", acquire_license_page="https://harbour-news.example/licensing",
        copyright_notice="© 2026 Harbour News",
    )
    assert article.evidence["acquire_license_page"] == Evidence(
        "json-ld", "acquireLicensePage: https://harbour-news.example/licensing"
    )


PART = {"@type": "WebPageElement", "cssSelector": ".paywall"}


@pytest.mark.parametrize(("head", "is_free"), [
    (ld(news(isAccessibleForFree=False)), False),
    (ld(news(isAccessibleForFree="False")), False),
    (ld(news(isAccessibleForFree="http://schema.org/False")), False),
    (ld(news(isAccessibleForFree=["false"])), False),
    (ld(news(isAccessibleForFree={"@type": "Boolean", "@value": False})), False),
    (ld(news(isAccessibleForFree="True")), True),
    (ld(news(isAccessibleForFree=True)), True),
    (ld(news(hasPart=PART | {"isAccessibleForFree": "False"})), False),
    (ld(news(isAccessibleForFree=True, hasPart=[PART | {"isAccessibleForFree": False}])), False),
    (ld(news(isAccessibleForFree=False, hasPart=[PART | {"isAccessibleForFree": True}])), False),
    (ld({"@graph": [{"@type": "WebSite", "name": "Harbour"}, {"@graph": [news(isAccessibleForFree="false")]}]}), False),
    (meta("article:content_tier", "locked"), False),
    ('<meta property="article:content_tier" content="Metered">', False),
    ('<meta property="article:content_tier" content="free">', True),
    ('<meta itemprop="isAccessibleForFree" content="False">', False),
    (ld(news(isAccessibleForFree=True)) + meta("article:content_tier", "locked"), True),
    ('<meta property="article:content_tier" content="premium-plus">', None),
    (ld(news(isAccessibleForFree="partly")), None),
    (ld(news(isAccessibleForFree=None)), None),
    (ld(news(hasPart=PART | {"isAccessibleForFree": True})), None),
    (ld(news(hasPart="paywall")), None),
    (ld(news(hasPart=news(headline="Another", isAccessibleForFree=False))), None),
    (ld({"@type": "Event", "name": "Pier party", "isAccessibleForFree": False}), None),
    ("", None),
])
def test_paywalls(head: str, is_free: bool | None) -> None:
    assert cleaned(head).rights.is_accessible_for_free is is_free


@pytest.mark.parametrize("after", [
    '<div class="comment"><meta name="robots" content="noindex"><meta name="tdm-reservation" content="1"></div>',
    '<meta name="robots" content="noai">',
    '<!-- <meta name="robots" content="noindex"> -->',
    "<p>&lt;meta name=\"robots\" content=\"noindex\"&gt;</p>",
    '<template><meta name="tdm-reservation" content="1"></template>',
])
def test_tags_in_the_text_of_the_page_are_not_its_own(after: str) -> None:
    assert cleaned(after=after).rights == Rights()


def test_a_head_that_ends_too_early_keeps_its_tags() -> None:
    assert cleaned('<div></div><meta name="robots" content="noai">').rights.robots == ("noai",)


def test_a_text_dump_has_the_rights_of_its_response() -> None:
    dump = f"Pier to be rebuilt\n\n{BODY}"
    article = clean_article(a_raw_article(kind="text", text=dump, headers={"x-robots-tag": "noarchive"}), RULES)
    assert article.rights.robots == ("noarchive",)


ITEM: dict[str, object] = {"title": "Pier to be rebuilt", "maintext": BODY, "url": URL}


@pytest.mark.parametrize(("more", "rights"), [
    ({"isAccessibleForFree": "False", "license": TERMS}, Rights(license=TERMS, is_accessible_for_free=False)),
    ({"copyrightNotice": "© Harbour", "usageInfo": TERMS}, Rights(usage_info=TERMS, copyright_notice="© Harbour")),
    ({"html": f"<html><head>{meta('robots', 'noai')}</head><body>{TEXT}</body></html>"}, Rights(("noai",))),
    ({"html": "<div>" * 600 + TEXT}, Rights()),
    ({"license": 7, "isAccessibleForFree": "perhaps", "hasPart": [None, 3]}, Rights()),
    ({}, Rights()),
])
def test_items(more: dict[str, object], rights: Rights) -> None:
    article = clean_article(a_raw_article(kind="item", item=ITEM | more, text=""), RULES)
    assert article.rights == rights
    assert article.body == BODY


def test_an_item_whose_page_is_read_has_the_rights_of_both() -> None:
    head = meta("robots", "noai") + ld(news(license=TERMS))
    page = f"<html><head>{head}</head><body><h1>Pier</h1>{TEXT}</body></html>"
    item = {"title": "Pier to be rebuilt", "html": page, "url": URL, "license": "Own terms"}
    article = clean_article(
        a_raw_article(kind="item", item=item, text="", headers={"tdm-reservation": "1"}), RULES)
    assert article.rights == Rights(("noai",), tdm_reserved=True, license="Own terms")
    assert [article.evidence[name].how for name in ("robots", "tdm_reserved", "license")] == [
        "meta", "response header", "item"
    ]


def test_hostile_values_are_bounded_and_readable() -> None:
    article = cleaned(
        meta("robots", "noai, " * 50_000) + ld(news(copyrightNotice="\u0000\ud800©" + "a" * 50_000))
        + meta("tdm-reservation", "1" * 10_000) + '<meta name="robots" content="noindex">' * 5_000
    )
    assert article.rights.robots == ("noai", "noindex")
    assert article.rights.tdm_reserved is None
    assert (article.rights.copyright_notice or "").startswith("©aaa")
    assert len(article.rights.copyright_notice or "") <= 2_000
    assert all(len(seen.read_from or "") <= 200 for seen in article.evidence.values())
