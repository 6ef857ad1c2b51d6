"""report.html: one well-formed file that refers to nothing outside, whatever names it has to show."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from outcomes import outcome, phase

from simulations.outcome import report
from simulations.page import render

VOID = {"meta", "br", "hr", "link", "img", "input", "base"}
HOSTILE = ("--><script>alert(1)</script>", "$\\frac{1}$ & \"'")


class Page(HTMLParser):
    """Checks that tags nest and collects what could refer to something."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.references: list[str] = []
        self.styles: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        self._note(attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._note(attrs)

    def _note(self, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            assert not name.startswith("on"), f"event handler {name}"
            if name.split(":")[-1] in ("href", "src", "srcset", "data", "action", "poster"):
                self.references.append(value or "")
            if value and "url(" in value:
                self.styles.append(value)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            self.styles.append(data)
        self.text += data


def page_of(**changes: object) -> tuple[str, Page]:
    text = render(report(outcome(**changes)))  # type: ignore[arg-type]
    return text, Page(text)


def check_self_contained(page: Page) -> None:
    assert not {"script", "link", "iframe", "object", "embed", "img", "base", "form"} & set(page.tags)
    assert all(reference.startswith("#") for reference in page.references)
    for style in page.styles:
        assert "@import" not in style
        assert all(target.startswith("#") for target in re.findall(r"url\(\s*['\"]?([^)]*)", style))


def test_the_page_is_well_formed_and_refers_to_nothing_outside() -> None:
    text, page = page_of()
    assert text.startswith("<!doctype html>")
    check_self_contained(page)
    pictures = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert len(pictures) == 4  # phases, the wearers of each of the two, forgetting
    for picture in pictures:
        ElementTree.fromstring(picture)


def test_the_page_shows_what_the_report_holds() -> None:
    _, page = page_of(events=("the gateway was ended by SIGKILL and was started again",))
    for shown in ("wearer-a", "37.5 %", "75.0 %", "4,054 B", "123,228 B", "326,080", "0123abcd", "0.432", "SIGKILL"):
        assert shown in page.text, shown
    for sentence in outcome().findings():
        assert sentence in page.text


def test_hostile_names_are_shown_and_nothing_more() -> None:
    text, page = page_of(names=HOSTILE, name="<b>", dataset="</body>", strategy="a&b", events=("<i>x</i>",))
    check_self_contained(page)
    assert not {"b", "i"} & set(page.tags)
    assert page.tags.count("body") == 1
    for name in HOSTILE:
        assert name in page.text
    for picture in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        ElementTree.fromstring(picture)


@pytest.mark.parametrize("count", [1, 12, 13, 60])
def test_few_and_many_devices_are_drawn(count: int) -> None:
    values = tuple(i / count for i in range(count))
    many = phase(2, pretrained=values, federated=values, personalised=values)
    names = tuple(f"wearer-{i}" for i in range(count))
    text = render(report(outcome(many, names=names, forgetting=None)))
    check_self_contained(Page(text))
    assert text.count("<svg") == 2
    assert all(name in text for name in names)


def test_the_same_report_gives_the_same_bytes() -> None:
    assert page_of()[0] == page_of()[0]
