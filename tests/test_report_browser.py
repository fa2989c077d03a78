"""The report in a real browser: clicks, sorts, filters, keys and colours; no error, no request."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from test_report import CJK, NASTY, RTL, nasty, runs, written

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
BINARY = next((found for name in BROWSERS if (found := shutil.which(name))), None)
playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed (the extra `browser`)")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BINARY is None, reason=f"no browser: none of {', '.join(BROWSERS)} is installed"),
]
__all__ = ["runs"]

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=BINARY, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def file(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser")
    written(runs, folder, "--baseline", "static-adapter")
    return folder / "report.html"


@pytest.fixture
def open_page(browser: Any, file: Path) -> Iterator[Open]:
    """Opens the report; whatever the page complains about or asks the network for fails the test."""
    complaints: list[str] = []
    contexts = []

    def opened(path: Path = file, width: int = 1280, scheme: str = "light") -> Any:
        context = browser.new_context(viewport={"width": width, "height": 850}, color_scheme=scheme)
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("dialog", lambda dialog: (complaints.append(f"dialog {dialog.message}"), dialog.dismiss()))
        tab.on(
            "request", lambda r: complaints.append(r.url) if not r.url.startswith(("data:", path.as_uri())) else None
        )
        tab.goto(path.as_uri())
        tab.wait_for_selector("svg path")
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def ranks(tab: Any, column: int) -> list[float]:
    cells = tab.locator(f".queries > li > button > .rank:nth-of-type({column + 2})")
    return [float(text.split("\n")[-1]) for text in cells.all_inner_texts()]


def count(tab: Any) -> int:
    return int(tab.locator(".more [role=status]").inner_text().split(" of ")[1].split()[0])


def test_everything_is_drawn(open_page: Open) -> None:
    tab = open_page()
    for kind, least in (("By language", 1), ("Score against cost", 3), ("Recall against K", 2), ("Learning curves", 2)):
        section = tab.locator("section", has=tab.get_by_role("heading", name=kind))
        assert section.locator("svg").count() >= least
        assert section.locator("svg [data-row='0']").count() >= 1
        assert "NaN" not in section.inner_html()
    assert tab.locator(".queries > li").count() == 25


def test_queries_sort_both_ways(open_page: Open) -> None:
    tab = open_page()
    first = tab.locator(".head button").nth(1)
    first.click()
    up = ranks(tab, 0)
    assert up == sorted(up)
    assert first.get_attribute("aria-pressed") == "true"
    first.click()
    down = ranks(tab, 0)
    assert down == sorted(down, reverse=True)
    assert down[0] > up[0]


def test_what_divides_most_stands_first_and_is_open(open_page: Open) -> None:
    tab = open_page()
    a, b = (int(tab.get_by_label(name).first.input_value()) for name in ("Row A", "against row B"))
    assert "static-adapter" in tab.locator(".head button").nth(b + 1).inner_text()
    contrasts = [max(x, y) / min(x, y) for x, y in zip(ranks(tab, a), ranks(tab, b), strict=True)]
    assert contrasts == sorted(contrasts, reverse=True)
    assert contrasts[0] > 1
    details = tab.locator(".detail")
    assert details.count() == 2
    assert details.first.locator("ol.thumbs").count() == 2
    assert details.first.locator("ol.thumbs img").count() == 10
    assert details.first.locator("img").evaluate_all("all => all.every((i) => i.complete && i.naturalWidth > 0)")
    right = details.first.locator("ul.thumbs img").get_attribute("src")
    for marked in details.first.locator("ol.thumbs li.right img").all():
        assert marked.get_attribute("src") == right


def test_filters(open_page: Open) -> None:
    tab = open_page()
    assert count(tab) == 240
    tab.get_by_label("Language").last.select_option("zh")
    assert count(tab) == 80
    assert set(tab.locator(".queries .tag").all_inner_texts()) == {"zh"}
    assert tab.locator(".queries [lang=zh][dir=auto]").count() == 25
    tab.get_by_label("Search in captions").fill("red SNOW")
    shown = tab.locator(".queries .english").all_inner_texts()
    assert all("red" in text and "snow" in text for text in shown)
    assert count(tab) < 80
    tab.get_by_label("Search in captions").fill("no such words")
    assert count(tab) == 0
    tab.get_by_label("Search in captions").fill("")
    tab.get_by_label("Show").last.select_option("a")
    better = count(tab)
    tab.get_by_label("Show").last.select_option("b")
    assert better + count(tab) <= 80
    assert tab.locator(".queries .rank.wins").count() == min(25, count(tab))


def test_more_queries_come_when_asked(open_page: Open) -> None:
    tab = open_page()
    tab.get_by_role("button", name="Show more").click()
    assert tab.locator(".queries > li").count() == 50


def test_a_legend_hides_a_row_everywhere(open_page: Open) -> None:
    tab = open_page()
    marks = tab.locator("svg [data-row='1']")
    assert marks.first.is_visible()
    button = tab.locator(".legend button").nth(1)
    button.click()
    assert not any(mark.is_visible() for mark in marks.all())
    assert button.get_attribute("aria-pressed") == "false"
    assert tab.locator("svg [data-row='0'] rect").first.is_visible()
    button.click()
    assert marks.first.is_visible()


def test_charts_change_with_their_controls(open_page: Open) -> None:
    tab = open_page()
    chart = tab.locator("section", has=tab.get_by_role("heading", name="By language"))
    before = chart.locator("svg").inner_html()
    chart.get_by_label("Metric").select_option(label="R@1, image to text")
    tab.wait_for_function("before => document.querySelector('#s1-2 svg').innerHTML !== before", arg=before)
    curves = tab.locator("section", has=tab.get_by_role("heading", name="Learning curves"))
    curves.get_by_label("Shown").select_option("infonce")
    assert curves.locator("figcaption").all_inner_texts() == ["match: infonce"]


def test_colours_follow_the_system_and_the_button(open_page: Open) -> None:
    def paper(tab: Any) -> str:
        return tab.evaluate("getComputedStyle(document.body).backgroundColor")

    light, dark = open_page(scheme="light"), open_page(scheme="dark")
    assert paper(light) != paper(dark)
    light.locator("#theme").click()
    assert paper(light) == paper(dark)
    assert light.locator("#theme").inner_text() == "Light"
    light.reload()
    assert paper(light) == paper(dark), "the choice is kept"


def test_keys_alone_reach_and_open_a_query(open_page: Open) -> None:
    tab = open_page()
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    tab.get_by_label("Search in captions").focus()
    seen = []
    for _ in range(12):
        tab.keyboard.press("Tab")
        seen.append(
            tab.evaluate("document.activeElement.closest('.queries') ? 'query' : document.activeElement.tagName")
        )
        if seen[-1] == "query":
            break
    assert seen[-1] == "query"
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    opened = tab.locator(".detail").count()
    tab.keyboard.press("Enter")
    assert tab.locator(".detail").count() == opened - 1
    assert tab.evaluate("document.activeElement.getAttribute('aria-expanded')") == "false"


def test_sorting_by_key_keeps_the_place(open_page: Open) -> None:
    tab = open_page()
    tab.locator(".head button").nth(2).focus()
    tab.keyboard.press("Enter")
    assert tab.evaluate("[...document.querySelectorAll('.head button')].indexOf(document.activeElement)") == 2


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_is_wider_than_the_screen(open_page: Open, width: int) -> None:
    tab = open_page(width=width)
    tab.locator(".queries > li > button").nth(3).click()
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_markup_in_captions_is_text_and_right_to_left_stays(open_page: Open, runs: Path, tmp_path: Path) -> None:
    written(nasty(runs, tmp_path), tmp_path, "--title", NASTY)
    tab = open_page(tmp_path / "report.html")
    assert tab.locator("h1").inner_text().split() == NASTY.split()
    tab.get_by_label("Search in captions").fill("alert")
    assert tab.locator(".queries [lang=de]").first.text_content() == NASTY
    tab.get_by_label("Search in captions").fill("كلب")
    found = tab.locator(".queries [lang=de]").first
    assert found.text_content() == RTL
    assert found.evaluate("node => getComputedStyle(node).direction") == "rtl"
    tab.get_by_label("Search in captions").fill(CJK[:3])
    assert tab.locator(".queries [lang=de]").first.text_content() == CJK
