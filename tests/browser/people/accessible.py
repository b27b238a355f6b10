"""What every page must be for somebody who reads it by ear, by keyboard or with gloves."""

from playwright.sync_api import Page

from tests.browser.test_live_page import CONTRAST

LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3
# Each rule gives the HTML of what breaks it: 4.1.2 names, 1.3.1 headings and header cells, 2.5.8 target size.
RULES = """() => {
    const shown = (one) => one.checkVisibility({ visibilityProperty: true });
    const all = (what) => [...document.querySelectorAll(what)].filter(shown);
    const told = (one) => (one.labels?.length ? [...one.labels].map(l => l.textContent).join("") : "")
        || one.getAttribute("aria-label") || one.getAttribute("aria-labelledby") || "";
    const levels = all("h1, h2, h3, h4").map((one) => Number(one.tagName[1]));
    const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
    const small = (one) => {
        const box = one.getBoundingClientRect();
        return box.height < 24 || box.width < 24;
    };
    const width = document.documentElement.scrollWidth;
    const html = (found) => found.map((one) => one.outerHTML.slice(0, 160));
    return {
        nameless: html(all("input:not([type=hidden]), select, textarea").filter((one) => !told(one).trim())),
        empty: html(all("a, button, summary").filter((one) => !(one.textContent + told(one)).trim())),
        small: html(all("main button, main input:not([type=hidden]), main select, nav a").filter(small)),
        headerless: html(all("main table").filter((one) => !one.querySelector("th[scope]"))),
        described: html(all("[aria-describedby]").filter((one) =>
            !document.getElementById(one.getAttribute("aria-describedby")))),
        twice: ids.filter((id, at) => ids.indexOf(id) !== at),
        titles: levels.filter((level) => level === 1).length === 1 ? [] : [`${levels}`],
        skipped: levels.filter((level, at) => at > 0 && level > levels[at - 1] + 1).map(String),
        language: document.documentElement.lang ? [] : ["no lang"],
        wide: width <= innerWidth ? [] : [`${width}`],
    };
}"""


def faults(page: Page) -> dict[str, list[str]]:
    """What is wrong with a page, by rule."""
    found: dict[str, list[str]] = page.evaluate(RULES)
    ratio, words = page.evaluate(CONTRAST)
    if ratio < LEAST_CONTRAST:
        found["contrast"] = [f"{ratio}: {words}"]
    return {rule: broken for rule, broken in found.items() if broken}
