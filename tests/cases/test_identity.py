"""One article however it was reached, versions of it when its text changes, one story over several outlets."""

from __future__ import annotations

import pytest

from pipelines.clean.identity import canonical_url
from pipelines.records import CleanArticle
from pipelines.resolve.stories import Member, StoryIndex
from tests.cases.reading import ADDRESS, BODY, PARAGRAPHS, TITLE, a_page, article_of, linked_data

HOST = "https://harbour-news.example"
PATH = "/2026/03/pier-to-be-rebuilt"


def at(url: str, head: str = "", page: str | None = None) -> CleanArticle:
    return article_of(page or a_page(head=head), url=url)


# 15: one article, several ways to it
WAYS = [
    f"{ADDRESS}?utm_source=mail&utm_medium=social&utm_campaign=7",
    f"{ADDRESS}?fbclid=IwAR0x",
    f"{ADDRESS}?gclid=1&ref=front",
    f"{ADDRESS}/",
    f"{ADDRESS}#comments",
    f"{ADDRESS}?amp=1",
    f"{ADDRESS}/amp",
    f"{ADDRESS}/amp/",
    f"{HOST}/amp{PATH}",
    f"http://harbour-news.example{PATH}",
    f"https://www.harbour-news.example{PATH}",
    f"https://m.harbour-news.example{PATH}",
    f"https://amp.harbour-news.example{PATH}",
    f"https://HARBOUR-NEWS.example{PATH}",
    f"https://harbour-news.example:443{PATH}",
    f"{ADDRESS}?PHPSESSID=0123456789abcdef0123",
    f"{ADDRESS}?mc_cid=1&mc_eid=2",
    f"{ADDRESS}?outputType=amp",
    f"https://www.google.com/amp/s/harbour-news.example{PATH}/amp",
    f"https://harbour--news-example.cdn.ampproject.org/c/s/harbour-news.example{PATH}/amp",
]


@pytest.mark.parametrize("url", WAYS)
def test_an_article_is_one_by_every_way_to_it(url: str) -> None:
    assert at(url).article_id == at(ADDRESS).article_id


def test_a_second_section_path_is_the_same_article_where_the_page_says_so() -> None:
    link = f'<link rel="canonical" href="{ADDRESS}">'
    ways = (
        f"{HOST}/world/2026/pier-to-be-rebuilt",
        f"{HOST}/local/pier-to-be-rebuilt?utm_source=x",
        f"{HOST}/amp/s/99",
    )
    assert {at(url, link).article_id for url in ways} == {at(ADDRESS, link).article_id}
    assert {at(url, link).canonical_url for url in ways} == {ADDRESS}
    relative = '<link rel="canonical" href="/2026/03/pier-to-be-rebuilt">'
    assert at(ways[0], relative).article_id == at(ADDRESS).article_id
    assert at(ways[0], f'<meta property="og:url" content="{ADDRESS}">').article_id == at(ADDRESS).article_id
    assert at(ways[0], '<link rel="canonical" href="">' + link).canonical_url == ADDRESS


@pytest.mark.parametrize(
    "declared", [f"{HOST}/", "https://elsewhere.example/pier", "", "javascript:void(0)"]
)
def test_a_canonical_link_that_cannot_be_the_articles_is_not_taken(declared: str) -> None:
    assert at(ADDRESS, f'<link rel="canonical" href="{declared}">').canonical_url == ADDRESS


OTHERS = [
    f"{HOST}/article?id=7",
    f"{HOST}/article?id=8",
    f"{HOST}/article.php?story=7&lang=de",
    f"{HOST}/2026/03/pier-to-be-rebuilt-2",
    f"{HOST}/2026/04/pier-to-be-rebuilt",
    f"{HOST}/?p=123",
    f"{HOST}/?p=124",
    f"https://news.other.example{PATH}",
]


def test_articles_that_an_id_or_a_path_tells_apart_stay_apart() -> None:
    assert len({at(url).article_id for url in [ADDRESS, *OTHERS]}) == len(OTHERS) + 1


def test_a_canonical_address_is_its_own() -> None:
    for url in [*WAYS, *OTHERS]:
        assert canonical_url(canonical_url(url)) == canonical_url(url)


# 16: versions
@pytest.mark.parametrize(
    "page",
    [
        a_page((PARAGRAPHS[0].replace("Tuesday", "Wednesday"), *PARAGRAPHS[1:])),
        a_page(
            (*PARAGRAPHS, "Correction: it was Wednesday, and an earlier version of this article had the day wrong.")
        ),
        a_page(title=f"Correction: {TITLE}"),
        a_page(PARAGRAPHS[:3]),
    ],
    ids=["a word", "a note", "the headline", "shorter"],
)
def test_a_corrected_text_at_the_same_address_is_a_version(page: str) -> None:
    first, second = at(ADDRESS), at(f"{ADDRESS}?utm_source=feed", page=page)
    assert first.article_id == second.article_id
    assert first.content_hash != second.content_hash


@pytest.mark.parametrize(
    "page",
    [
        a_page().replace("\n", "\r\n"),
        a_page(before="<p class='byline'>By Ines Falk</p>"),
        a_page().replace(" the ", "&nbsp;the "),
        a_page().replace("<p>", "<div>").replace("</p>", "</div>"),
        a_page(head="<meta name='x' content='y'>"),
        a_page().replace("pier", "pi\u00ader"),
    ],
    ids=["line ends", "a byline", "no-break spaces", "other markup", "another head", "soft hyphens"],
)
def test_the_same_text_in_other_markup_is_no_new_version(page: str) -> None:
    assert at(ADDRESS, page=page).content_hash == at(ADDRESS).content_hash


def test_a_new_slug_is_the_same_article_where_the_page_says_so_and_the_same_story_in_any_case() -> None:
    renamed = f"{HOST}/2026/03/marrowby-pier-will-be-rebuilt-in-may"
    declared = f'<link rel="canonical" href="{renamed}">'
    assert at(ADDRESS, declared).article_id == at(renamed, declared).article_id
    assert story_of(at(renamed), [at(ADDRESS)]) == at(ADDRESS).article_id


# 17: a wire story at five outlets
WIRE = (
    *PARAGRAPHS,
    "A survey of the stones that were left standing found cracks in every second one, the office said on its website.",
    "Port Ansel, which took in the boats, has not said whether it will lower its fees when they go home again.",
    "The ferry to Veyra will leave from the fish quay until then, twenty minutes later than the timetable says.",
)
COPIES = {
    "quay-times.example": (TITLE, WIRE),
    "coast-post.example": ("East pier to be rebuilt for four million", WIRE[:-1]),
    "ansel-mail.example": (
        "Crews to get their pier back",
        ("(HNA) " + WIRE[0].removeprefix("Marrowby (HNA): "), *WIRE[1:]),
    ),
    "veyra-daily.example": ("Marrowby council votes for a new pier", WIRE[:-2]),
    "island-herald.example": (
        "Pier: council says yes",
        (*WIRE, "With reports from our correspondent in Port Ansel on Tuesday night."),
    ),
}


def story_of(article: CleanArticle, known: list[CleanArticle]) -> str | None:
    members = [Member(k.article_id, k.article_id, k.story_signature, k.word_count, k.fetched_at) for k in known]
    return StoryIndex(members).story_of(article.story_signature, article.word_count, article.fetched_at, except_for="")


def test_a_wire_story_at_five_outlets_is_five_articles_of_one_story() -> None:
    articles = [at(f"https://{host}/news/7", page=a_page(text, title)) for host, (title, text) in COPIES.items()]
    assert len({article.article_id for article in articles}) == len({a.content_hash for a in articles}) == 5
    assert {story_of(article, articles[:1]) for article in articles[1:]} == {articles[0].article_id}


def test_another_story_of_the_same_outlet_is_its_own() -> None:
    other = tuple(
        f"Orchard {n} sold {n * 3} crates of pears to buyer {n * 11} before the frost of week {n}." for n in range(20)
    )
    assert story_of(at(f"{HOST}/pears", page=a_page(other, "Pears sold early")), [at(ADDRESS)]) is None
    assert at(ADDRESS).body == BODY


NEWS = "https://harbour-news.example/local/"


def declared_as(link: str, url: str, **options: str) -> tuple[str | None, str]:
    page = a_page(**options or {"head": f'<link rel="canonical" href="{link}">'})
    article = article_of(page, url=url)
    return article.canonical_url, article.evidence["canonical_url"].how


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("undefined", f"{NEWS}pier-to-be-rebuilt-7"),
        ("/local/null", f"{NEWS}pier-to-be-rebuilt-7"),
        ("https://harbour-news.example/{{ page.url }}", f"{NEWS}pier-to-be-rebuilt-7"),
        ("https://harbour-news.example/sport", f"{NEWS}pier-to-be-rebuilt-7"),
        ("https://harbour-news.example/show.aspx", "https://harbour-news.example/show.aspx?story=4711"),
        ("https://harbour-news.example/article/", "https://harbour-news.example/article/?slug=pier-to-be-rebuilt"),
        ("https://harbour-news.example/index.php", "https://harbour-news.example/show.php?story=4711"),
        ("/politics", "https://harbour-news.example/show.php?story=4711"),
        ("/local/[slug]", f"{NEWS}pier-to-be-rebuilt-7"),
        ("/local/%5Bpost.slug%5D/", f"{NEWS}pier-to-be-rebuilt-7"),
        ("/show.php?story=[id]", "https://harbour-news.example/show.php?story=4711"),
    ],
)
def test_a_canonical_link_that_would_merge_articles_is_refused(link: str, url: str) -> None:
    assert declared_as(link, url) == (url, "url, not link canonical")


def test_a_canonical_link_that_names_another_story_is_refused() -> None:
    url = f"{NEWS}marrowby-rebuild-pier-7"
    assert declared_as(f"{NEWS}storm-closes-coastal-road-9", url) == (url, "url, not link canonical")
    for own in ("rebuild-of-marrowby-pier-begins-9", "9", "x-9", "storm-pier-road-9"):
        assert declared_as(f"{NEWS}{own}", url) == (f"{NEWS}{own}", "link canonical")
    unlike = f"{NEWS}eastern-quay-works"
    assert declared_as(f"{NEWS}storm-closes-coastal-road-9", unlike)[1] == "link canonical"


@pytest.mark.parametrize(
    ("link", "url"),
    [
        (f"{NEWS}pier-to-be-rebuilt-7", f"{NEWS}pier-to-be-rebuilt-7?page=2"),
        (f"{NEWS}pier-to-be-rebuilt-7", "https://harbour-news.example/show.php?story=4711"),
        ("https://harbour-news.example/show.php?story=4711", "https://harbour-news.example/show.php?story=4711&page=2"),
        ("https://harbour-news.example/a/pier", "https://harbour-news.example/b/pier"),
    ],
)
def test_a_canonical_link_that_names_the_article_is_used(link: str, url: str) -> None:
    assert declared_as(link, url) == (link, "link canonical")


def test_a_canonical_link_in_the_text_of_a_page_counts_for_nothing() -> None:
    link = f'<link rel="canonical" href="{NEWS}another-story-of-ours-8">'
    url = f"{NEWS}pier-to-be-rebuilt-7"
    assert declared_as(link, url, before=link) == (url, "url")
    assert declared_as(link, url, before=f"<div>{link}</div>") == (url, "url")
    late = f'<div class="ad"></div>{link.replace("another-story-of-ours-8", "pier-to-be-rebuilt")}'
    assert declared_as("", url, head=late) == (f"{NEWS}pier-to-be-rebuilt", "link canonical")


@pytest.mark.parametrize(
    "query", ["q=%FF%FE", "%ff=%fe", "q=%ED%A0%80", "q=%FF&b=é", "b=%", "q=%C3", "id=\udcff", "a;b=%80&&=&"]
)
def test_any_query_is_survived(query: str) -> None:
    url = f"https://harbour-news.example/a/pier?{query}"
    head = '<link rel="canonical" href="?{}">'.format(query.encode(errors="replace").decode())
    for page in (a_page(), a_page(head=head)):
        article = article_of(page, url=url.encode(errors="replace").decode())
        assert article.canonical_url is not None
        assert article.canonical_url.startswith("https://harbour-news.example/a/pier")


FURNITURE = {
    "a counter": "<div class='x1'>8,112 shares</div>",
    "an age": "<span class='when'>23 minutes ago</span>",
    "an offer": "<div class='c4'><p>Support our work from 5 euros a month.</p><button>Give</button></div>",
    "a box of stories": "<div><h4>More</h4><ul><li><a href='/9'>A boat is sold to its builder</a></li></ul></div>",
}


@pytest.mark.parametrize("furniture", FURNITURE.values(), ids=FURNITURE)
@pytest.mark.parametrize("place", ["before", "after"])
def test_furniture_beside_the_text_is_no_new_version(furniture: str, place: str) -> None:
    page = a_page(**{place: furniture})  # type: ignore[arg-type]
    assert article_of(page).content_hash == article_of(a_page()).content_hash


def test_a_sections_name_before_the_text_is_no_new_version() -> None:
    page = a_page(before="<div class='kicker'>Wirtschaft</div>")
    assert article_of(page).content_hash == article_of(a_page()).content_hash


EDITED = {
    "a quotation": ("<blockquote><p>“I {} the money.”</p></blockquote>", "never took", "took"),
    "a German quotation": ("<p>„Ich habe das Geld {}.“</p>", "nie genommen", "genommen"),
    "a list": ("<ul><li>{} people were hurt.</li><li>The mayor has resigned.</li></ul>", "Twelve", "Fourteen"),
    "a correction": ("<div class='correction'><p>Correction: {} people were hurt</p></div>", "Two", "Three"),
    "a notice": ("<div class='notice'><p>This article has been {}.</p></div>", "corrected", "retracted"),
    "an update": ("<div class=update><p>Update: the mayor {}.</p></div>", "resigned", "was arrested"),
    "a section": ("<section><h2>Next</h2><p>The mayor {} resign.</p></section>", "will", "will not"),
    "results": ("<p>The winners are:</p><p>Anna Berg, gold</p><p>{}, silver</p>", "Jo Li", "Max Roe"),
    "a Thai line": ("<p>มูลค่า {} ล้านบาท</p>", "12", "90"),
    "a Chinese line": ("<p>遇难者人数为{}人</p>", "12", "90"),
    "a note": ("<p>The pier was built in {}.[1]</p>", "1902", "1912"),
}


@pytest.mark.parametrize(("part", "was", "now"), EDITED.values(), ids=EDITED)
@pytest.mark.parametrize("place", ["before", "after"])
def test_an_edit_of_a_part_apart_is_a_new_version(part: str, was: str, now: str, place: str) -> None:
    first, second = (article_of(a_page(**{place: part.format(each)})) for each in (was, now))  # type: ignore[arg-type]
    if first.body != second.body:
        assert first.content_hash != second.content_hash


def test_articles_without_an_address_that_differ_in_their_results_are_two() -> None:
    pages = [a_page((*PARAGRAPHS, *results)) for results in (
        ("Harbour Town 2 Pier Rovers 1", "Northgate 0 Fjord United 0"), ("Lisbon 0 Northgate 5", "Kiwi City 3 Fjord 3"),
    )]
    one, other = (article_of(page, url=None) for page in pages)
    assert one.article_id != other.article_id


def test_a_sentence_at_either_end_of_the_text_is_a_new_version() -> None:
    whole = article_of(a_page()).content_hash
    more = "The harbour office did not answer questions on Friday."
    assert article_of(a_page((*PARAGRAPHS, more))).content_hash != whole
    assert article_of(a_page((more, *PARAGRAPHS))).content_hash != whole
    assert article_of(a_page(PARAGRAPHS[:-1])).content_hash != whole


# canonical links that a template broke, or that drop the article's id
OUTLET = "https://harbour-news.example"
PIER = f"{OUTLET}/ports/pier-to-be-rebuilt-after-two-winters"
CANONICALS = {
    "twice undefined": (PIER, f"{OUTLET}/ports/undefined-undefined", PIER),
    "a template's code": (PIER, "&lt;?php echo $url ?>", PIER),
    "a page to sign in": (PIER, f"{OUTLET}/login?next=/ports", PIER),
    "all of a day": (PIER, f"{OUTLET}/2026/03/04/", PIER),
    "no scheme": (f"{PIER}?from=feed", "harbour-news.example/ports/pier-to-be-rebuilt-after-two-winters", PIER),
    "the longest number dropped": (
        f"{OUTLET}/view?cat=3&no=8121", f"{OUTLET}/view?cat=3", f"{OUTLET}/view?cat=3&no=8121",
    ),
    "the page's number dropped": (f"{OUTLET}/view?no=8121&page=2", f"{OUTLET}/view?no=8121", f"{OUTLET}/view?no=8121"),
    "a name alone dropped": (f"{OUTLET}/cgi-bin/news?8121", f"{OUTLET}/cgi-bin/news", f"{OUTLET}/cgi-bin/news?8121="),
    "a session dropped": (f"{OUTLET}/view?no=8121&s=9988776655", f"{OUTLET}/view?no=8121", f"{OUTLET}/view?no=8121"),
    "a menu dropped": (f"{OUTLET}/view?menu=30210&no=812", f"{OUTLET}/view?no=812", f"{OUTLET}/view?no=812"),
    "numbers that are no day": (f"{OUTLET}/x/8121", f"{OUTLET}/8121/12", f"{OUTLET}/8121/12"),
    "an id for words": (PIER, f"{OUTLET}/article?no=8121", f"{OUTLET}/article?no=8121"),
}


@pytest.mark.parametrize(("url", "declared", "canonical"), CANONICALS.values(), ids=CANONICALS)
def test_a_canonical_link_that_names_no_article_counts_for_nothing(url: str, declared: str, canonical: str) -> None:
    assert article_of(a_page(head=f'<link rel="canonical" href="{declared}">'), url=url).canonical_url == canonical


NAMES = {
    "undefined": ("undefined", None, None),
    "a template": ("{{ site.name }}", None, None),
    "a short name": ("Live", None, "Live"),
    "the headline": (TITLE, None, None),
    "the headline as publisher": ("Harbour News", TITLE, "Harbour News"),
    "no publisher": ("Harbour News", "null", "Harbour News"),
    "a publisher": ("Harbour News", "Harbour Times", "Harbour Times"),
}


@pytest.mark.parametrize(("site", "publisher", "name"), NAMES.values(), ids=NAMES)
def test_an_outlet_has_the_first_name_that_names_one(site: str, publisher: str | None, name: str | None) -> None:
    head = f'<meta property="og:site_name" content="{site}">'
    if publisher is not None:
        head += linked_data(headline=TITLE, publisher={"@type": "Organization", "name": publisher})
    assert article_of(a_page(head=head)).outlet.name == name
