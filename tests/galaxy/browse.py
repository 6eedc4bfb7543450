"""Do in Chromium what the tutorial tells a person to do, and take its pictures.

    browse.py URL EMAIL PASSWORD COUNTS METADATA WORDS FOLDER

Logs in, uploads COUNTS and METADATA, runs 'sRNA augment' on the counts and nothing else, opens the
page and the table, runs it again with the metadata, then on WORDS, which cannot work, and last
takes the tour from its first step to its last. Writes PNGs to FOLDER and prints what was to be
read, as JSON. Runs in the environment that scripts/galaxy_server.py makes for planemo and
playwright.
"""

import json
import re
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, FrameLocator, Page, expect, sync_playwright

MINUTE = 60_000
TOOL = "sRNA augment"
TOUR = "Tell tissue, sex and age from small RNAs"


class Visit:
    """A person at Galaxy's page, with a camera.

    Parameters
    ----------
    browser : playwright.sync_api.Browser
        The browser to open the page in.
    url : str
        Address of the server.
    folder : pathlib.Path
        Where the pictures go.
    """

    def __init__(self, browser: Browser, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.page: Page = browser.new_page(viewport={"width": 1360, "height": 850})
        self.page.set_default_timeout(2 * MINUTE)

    def picture(self, name: str, *, whole: bool = False) -> None:
        """Take a picture once the page is at rest."""
        self.page.mouse.move(700, 5)  # away from what shows a hint
        self.page.wait_for_timeout(1000)
        self.page.screenshot(path=self.folder / f"{name}.png", full_page=whole)

    def log_in(self, email: str, password: str) -> None:
        """Fill in the form, and start with an empty history."""
        self.page.goto(f"{self.url}/login/start", wait_until="domcontentloaded")
        self.page.locator("input[name=login]").fill(email)
        self.page.locator("input[name=password]").fill(password)
        self.page.locator("button[name=login]").click()
        expect(self.page.locator("#current-history-panel")).to_be_visible()
        # The rest of the page is built after the history is there.
        expect(self.page.get_by_placeholder("search tools")).to_be_visible()
        self.page.locator("[data-description='create new history']").click()
        expect(self.page.locator("#current-history-panel [data-hid]")).to_have_count(0)

    def upload(self, *files: str, picture: str | None = None) -> None:
        """Choose files in the upload window and start."""
        self.page.locator("#activity-upload").click()
        self.page.locator("input#upload-file").first.set_input_files(files)
        expect(self.page.locator("#btn-start:visible")).to_be_enabled()
        if picture:
            self.picture(picture)
        self.page.locator("#btn-start:visible").click()
        self.page.locator("#btn-close:visible").click()

    def open_tool(self) -> None:
        """Find the tool by its name and open its form."""
        self.page.get_by_placeholder("search tools").fill(TOOL)
        found = self.page.locator(".toolTitle, .tool-panel-section, .unified-panel").locator("a")
        found.filter(has_text=f"{TOOL} tells").first.click()
        expect(self.page.locator("#execute").first).to_be_visible()

    def choose(self, field: str, dataset: str) -> None:
        """Choose a dataset of the history in a field of the form."""
        box = self.page.locator(f"[id='form-element-{field}'] .multiselect").first
        if dataset not in box.inner_text():
            box.click()
            options = box.locator("[role=option], .multiselect__option")
            options.filter(has_text=dataset).first.click()
        expect(box).to_contain_text(dataset)

    def run(self) -> None:
        """Click 'Run Tool' and wait until Galaxy has taken it."""
        self.page.locator("#execute").first.click()
        expect(self.page.get_by_text(re.compile("Started tool"))).to_be_visible()

    def wait(self, number: int, state: str = "ok") -> None:
        """Wait until an item of the history has its colour."""
        item = self.page.locator(f"#current-history-panel [data-hid='{number}']")
        expect(item).to_have_attribute("data-state", re.compile("^(ok|error)$"), timeout=8 * MINUTE)
        assert item.get_attribute("data-state") == state, f"item {number}: {item.inner_text()}"

    def look_at(self, number: int) -> FrameLocator:
        """Click the eye of an item of the history, and return what is shown."""
        self.page.locator(f"#current-history-panel [data-hid='{number}'] a.display-btn").click()
        expect(self.page.locator("#center")).to_contain_text(re.compile(rf"{number}:\s"))
        return self.page.frame_locator("#center iframe:visible")


def first_time(visit: Visit, counts: str, metadata: str) -> dict:
    """Annotate the samples with nothing but the table of counts."""
    visit.upload(counts, metadata, picture="upload")
    visit.wait(1)
    visit.wait(2)
    visit.open_tool()
    visit.choose("tables|input", Path(counts).name)
    visit.picture("tool")
    visit.run()
    visit.wait(3)
    visit.wait(4)
    visit.picture("done")
    page = visit.look_at(4)
    expect(page.locator("body")).to_contain_text("tissue")
    visit.picture("page")
    seen = {"page": page.locator("body").inner_text()}
    visit.look_at(3)
    expect(visit.page.locator("#center")).to_contain_text("tissue_best")
    visit.picture("table")
    seen["table"] = visit.page.locator("#center").inner_text()
    return seen


def with_metadata(visit: Visit, counts: str, metadata: str) -> dict:
    """Annotate them again, and have the labels checked."""
    visit.open_tool()
    visit.choose("tables|input", Path(counts).name)
    visit.page.get_by_text("Add what you know").click()
    visit.choose("advanced|metadata", Path(metadata).name)
    visit.picture("metadata")
    visit.run()
    visit.wait(5)
    visit.wait(6)
    page = visit.look_at(6)
    expect(page.locator("body")).to_contain_text("disagree")
    page.get_by_role("heading", name="disagree").first.scroll_into_view_if_needed()
    visit.picture("checked")
    return {"checked": page.locator("body").inner_text()}


def what_cannot_work(visit: Visit, words: str) -> dict:
    """Hand in a table with words, and read the message of the red dataset."""
    visit.upload(words)
    visit.wait(7)
    visit.open_tool()
    visit.choose("tables|input", Path(words).name)
    visit.run()
    visit.wait(8, "error")
    item = visit.page.locator("#current-history-panel [data-hid='8']")
    item.locator(".content-title").click()
    expect(item).to_contain_text("is not a number")
    visit.picture("error")
    return {"error": item.inner_text()}


def the_tour(visit: Visit) -> dict:
    """Choose the tour from Galaxy's list, and click through it; return what each step showed."""
    visit.page.goto(f"{visit.url}/tours", wait_until="domcontentloaded")
    visit.page.get_by_role("link", name=TOUR).first.click()
    bubble = visit.page.locator(".tour-element")
    steps: list[dict] = []
    while True:
        expect(bubble.locator(".tour-next, .tour-end").first).to_be_visible()
        visit.page.wait_for_timeout(500)  # it moves to what it points at
        title = bubble.locator(".tour-title").inner_text()
        text = bubble.locator(".tour-content").inner_text()
        pointing = "tour-element-sticky" not in (bubble.get_attribute("class") or "")
        steps.append({"title": title, "text": text, "pointing": pointing})
        if len(steps) == 2:
            visit.picture("tour")
        further = bubble.locator(".tour-next")
        if not further.count():
            break
        further.click()
        expect(bubble.locator(".tour-title")).not_to_have_text(title)
    bubble.locator(".tour-end").click()
    expect(bubble).to_have_count(0)
    return {"tour": steps}


def main() -> None:
    """Walk through the tutorial, and say where it ended if it did."""
    url, email, password, counts, metadata, words, folder = sys.argv[1:]
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        visit = Visit(browser, url, Path(folder))
        try:
            visit.log_in(email, password)
            seen = first_time(visit, counts, metadata)
            seen |= with_metadata(visit, counts, metadata)
            seen |= what_cannot_work(visit, words)
            seen |= the_tour(visit)
        except Exception:
            visit.picture("ended_here")
            (visit.folder / "ended_here.html").write_text(visit.page.content())
            raise
        finally:
            browser.close()
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
