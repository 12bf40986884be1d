"""No web address raises, whoever wrote it: each becomes one canonical address, the same however often it is read."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.addresses import host_of, joined_address, path_of, split_address
from pipelines.clean import article_id_of_url, canonical_url, clean_article, load_rules
from pipelines.clean.identity import accepts_declared, registered_domain
from pipelines.decode import decode_message, load_decoder
from pipelines.failures import Rejected
from pipelines.settings import Limits
from tests.builders import a_message

HOSTILE = (
    "https://pier.example/a?q=%FF%FE", "https://pier.example/?%ff=%fe&b=%E9", "https://pier.example/a?q=%ED%A0%80",
    "https://pier.example/%", "https://pier.example/%zz%f?%=%&&=", "https://pier.example/\ud800?q=\udcff#!\ud800",
    "https://\udcff.example/", "http://[::1", "http://[::1]/a?q=%ff", "https://[::1%25eth0]/a", "https://[v1.a]/",
    "https://[2001:db8::1]:8443/a", "https://[1.2.3.4]/", "http://]/", "https://pier.example:99999/a",
    "https://pier.example:abc/a", "https://pier.example:-1/", "https://pier.example:٣/a", "https://pier.example: 80/a",
    "https://pi\x00er.example/\x01\x7f", "https://\u202epier.example/\u2028", "https://pier.example\u2100/a",
    "https://" + "ü" * 300 + ".example/a", "https://xn--/a", "https://xn--zzzzzz-/a", "https://pier。example/a",
    "https://ＰＩＥＲ.example/a", "https://\u00ad/", "https://user:pa%40ss@pier.example/a", "https://@/a", "https://:@:/",
    "javascript:alert(1)", "data:text/html,<p>", "https:\\\\pier.example\\a", "https:///a", "https://.../a",
    "https://.pier.example./a", "https://a..b/c", "//", "//[", "http:", "", "\x00", "\udcff",
    "https://" + "a" * 1_000_000 + ".example/", "https://pier.example/" + "a" * 1_000_000,
    "https://pier.example/?" + "a=1&" * 250_000, "https://pier.example/?a" + "%ff" * 300_000,
    "https://www.google.com/url?q=%FF%FE", "https://www.google.com/url?q=http://[::1", "https://web.archive.org/web/2020/",
    "https://web.archive.org/web/2020/https://[::1/", "https://pier.example/a;jsessionid=%FF/print/amp/",
)
PIECES = ("%FF", "%", "%2", "[", "]", ":", "@", "//", "\\", "?", "&", "=", "#", "#!", ";", "..", "/", "\x00", " ",
          "\t", "\ud800", "ü", "。", "xn--", "pier.example", "127.0.0.1", "[::1]", "www.google.com/url?q=", "amp/",
          "m.", "%25", "http://", "https://", "utm_source=a", "id=7", "web.archive.org/web/2020/", "index.html", "+",
          "~", "%7E", "'")
ADDRESSES = st.one_of(
    st.sampled_from([url for url in HOSTILE if len(url) < 1_000]), st.text(),
    st.builds("{}{}".format, st.sampled_from(("https://", "http://", "//", "https://pier.example/", "")),
              st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=4)), max_size=12).map("".join)),
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(ADDRESSES, ADDRESSES)
def test_no_address_raises_and_a_canonical_one_stays_as_it_is(url: str, other: str) -> None:
    once = canonical_url(url)
    assert canonical_url(once) == once
    assert article_id_of_url(once) == article_id_of_url(url)
    once.encode()
    canonical_url(url, other).encode()
    for read in (host_of, path_of, split_address, registered_domain, article_id_of_url):
        read(url)
    joined = joined_address(url, other)
    assert joined is None or split_address(joined) is not None
    accepts_declared(url, other)


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://pier.example/a?q=%FF%FE&utm_source=x", "https://pier.example/a?q=%FF%FE"),
        ("http://[::1]/a?q=%ff", "https://[::1]/a?q=%FF"),
        ("https://[2001:DB8::1]:8443/a", "https://[2001:db8::1]:8443/a"),
        ("https://pier.example/\ud800", "https://pier.example/%EF%BF%BD"),
        ("https://user:secret@pier.example/a", "https://pier.example/a"),
        ("http://[::1", "http://[::1"),
    ],
)
def test_what_becomes_of_an_odd_address(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical


def test_bytes_that_are_no_utf_8_tell_articles_apart() -> None:
    assert article_id_of_url("https://pier.example/a?q=%FF") != article_id_of_url("https://pier.example/a?q=%FE")


PLACES = {
    "canonical": '<link rel="canonical" href="{}">', "og:url": '<meta property="og:url" content="{}">',
    "image": '<meta property="og:image" content="{}">', "base": '<base href="{}">',
    "json-ld": '<script type="application/ld+json">{{"@type": "NewsArticle", "@id": "{0}", "url": "{0}",'
               '"image": "{0}", "mainEntityOfPage": "{0}", "author": {{"name": "Ann Leith", "url": "{0}"}}}}</script>',
    "crumbs": '<script type="application/ld+json">{{"@type": "BreadcrumbList", "itemListElement": [{{"name": "Port", '
              '"item": "{0}"}}]}}</script>',
    "link": '</head><body><article><p>See <a rel="author" href="{}">the harbour</a> for more of it.</p>',
}
TEXT = "<p>The council of Marrowby decided on Tuesday that the old pier will be rebuilt after two winters.</p>" * 4


@pytest.mark.parametrize("place", [*PLACES, "url", "key", "item"])
def test_a_page_with_a_hostile_address_anywhere_is_read(place: str) -> None:
    decoder, rules = load_decoder(Limits(), {}), load_rules(Limits())
    for address in HOSTILE:
        written = address.encode("utf-8", "surrogatepass")
        markup = PLACES[place].format(address) if place in PLACES else ""
        page = f"<html><head><title>Pier to be rebuilt</title>{markup}</head><body><h1>Pier to be rebuilt</h1>{TEXT}"
        value = page.encode("utf-8", "replace")
        if place == "item":
            text = "The council of Marrowby decided that the old pier will be rebuilt after two winters. " * 4
            quoted = address[:5_000].replace("\\", "\\\\").encode("unicode_escape").decode().replace("\\x", "\\u00")
            item = '{"url": "%s", "canonical_url": "%s", "image": "%s", "title": "Pier", "text": "%s"}'
            value = (item % (quoted, quoted, quoted, text)).encode()
        headers = (("content-type", b"application/json" if place == "item" else b"text/html"),
                   *((("url", written),) if place == "url" else ()))
        message = a_message(key=written if place == "key" else b"a", value=value, headers=headers)
        started = time.monotonic()
        try:
            article = clean_article(decode_message(message, decoder), rules)
        except Rejected:
            continue
        finally:
            assert time.monotonic() - started < 5
        (article.canonical_url or "").encode()
        (article.image_url or "").encode()
