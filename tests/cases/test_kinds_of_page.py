"""Consent walls, teasers, section fronts, error pages and files of another kind are told from articles."""

from __future__ import annotations

import gzip
import json
from functools import partial

import pytest

from pipelines.failures import Rejected
from tests.cases.reading import ADDRESS, BODY, PARAGRAPHS, TITLE, a_page, article_of, linked_data, reason_of

packed = partial(gzip.compress, mtime=0)  # parametrized tests are named the same in every process


def page(title: str, body: str, head: str = "") -> str:
    return f"<!DOCTYPE html><html><head><title>{title}</title>{head}</head><body>{body}</body></html>"


def wall(title: str, *lines: str, buttons: tuple[str, str], lang: str = "en") -> str:
    text = "".join(f"<p>{line}</p>" for line in lines)
    return (
        f'<!DOCTYPE html><html lang="{lang}"><head><title>{title}</title></head><body><div class="message"><h1>{title}'
        f"</h1>{text}<button>{buttons[0]}</button> <button>{buttons[1]}</button></div></body></html>"
    )


# 4: consent walls
WALLS = {
    "english": wall(
        "Before you continue to Harbour News",
        "We and our 214 partners store and access information on your device, such as cookies and unique "
        "identifiers, to deliver personalised advertising, measure audiences and develop our services.",
        "You can accept all, reject all, or change your preferences at any time in our privacy settings. Some partners "
        "process personal data on the basis of legitimate interest, to which you may object.",
        buttons=("Accept all", "Manage settings"),
    ),
    "english, short": wall(
        "Your privacy matters to us",
        "We use cookies and process personal data with your consent. Choose Accept to agree, or Reject to decline; "
        "you can withdraw your consent at any time in our privacy policy.",
        buttons=("I agree", "Reject"),
    ),
    "english, under the outlet's name": wall(
        "Harbour News",
        "This site asks for consent to use your data: personalised ads and content, ad and content measurement, "
        "audience research and services development, by our vendors and us.",
        "Your personal data will be processed and information from your device (cookies, unique identifiers and "
        "other device data) may be stored by, accessed by and shared with our vendors, or used by this site alone.",
        buttons=("Consent", "Manage options"),
    ),
    "german, pay or consent": wall(
        "Weiter mit Werbung oder im Abo",
        "Besuchen Sie die Hafenpost wie gewohnt mit Werbung und Tracking. Mit Ihrer Zustimmung verarbeiten wir und "
        "unsere Partner personenbezogene Daten und setzen Cookies für personalisierte Werbung.",
        "Die Einwilligung ist jederzeit widerrufbar. Details zu Datenschutz und berechtigtem Interesse finden Sie in "
        "unserer Datenschutzerklärung, auch zum Widerruf.",
        buttons=("Zustimmen und weiter", "Abo kaufen"),
        lang="de",
    ),
    "french": wall(
        "Avec votre accord",
        "Nos partenaires et nous déposons des cookies et utilisons des données personnelles afin de vous proposer une "
        "publicité personnalisée et de mesurer l’audience, avec votre consentement.",
        "Vous pouvez accepter, refuser ou retirer votre consentement à tout moment. Les finalités et la liste des "
        "partenaires qui utilisent des traceurs sont consultables ici.",
        buttons=("Accepter", "Continuer sans accepter"),
        lang="fr",
    ),
    "spanish": wall(
        "Tu privacidad es importante",
        "Nosotros y nuestros socios almacenamos cookies y tratamos datos personales, con tu consentimiento, para "
        "mostrar publicidad personalizada y medir la audiencia de los contenidos.",
        "Puedes aceptar o rechazar el consentimiento y cambiarlo en cualquier momento en la política de cookies y "
        "privacidad.",
        buttons=("Aceptar", "Rechazar"),
        lang="es",
    ),
    "italian": wall(
        "Informativa sui cookie",
        "Noi e terze parti selezionate utilizziamo cookie e trattiamo dati personali con il tuo consenso, per "
        "pubblicità personalizzata e misurazione del pubblico.",
        "Puoi prestare il consenso con il pulsante accetta, oppure rifiutarlo; la privacy policy spiega come "
        "revocarlo.",
        buttons=("Accetta", "Rifiuta"),
        lang="it",
    ),
    "dutch": wall(
        "Jouw keuze over cookies",
        "Wij en onze partners plaatsen cookies en verwerken persoonsgegevens voor gepersonaliseerde advertenties, "
        "met jouw toestemming; zo meten wij ook het bereik van onze berichten.",
        "Je kunt alles accepteren of weigeren en je toestemming altijd intrekken in de privacy-instellingen van deze "
        "site.",
        buttons=("Accepteren", "Instellen"),
        lang="nl",
    ),
    "portuguese": wall(
        "A sua privacidade",
        "Nós e os nossos parceiros usamos cookies e tratamos dados pessoais com o seu consentimento, para publicidade "
        "personalizada e medição de audiências.",
        "Pode aceitar ou recusar; o consentimento pode ser retirado a qualquer momento na política de cookies e "
        "privacidade.",
        buttons=("Aceitar", "Recusar"),
        lang="pt",
    ),
    "polish": wall(
        "Dbamy o Twoją prywatność",
        "My i nasi partnerzy przechowujemy pliki cookie i przetwarzamy dane osobowe za Twoją zgodą, aby wyświetlać "
        "spersonalizowane reklamy i mierzyć ich skuteczność.",
        "Zgodę na przetwarzanie danych osobowych i pliki cookies możesz wycofać w każdej chwili w ustawieniach "
        "prywatności.",
        buttons=("Zgadzam się", "Ustawienia"),
        lang="pl",
    ),
}


@pytest.mark.parametrize("wall", WALLS.values(), ids=WALLS)
def test_a_consent_wall_is_no_article(wall: str) -> None:
    assert reason_of(wall) == "ConsentWall"


def test_a_consent_wall_is_reported_by_its_address_too() -> None:
    assert reason_of(WALLS["english"], url="https://consent.harbour-news.example/?next=/pier") == "ConsentWall"


BANNER = (
    "<div class='cookie-banner'><p>We and our partners use cookies to store information on your device and to show "
    "personalised ads. You can accept all, or change your preferences in the privacy settings.</p></div>"
)
ON_COOKIES = (
    "Brandvale (HNA): The data office of Brandvale fined three web shops on Monday because their cookie banners hid "
    "the button to reject tracking.",
    "Consent must be as easy to withdraw as to give, said its head, Ines Falk, who had warned the shops’ partners in "
    "May.",
    "The shops said that they had stored no personal data on the devices of children, and that they would appeal.",
    "Two thirds of the visitors had clicked on accept, the office found, and one in ten had found the privacy "
    "settings.",
)


@pytest.mark.parametrize(
    "article",
    [
        a_page(before=BANNER),
        a_page().replace("<article>", f"{BANNER}<article>"),
        a_page(after=BANNER),
        a_page(ON_COOKIES, "Data office fines shops for cookie banners that hide the way out"),
        a_page(PARAGRAPHS[:2]).replace("<article>", f"{BANNER}<article>"),
    ],
    ids=["banner in the article", "banner before it", "banner after it", "news of cookies", "a brief under a banner"],
)
def test_an_article_beside_or_about_a_request_for_consent_is_loaded(article: str) -> None:
    assert reason_of(article) == ""


# 5: teasers
def teaser(after: str, head: str = "", ends: str = "", lang: str = "en") -> str:
    return a_page((PARAGRAPHS[0], PARAGRAPHS[1] + ends), head=head, after=after, lang=lang)


TEASERS = {
    "subscribe to continue": teaser("<div class='wall'><p>Subscribe to continue reading</p></div>"),
    "already a subscriber": teaser(
        "<section><h3>This article is for subscribers only</h3><p>Already a subscriber? Log in</p></section>"
    ),
    "register": teaser("<div id='gate'><p>Register for free to keep reading this story.</p></div>", ends=" …"),
    "json-ld: not free": teaser(
        "<div class='offer'><p>Join now to read the full story</p></div>",
        linked_data(headline=TITLE, isAccessibleForFree=False),
    ),
    "json-ld: 'False' in words": teaser("", linked_data(headline=TITLE, isAccessibleForFree="False")),
    "json-ld: many more words": teaser("", linked_data(headline=TITLE, wordCount=900)),
    "ends in an ellipsis": teaser("", ends=" The rest of the plan, however, …"),
    "ends in dots": teaser("<p><a href='/plans'>See our plans</a></p>", ends=" The rest of the plan [...]"),
    "german": teaser("<div><p>Jetzt weiterlesen mit Hafenpost Plus</p></div>", lang="de"),
    "german, subscribers": teaser("<div><p>Dieser Artikel ist nur für Abonnenten lesbar.</p></div>", lang="de"),
    "french": teaser(
        "<div><p>Cet article est réservé aux abonnés. Il vous reste 80 % de cet article à lire.</p></div>", lang="fr"
    ),
    "spanish": teaser("<div><p>Suscríbete para seguir leyendo</p></div>", lang="es"),
    "italian": teaser("<div><p>Contenuto riservato agli abbonati</p></div>", lang="it"),
    "dutch": teaser("<div><p>Dit artikel is alleen voor abonnees</p></div>", lang="nl"),
    "polish": teaser("<div><p>Dalsza część dostępna dla prenumeratorów</p></div>", lang="pl"),
    "portuguese": teaser("<div><p>Conteúdo exclusivo para assinantes</p></div>", lang="pt"),
}


@pytest.mark.parametrize("page", TEASERS.values(), ids=TEASERS)
def test_a_teaser_is_loaded_and_marked(page: str) -> None:
    article = article_of(page)
    assert article.is_truncated
    assert article.evidence["is_truncated"].how == "paywall"
    assert article.body.startswith(PARAGRAPHS[0])
    assert any(said.startswith("Truncated") for said in article.warnings)


WHOLE = {
    "a plain article": a_page(),
    "a newsletter box after it": a_page(
        after="<div class='box'><p>Subscribe to our newsletter, every Friday.</p></div>"
    ),
    "free in json-ld": a_page(head=linked_data(headline=TITLE, isAccessibleForFree=True, wordCount=len(BODY.split()))),
    "a word count that is near": a_page(head=linked_data(headline=TITLE, wordCount=len(BODY.split()) + 20)),
    "a quote that trails off": a_page(
        (*PARAGRAPHS[:2], "“And then the sea…” said Tom Okafor, and shook his head.", *PARAGRAPHS[2:])
    ),
    "news of a club": a_page(
        (*PARAGRAPHS[:2], "The clubhouse on the quay will stay open for members only, Falk said.")
    ),
    "a link to log in on top": a_page().replace("<nav>", "<div class='top'><a href='/login'>Log in</a></div><nav>"),
}


@pytest.mark.parametrize("page", WHOLE.values(), ids=WHOLE)
def test_a_whole_article_is_not_marked(page: str) -> None:
    assert not article_of(page).is_truncated


# 8: section fronts
HEADLINES = [
    f"{place} {verb} {thing}"
    for place, verb, thing in zip(
        (
            "Marrowby council",
            "Port Ansel crews",
            "Brandvale mayor",
            "Ostrel farmers",
            "Quay Street traders",
            "Lindmoor school",
            "Veyra ferries",
            "Halden rowers",
            "Sundholm nurses",
            "Tarn valley villages",
            "Corrin brewers",
            "Old Mill readers",
            "Ansel lighthouse",
            "Marrow bridge",
        ),
        (
            "votes to rebuild",
            "ask for",
            "opens",
            "fear for",
            "protest against",
            "celebrates",
            "return to",
            "win",
            "wait for",
            "lose",
            "hope for",
            "choose",
            "closes for",
            "awaits",
        ),
        (
            "the east pier after the storm",
            "a second berth this winter",
            "a library in the old customs house",
            "the harvest as rain stays away",
            "the new parking fees",
            "a hundred years with a long dinner",
            "their summer timetable early",
            "the regatta by half a length",
            "an answer on their pay",
            "their last bus to the coast",
            "a better year after the frost",
            "the book of the season",
            "repairs until the autumn",
            "its third coat of paint in a decade",
        ),
        strict=True,
    )
]
TEASER = "The decision came late on Tuesday, after a long debate."


def front(item: str, *, title: str = "World news", head: str = "", wrap: str = "<main>{}</main>") -> str:
    items = "".join(item.format(n=n, headline=headline, teaser=TEASER) for n, headline in enumerate(HEADLINES))
    return page(
        title, f"<nav><a href='/'>Home</a></nav><h1>{title}</h1>{wrap.format(items)}<footer>Harbour News</footer>", head
    )


CARD = "<article><h2><a href='/news/{n}'>{headline}</a></h2><p>{teaser}</p></article>"
WEBSITE = "<meta property='og:type' content='website'>"
COLLECTION = '<script type="application/ld+json">{"@type": "CollectionPage", "name": "World news"}</script>'
FRONTS = {
    "cards at the root": (front(CARD), "https://harbour-news.example/"),
    "cards under a section": (front(CARD, head=WEBSITE), "https://harbour-news.example/world"),
    "told by json-ld": (front(CARD, head=COLLECTION), "https://harbour-news.example/world/"),
    "a bare list of links": (
        front("<li><a href='/news/{n}'>{headline}</a></li>", wrap="<ul>{}</ul>"),
        "https://harbour-news.example/latest",
    ),
    "headings alone": (front("<h3><a href='/news/{n}'>{headline}</a></h3>"), "https://harbour-news.example/sport"),
    "divs": (
        front("<div class=item><a href='/news/{n}'><h3>{headline}</h3></a><div>{teaser}</div></div>", head=WEBSITE),
        "https://harbour-news.example/sport",
    ),
    "a table": (
        front("<tr><td>10:4{n}</td><td><a href='/news/{n}'>{headline}</a></td></tr>", wrap="<table>{}</table>"),
        "https://harbour-news.example/archive/2026/03",
    ),
    "a tag's page": (front(CARD, title="Articles tagged: pier", head=WEBSITE), "https://harbour-news.example/tag/pier"),
    "an author's page": (
        front(CARD, title="Ines Falk", head="<meta property='og:type' content='profile'>"),
        "https://harbour-news.example/authors/ines-falk",
    ),
    "a search": (
        front(CARD, title="Search results for pier", head=WEBSITE),
        "https://harbour-news.example/search?q=pier",
    ),
    "german": (front(CARD, title="Aktuelle Nachrichten", head=WEBSITE), "https://hafenpost.example/politik/"),
}


@pytest.mark.parametrize(("page", "url"), FRONTS.values(), ids=FRONTS)
def test_a_section_front_is_no_article(page: str, url: str) -> None:
    assert reason_of(page, url=url) == "ListingPage"


LINKS = "".join(f"<li><a href='/news/{n}'>{headline}</a></li>" for n, headline in enumerate(HEADLINES))


@pytest.mark.parametrize(
    "page",
    [
        a_page(after=f"<ul>{LINKS}</ul>"),
        a_page().replace("</article>", f"</article><section><ul>{LINKS}</ul></section>"),
        a_page().replace("<article>", f"<aside><ul>{LINKS}</ul></aside><article>"),
        a_page((*PARAGRAPHS[:3],), after="".join(f"<h3>{headline}</h3><p>{TEASER}</p>" for headline in HEADLINES)),
    ],
    ids=["links in it", "links after it", "links before it", "a round-up of headings"],
)
def test_an_article_among_links_is_no_front(page: str) -> None:
    assert article_of(page).body.startswith(PARAGRAPHS[0])


def test_a_front_as_a_text_dump_is_no_article() -> None:
    dump = "Harbour News\nHome\nWorld\nSport\n\n" + "\n\n".join(HEADLINES)
    assert reason_of(dump, content_type="text/plain", url="https://harbour-news.example/world") == "ListingPage"


# pages that stand in for one that was not there
ERRORS = {
    "404": page("404 Not Found", "<h1>Not Found</h1><p>The requested page could not be found on this server.</p>"),
    "page not found": page(
        "Page not found - Harbour News",
        "<h1>Page not found</h1><p>The page you are looking for has been "
        "moved or no longer exists. Try the search.</p>",
    ),
    "a check for robots": page(
        "Just a moment...",
        "<h1>harbour-news.example</h1><p>Verify you are human by completing the "
        "action below.</p><p>harbour-news.example needs to review the security of your connection "
        "before proceeding.</p><p>Ray ID: 8c2f</p>",
    ),
    "access denied": page("Access denied", "<h1>Access denied</h1><p>You have been blocked. Ray ID: 77a.</p>"),
    "german": page(
        "Seite nicht gefunden", "<h1>Seite nicht gefunden</h1><p>Die angeforderte Seite existiert nicht.</p>"
    ),
    "french": page("Page introuvable", "<h1>Page introuvable</h1><p>La page demandée n'existe plus.</p>"),
    "server error": page("502 Bad Gateway", "<center><h1>502 Bad Gateway</h1></center><hr><center>quay</center>"),
}


@pytest.mark.parametrize("page", ERRORS.values(), ids=ERRORS)
def test_an_error_page_is_no_article(page: str) -> None:
    assert reason_of(page) == "ErrorPage"


# files of another kind, sent as text/html
FEED = (
    "<rss version='2.0'><channel><title>Harbour News</title>"
    + "".join(f"<item><title>{headline}</title><description>{TEASER}</description></item>" for headline in HEADLINES)
    + "</channel></rss>"
)
FILES: dict[str, tuple[bytes, str]] = {
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n" + b"x" * 500, "UnsupportedContent"),
    "png": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\x00" + bytes(range(256)) * 4, "UnsupportedContent"),
    "jpeg": (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)) * 4, "UnsupportedContent"),
    "gif": (b"GIF89a\x01\x00\x01\x00\x80\x00\x00" + bytes(60), "UnsupportedContent"),
    "webp": (b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(60), "UnsupportedContent"),
    "zip": (b"PK\x03\x04\x14\x00" + bytes(range(256)), "UnsupportedContent"),
    "mp3": (b"ID3\x04\x00" + bytes(range(256)), "UnsupportedContent"),
    "rss": (FEED.encode(), "UnsupportedContent"),
    "rss with a declaration": (b"<?xml version='1.0'?>\n" + FEED.encode(), "UnsupportedContent"),
    "rss after a comment": (b"<?xml version='1.0'?>\n<!-- made by hand -->\n" + FEED.encode(), "UnsupportedContent"),
    "atom": (
        b"<?xml version='1.0' encoding='utf-8'?><feed "
        b"xmlns='http://www.w3.org/2005/Atom'><title>Harbour</title></feed>",
        "UnsupportedContent",
    ),
    "sitemap": (b"<urlset><url><loc>https://harbour-news.example/</loc></url></urlset>", "UnsupportedContent"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'><path d='M0 0'/></svg>", "UnsupportedContent"),
    "json of something else": (json.dumps({"status": "ok", "count": 3}).encode(), "BodyMissing"),
    "json that is cut": (b'{"title": "Pier to be rebuilt", "text": "The harbour coun', "BodyMissing|TitleMissing"),
    "a list in json": (
        b'[{"title": "Pier to be rebuilt"}, {"title": "Crews ask for a berth"}]',
        "BodyMissing|TitleMissing|MalformedJson|UnsupportedContent",
    ),
    "a script": (
        b"(function(){var pier=window.pier||[];pier.push({id:7,open:true});})();" * 20,
        "BodyMissing|TitleMissing|UnsupportedContent",
    ),
    "a style sheet": (
        b".pier { color: red } .quay > p { margin: 0 auto; }\n" * 40,
        "BodyMissing|TitleMissing|UnsupportedContent",
    ),
    "a cut gzip": (packed(a_page().encode())[:300], "MalformedGzip"),
    "gzip three times": (packed(packed(packed(a_page().encode()))), "MalformedGzip"),
    "white space": (b" \n\t \r\n", "EmptyMessage"),
    "a mark and nothing else": (b"\xef\xbb\xbf", "EmptyMessage"),
    "an empty page": (b"<html><head></head><body></body></html>", "BodyMissing"),
}


@pytest.mark.parametrize(("value", "reasons"), FILES.values(), ids=FILES)
def test_a_file_of_another_kind_is_rejected_by_name(value: bytes, reasons: str) -> None:
    assert reason_of(value) in reasons.split("|")


@pytest.mark.parametrize(
    "value",
    [
        packed(a_page().encode()),
        packed(packed(a_page().encode())),
        a_page().encode("utf-16"),
        b"\xef\xbb\xbf" + a_page().encode(),
        a_page().encode("utf-16-le"),
        a_page().encode("utf-16-be"),
        json.dumps({"url": ADDRESS, "title": TITLE, "text": BODY}).encode(),
        json.dumps({"url": ADDRESS, "html": a_page()}).encode(),
        b"<?xml version='1.0'?>" + a_page().encode(),
    ],
    ids=[
        "gzip",
        "gzip twice",
        "utf-16",
        "utf-8 with a mark",
        "utf-16le",
        "utf-16be",
        "a json item",
        "a page in json",
        "xhtml",
    ],
)
def test_an_article_sent_as_html_in_another_wrapping_is_read(value: bytes) -> None:
    article = article_of(value)
    assert (article.title, article.body) == (TITLE, BODY)


def test_a_fault_says_what_was_seen() -> None:
    with pytest.raises(Rejected) as caught:
        article_of(FILES["pdf"][0])
    assert caught.value.violations[0].value == "PDF"
