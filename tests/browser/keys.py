"""What a person does by keyboard on the maps."""

from playwright.sync_api import Locator, Page, expect


def switch_on(page: Page, layer: Locator) -> None:
    """Show a layer: open the list, then tick it.

    Leaflet ignores clicks inside the list until a timer of its own has run after the opening; ours,
    set later, ends after it.
    """
    page.locator(".leaflet-control-layers-toggle").press("Enter")
    page.evaluate("() => new Promise(done => setTimeout(done))")
    layer.press("Space")
    expect(layer).to_be_checked()
