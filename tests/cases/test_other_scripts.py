"""Articles in scripts that end a sentence with marks of their own, or with none: pages, wire items, dumps, lists."""

from __future__ import annotations

import pytest

from tests.cases.reading import article_of, reason_of

TEXTS = {
    "th": ("คนขับรถรางออสเทรลลงมติยุติการหยุดงานเก้าวัน", (
        "คนขับรถรางในเมืองออสเทรลลงมติเมื่อคืนวันพฤหัสบดีให้กลับเข้าทำงาน หลังหยุดวิ่งทั้งสี่สายมาเก้าวัน",
        "การลงคะแนนที่โรงเก็บรถลินด์มัวร์สูสีกว่าที่สหภาพคาดไว้ มีผู้เห็นด้วย 212 คน และไม่เห็นด้วย 187 คน",
        "ตามข้อตกลง กะที่เริ่มก่อนตีห้าจะจำกัดไว้ที่สามครั้งต่อสัปดาห์ และค่าจ้างจะเพิ่มขึ้นร้อยละ 4.1")),
    "lo": ("ຄົນຂັບລົດລາງລົງຄະແນນສຽງຢຸດການປະທ້ວງເກົ້າວັນ", (
        "ຄົນຂັບລົດລາງໃນເມືອງອອສເຕຣລໄດ້ລົງຄະແນນສຽງໃນຄືນວັນພະຫັດໃຫ້ກັບຄືນເຮັດວຽກ ຫຼັງຈາກຢຸດແລ່ນເກົ້າວັນ",
        "ການລົງຄະແນນທີ່ສາງລິນມົວ ໃກ້ຄຽງກວ່າທີ່ສະຫະພັນຄາດໄວ້ ມີຜູ້ເຫັນດີ 212 ຄົນ ແລະ ບໍ່ເຫັນດີ 187 ຄົນ",
        "ຕາມຂໍ້ຕົກລົງ ກະທີ່ເລີ່ມກ່ອນຫ້າໂມງເຊົ້າ ຈະຖືກຈຳກັດໄວ້ບໍ່ເກີນສາມຄັ້ງຕໍ່ອາທິດ ແລະ ຄ່າແຮງຈະເພີ່ມຂຶ້ນ")),
    "km": ("អ្នកបើកបររថភ្លើងបោះឆ្នោតបញ្ចប់កូដកម្មប្រាំបួនថ្ងៃ", (
        "អ្នកបើកបររថភ្លើងនៅទីក្រុងអូស្ត្រែលបានបោះឆ្នោតនៅយប់ថ្ងៃព្រហស្បតិ៍ឱ្យត្រឡប់ទៅធ្វើការវិញ។",
        "ការបោះឆ្នោតនៅដេប៉ូលីនមួរ មានអ្នកគាំទ្រ ២១២ នាក់ និងអ្នកប្រឆាំង ១៨៧ នាក់។",
        "តាមកិច្ចព្រមព្រៀង វេនដែលចាប់ផ្តើមមុនម៉ោងប្រាំព្រឹក នឹងត្រូវកំណត់ត្រឹមបីដងក្នុងមួយសប្តាហ៍។")),
    "my": ("ဓာတ်ရထားမောင်းသူများ ကိုးရက်ကြာ ဆန္ဒပြမှုကို ရပ်ရန် မဲပေး", (
        "အော်စထရယ်မြို့ ဓာတ်ရထားမောင်းသူများသည် ကြာသပတေးနေ့ညက အလုပ်ပြန်ဝင်ရန် မဲပေးခဲ့ကြသည်။",
        "လင်းမူးဂိုဒေါင်တွင် ပြုလုပ်သော မဲပေးပွဲတွင် ထောက်ခံသူ ၂၁၂ ဦးနှင့် ကန့်ကွက်သူ ၁၈၇ ဦး ရှိသည်။",
        "သဘောတူညီချက်အရ မနက်ငါးနာရီမတိုင်မီ အဆိုင်းများကို တစ်ပတ်လျှင် သုံးကြိမ်သာ ကန့်သတ်မည်ဖြစ်သည်။")),
    "ur": ("آسٹریل کے ٹرام ڈرائیوروں نے نو روزہ ہڑتال ختم کرنے کا فیصلہ کر لیا", (
        "آسٹریل کے ٹرام ڈرائیوروں نے جمعرات کی رات کام پر واپس آنے کے حق میں ووٹ دے کر نو روزہ ہڑتال ختم کر دی۔",
        "لنڈمور ڈپو میں ہونے والی رائے شماری میں 212 ڈرائیوروں نے حق میں اور 187 نے مخالفت میں ووٹ دیا۔",
        "معاہدے کے تحت صبح پانچ بجے سے پہلے کی باریاں ہفتے میں تین تک محدود رہیں گی اور تنخواہیں بڑھیں گی۔")),
    "hi": ("ओस्ट्रेल में ट्राम चालकों ने नौ दिन की हड़ताल खत्म की", (
        "ओस्ट्रेल के ट्राम चालकों ने गुरुवार देर रात काम पर लौटने के पक्ष में मतदान किया और हड़ताल खत्म हो गई।",
        "लिंडमूर डिपो में हुआ मतदान यूनियन की उम्मीद से करीबी रहा: 212 चालक पक्ष में थे और 187 विरोध में।",
        "समझौते के मुताबिक सुबह पांच बजे से पहले की पालियां हफ्ते में तीन तक सीमित रहेंगी और वेतन बढ़ेगा।")),
}
URL = "https://ostrel-post.example/news/2026/4471"


def heads_of(title: str) -> list[str]:
    return [f"{title[4 * at:]} {title[: 4 * at]} {at}" for at in range(4)]


def page_of(lang: str, inner: str) -> str:
    title, _ = TEXTS[lang]
    many = "".join(f"<li><h3><a href='/n/{at}'>{head}</a></h3></li>" for at, head in enumerate(heads_of(title) * 4))
    return (f"<html lang='{lang}'><head><title>{title} - Ostrel Post</title></head><body><nav><a href='/'>Home</a>"
            f"</nav>{inner}<aside><ul>{many}</ul></aside><footer><p>© 2026 Ostrel Post</p></footer></body></html>")


@pytest.mark.parametrize("form", ["<p>{}</p>", "<div><span>{}</span></div><div>&nbsp;</div>", "{}<br><br>"])
@pytest.mark.parametrize("lang", TEXTS)
def test_a_page_is_read_in_any_script(lang: str, form: str) -> None:
    title, text = TEXTS[lang]
    inner = f"<main><h1>{title}</h1><div class='entry-content'>{''.join(map(form.format, text))}</div></main>"
    article = article_of(page_of(lang, inner), url=URL)
    assert (article.title, article.body) == (title, "\n\n".join(text))


@pytest.mark.parametrize("lang", TEXTS)
def test_the_copy_for_narrow_screens_and_the_dump_too(lang: str) -> None:
    title, text = TEXTS[lang]
    inner = f"<h1>{title}</h1><div>{''.join(f'<p>{line}</p>' for line in text)}</div>"
    assert article_of(page_of(lang, f"<div>{inner}</div><div class='m'>{inner}</div>"), url=URL).body == (
        "\n\n".join(text))
    dump = "\n".join(("Home", title, "5/3/2026 10:20", *text, "Related", *heads_of(title), "© 2026 Ostrel Post"))
    article = article_of(dump, url=URL, content_type="text/plain; charset=utf-8")
    assert (article.title, article.body) == (title, "\n\n".join(text))


@pytest.mark.parametrize("lang", TEXTS)
def test_a_list_is_a_list_in_any_script(lang: str) -> None:
    title, _ = TEXTS[lang]
    cards = "".join(f"<article><h2><a href='/n/{at}'>{head}</a></h2></article>"
                    for at, head in enumerate(heads_of(title) * 4))
    assert reason_of(page_of(lang, f"<main>{cards}</main>"), url="https://ostrel-post.example/category/city") == (
        "ListingPage")


def test_a_short_item_in_a_script_of_wide_letters_needs_no_second_opinion() -> None:
    title = "オストレルの路面電車、九日間のストを終結へ"
    text = ("路面電車の運転士は木曜日の深夜、職場復帰を投票で決め、九日間のストが終わった。",
            "リンドムア車庫で行われた投票は、賛成が二百十二人、反対が百八十七人だった。")
    heads = "".join(f"<li><h3><a href='/n/{at}'>灯台守が四十の冬を経て引退、港で式典 {at}</a></h3></li>"
                    for at in range(16))
    page = (f"<html lang='ja'><head><title>{title}</title><meta property='og:type' content='article'></head>"
            f"<body><div><h1>{title}</h1><div>{''.join(f'<p>{line}</p>' for line in text)}</div><ul>{heads}</ul></div>"
            "</body></html>")
    assert article_of(page, url=URL).body == "\n\n".join(text)


DUMPS = {
    "en": ("Tram drivers in Ostrel vote to end a nine-day stoppage", (
        "Tram drivers in Ostrel voted late on Thursday to return to work, ending a stoppage of nine days.",
        "The vote was closer than the union had expected: 212 drivers were in favour and 187 were against.",
        "“We got a rota that a person can live with,” said Petra Holm, who has driven line 3 for two decades.",
    ), ("Lighthouse keeper of Veyra retires after forty winters", "School meals in Corrin to be cooked on site again",
        "Why the herring came late this year")),
    "cs": ("Řidiči tramvají v Ostrelu odhlasovali konec devítidenní stávky", (
        "Řidiči tramvají v Ostrelu ve čtvrtek pozdě večer odhlasovali návrat do práce a ukončili stávku.",
        "Hlasování bylo těsnější, než odbory čekaly: pro bylo 212 řidičů a proti 187.",
        "Petra Holmová, která jezdí na lince 3, řekla: „Dostali jsme rozpis, se kterým se dá žít.“",
    ), ("Strážce majáku Veyra odchází po čtyřiceti zimách do penze", "Školní obědy v Corrinu se budou znovu vařit",
        "Muzeum v Brandvale koupilo spornou mapu")),
}


@pytest.mark.parametrize("lang", DUMPS)
def test_a_dump_without_an_address_or_a_date_has_a_headline_and_ends_with_its_last_sentence(lang: str) -> None:
    title, text, others = DUMPS[lang]
    dump = "\n".join(("Ostrel Post", "World", "Sport", "Culture", title, *text, *others))
    article = article_of(dump, url=None, content_type="text/plain; charset=utf-8")
    assert (article.title, article.body) == (title, "\n\n".join(text))
    items = (f"* {other}" for other in others)
    article = article_of("\n".join((title, *text, *items)), url=None, content_type="text/plain; charset=utf-8")
    assert all(other in article.body for other in others)


@pytest.mark.parametrize(
    "last",
    [
        ("The rota has four parts:", "Three shifts a week before five in the morning", "A day between two late shifts",
         "Higher pay for holidays and for Sundays", "A room to rest in at the depot of Lindmoor"),
        ("Results of the league on Saturday", "Ostrel Rovers against Corrin Town 2:1",
         "Veyra United against Brandvale 0:0", "Lindmoor City against Skarn Athletic 3:0"),
        ("Petra Holm has driven line 3 in Ostrel since her youth", "She is one of the drivers in favour of the vote",
         "Her depot at Lindmoor is that of two hundred drivers"),
        ("What the rota brings", "Two free days in a row", "A room at the depot", "Higher pay on Sundays"),
    ],
    ids=["after a colon", "results", "words of the text", "short lines"],
)
def test_a_list_at_the_end_of_a_dump_is_kept(last: tuple[str, ...]) -> None:
    title, text, _ = DUMPS["en"]
    article = article_of("\n".join((title, "", *text, *last)), url=None, content_type="text/plain; charset=utf-8")
    assert article.body == "\n\n".join((*text, *last))


@pytest.mark.parametrize("lang", TEXTS)
def test_a_headline_is_not_repeated_in_the_body_or_given_with_its_section(lang: str) -> None:
    title, text = TEXTS[lang]
    page = (f"<html lang='{lang}'><head><title>Sport | {title} | Ostrel Post</title></head><body><h1>Sport</h1>"
            f"<main><h2>{title}</h2>{''.join(f'<p>{line}</p>' for line in text)}</main></body></html>")
    article = article_of(page, url=URL)
    assert (article.title, article.body) == (title, "\n\n".join(text))
