"""How the outlets of the made-up month show an article: three page layouts, and the item of a spider."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape


@dataclass(frozen=True, slots=True)
class Shown:
    """An article as its outlet shows it at one moment. ``teasers`` are headlines of other articles, which change."""

    outlet: str
    url: str
    section: str
    headline: str
    paragraphs: Sequence[str]
    author: str
    published_at: datetime
    modified_at: datetime
    teasers: Sequence[str]


def json_ld_page(shown: Shown) -> str:
    """A page that declares its article as JSON-LD."""
    declared = {
        "@context": "https://schema.org", "@type": "NewsArticle", "headline": shown.headline,
        "datePublished": shown.published_at.isoformat(), "dateModified": shown.modified_at.isoformat(),
        "articleSection": shown.section, "author": [{"@type": "Person", "name": shown.author}],
        "publisher": {"@type": "NewsMediaOrganization", "name": shown.outlet},
    }
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(shown.headline)} - {escape(shown.outlet)}</title>
<link rel="canonical" href="{escape(shown.url)}">
<meta property="og:type" content="article"><meta property="og:site_name" content="{escape(shown.outlet)}">
<script type="application/ld+json">{json.dumps(declared, ensure_ascii=False).replace("<", "\\u003c")}</script></head>
<body><header class="masthead"><a href="/">{escape(shown.outlet)}</a>
<nav><ul><li><a href="/news">News</a></li><li><a href="/business">Business</a></li><li><a href="/sport">Sport</a></li>
</ul></nav><a href="/subscribe">Subscribe</a></header>
<main><article class="story"><h1>{escape(shown.headline)}</h1>
<div class="story-meta"><span class="byline">By <a rel="author" href="/people">{escape(shown.author)}</a></span>
<time datetime="{shown.published_at.isoformat()}">{_day(shown.published_at)}</time></div>
<div class="story-body">
{_paragraphs(shown.paragraphs)}
</div></article>
<section class="most-read"><h2>Most read</h2><ol>{_links(shown.teasers)}</ol></section></main>
<footer><a href="/contact">Contact</a> <a href="/privacy">Privacy policy</a> © 2026 {escape(shown.outlet)}</footer>
</body></html>"""


def blog_page(shown: Shown) -> str:
    """A page of a blog engine: dates and byline are marked by classes, and comments follow."""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(shown.headline)} | {escape(shown.outlet)}</title>
<link rel="canonical" href="{escape(shown.url)}"><meta property="og:title" content="{escape(shown.headline)}">
<meta property="og:site_name" content="{escape(shown.outlet)}"></head>
<body class="single single-post"><header id="masthead"><p class="site-title"><a href="/">{escape(shown.outlet)}</a></p>
<ul id="primary-menu"><li><a href="/a">News</a></li><li><a href="/b">Letters</a></li><li><a href="/c">Weather</a></li>
</ul></header>
<main id="main"><article class="post hentry"><h1 class="entry-title">{escape(shown.headline)}</h1>
<div class="entry-meta">Posted on <time class="entry-date published" datetime="{shown.published_at.isoformat()}">\
{_day(shown.published_at)}</time> by <span class="author vcard"><a class="url fn n" href="/author">\
{escape(shown.author)}</a></span></div>
<div class="entry-content">
{_paragraphs(shown.paragraphs)}
</div>
<footer class="entry-footer">Posted in <a href="/category">{escape(shown.section)}</a></footer></article>
<div id="comments" class="comments-area"><h2>1 thought</h2><ol>
<li>old_salt: I said so in the spring.</li></ol></div></main>
<aside class="widget-area"><h2>Recent posts</h2><ul>{_links(shown.teasers)}</ul></aside>
<footer id="colophon">© {escape(shown.outlet)} 2026</footer></body></html>"""


def plain_page(shown: Shown) -> str:
    """A page with meta tags for the date and a visible byline."""
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(shown.headline)} | {escape(shown.outlet)}</title>
<meta property="og:url" content="{escape(shown.url)}"><meta property="og:site_name" content="{escape(shown.outlet)}">
<meta property="article:published_time" content="{shown.published_at.isoformat()}">
<meta property="article:section" content="{escape(shown.section)}"></head>
<body><div class="top"><a href="/">{escape(shown.outlet)}</a> <a href="/world">World</a> <a href="/money">Money</a>
</div>
<div class="content"><h1 class="headline">{escape(shown.headline)}</h1>
<p class="byline">By {escape(shown.author)}</p><p class="date">{_day(shown.published_at)}</p>
<div class="text">
{_paragraphs(shown.paragraphs)}
</div><div class="more"><h3>Read next</h3><ul>{_links(shown.teasers)}</ul></div></div>
<div class="bottom">About us. Terms. © {escape(shown.outlet)}</div></body></html>"""


def spider_item(shown: Shown) -> str:
    """A JSON item, as a spider emits it."""
    return json.dumps({
        "url": shown.url, "headline": shown.headline, "byline": f"By {shown.author}",
        "published": shown.published_at.isoformat(), "section": shown.section,
        "body_html": "".join(f"<p>{escape(each)}</p>" for each in shown.paragraphs),
    }, ensure_ascii=False)


LAYOUTS: Mapping[str, Callable[[Shown], str]] = {
    "json_ld": json_ld_page, "blog": blog_page, "plain": plain_page, "item": spider_item,
}


def _day(at: datetime) -> str:
    return f"{at.day} {at:%B %Y}"


def _paragraphs(paragraphs: Sequence[str]) -> str:
    return "\n".join(f"<p>{escape(each, quote=False)}</p>" for each in paragraphs)


def _links(headlines: Sequence[str]) -> str:
    return "".join(f'<li><a href="/{n}">{escape(each)}</a></li>' for n, each in enumerate(headlines))
