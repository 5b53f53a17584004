"""Hooks of mkdocs: they add the pages outside docs/ to the site and rewrite the links between pages.

Links in the pages are paths in the checkout, such as `../recipes/README.md`, so that they work wherever the files are
read. On the site `recipes/README.md` is beside the pages of docs/, so links are rewritten. A linked file that is not a
page is copied; a folder has no page, and a link to one becomes plain text.
"""

import os
import re
from pathlib import Path
from typing import Any, Final

from mkdocs.structure.files import File, Files

ROOT: Final = Path(__file__).parents[1]
DOCS: Final = ROOT / "docs"
OUTSIDE: Final = ("CONTRIBUTING.md", "CHANGELOG.md", "recipes/**/*.md", "benchmarks/**/*.md")
INTERVAL: Final = re.compile(r"(?<=>)([-+]?[\d.]+) (\[[-+\d.]+), ([-+\d.]+\])(?=</td>)")
LINK: Final = re.compile(r"\[([^\]]*)\]\(([^)#\s]+)(#[^)\s]*)?\)")


def outside() -> list[Path]:
    """Return the pages outside docs/."""
    return sorted(path for pattern in OUTSIDE for path in ROOT.glob(pattern))


def on_files(files: Files, config: Any) -> Files:
    """Add the pages outside docs/, and the files that any page links to."""
    pages = outside()
    linked = {path for page in (*pages, *DOCS.rglob("*.md")) for path in links(page) if path.is_file()}
    for path in sorted({*pages, *linked}):
        if not path.is_relative_to(DOCS):
            files.append(File.generated(config, str(path.relative_to(ROOT)), abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Rewrite a page's links for the site."""
    source = Path(page.file.abs_src_path)

    def rewritten(link: re.Match[str]) -> str:
        path = target(source, link[2])
        if path is None or not path.exists() or (source.is_relative_to(DOCS) and path.is_relative_to(DOCS)):
            return link[0]
        if path.is_dir():
            return link[1]
        return f"[{link[1]}]({os.path.relpath(site_path(path), site_path(source).parent)}{link[3] or ''})"

    return LINK.sub(rewritten, markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Keep a figure in a table and its interval on one line."""
    return INTERVAL.sub(r"\1&nbsp;\2,&nbsp;\3", html)


def links(page: Path) -> list[Path]:
    """Return the paths in the checkout that a page links to."""
    targets = (target(page, link[2]) for link in LINK.finditer(page.read_text(encoding="utf-8")))
    return [path for path in targets if path is not None]


def target(page: Path, link: str) -> Path | None:
    """Return the path of a link in the checkout, or None if the link leads outside it."""
    path = Path(os.path.normpath(page.parent / link))
    return path if "://" not in link and path.is_relative_to(ROOT) else None


def site_path(path: Path) -> Path:
    """Return the path of a file of the checkout on the site."""
    return path.relative_to(DOCS if path.is_relative_to(DOCS) else ROOT)
