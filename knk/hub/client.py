"""The Hugging Face Hub: datasets and models published in one commit, and fetched whole or not at all.

What is published is first put into a folder of its own (`knk.hub.staging`): files, a card, and a manifest with the
hash of every file. `publish` sends such a folder. Large files are uploaded before the one commit that makes them part
of the repository, so an upload that is cut off leaves the repository as it was. `download` checks every file against
the manifest.

The token is huggingface-hub's business: it is taken from `HF_TOKEN` or from what `hf auth login` stored, and is in no
argument, message or log of this module.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from knk.datasets.manifest import MANIFEST, README, File, Manifest
from knk.errors import BadFolder, HubFailed, KnkError
from knk.files import sha256_of
from knk.hub.layout import tree_of
from knk.hub.staging import Kind, Tree, check_name
from knk.version import __version__

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

_TOKEN: Final = re.compile(r"hf_\w+|(?<=://)[^/\s@]*@|(?i:bearer)\s+\S+")
_CACHE: Final = ".cache"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Published:
    """What was published.

    Args:
        url: the commit's address.
        commit: the commit's hash.
        private: whether only members of the organisation see it.
    """

    url: str
    commit: str
    private: bool


# To the Hub.


def publish(
    tree: Tree,
    name: str,
    public: bool = False,
    revision: str | None = None,
    message: str | None = None,
    endpoint: str | None = None,
    progress: bool = False,
) -> Published:
    """Publish what was staged, in one commit; a repository that is not there is made.

    Files that an earlier publication listed in its manifest, and that this one has no more, are deleted in the same
    commit; other files of the repository stay. Call it again after an error: what was uploaded is not sent again, and
    what was committed is not committed again.

    Args:
        tree: what `knk.hub.staging.stage` or `stage_model` returned.
        name: where to publish it, as `org/name`.
        public: whether everybody may see it. A repository that is there stays as visible as it is, and if that is
            other than what is asked for here nothing is published.
        revision: the branch to commit to, made from the main one if it is not there; the main one if not given.
        message: the commit's message.
        endpoint: the Hub's address; huggingface-hub's own if not given.
        progress: whether huggingface-hub may show bars on a terminal.

    Raises:
        HubFailed: the Hub, or the way to it, did not do what was asked; the message says what to do.
    """
    check_name(name)
    api = _api(endpoint)
    check_signed_in()
    with _errors_told(name, "published"), _bars(progress):
        private = _repository(api, tree.kind, name, public)
        if revision:
            api.create_branch(name, branch=revision, repo_type=tree.kind, exist_ok=True)
        info = api.repo_info(name, repo_type=tree.kind, revision=revision)
        done = api.create_commit(
            name,
            operations=[*_additions(tree), *_deletions(api, tree, name, str(info.sha))],
            commit_message=message or f"Published with knk {__version__}",
            repo_type=tree.kind,
            revision=revision,
            # If somebody else commits meanwhile, the Hub refuses: files to delete were chosen for this commit.
            parent_commit=info.sha,
        )
    return Published(done.commit_url, done.oid, private)


def _api(endpoint: str | None) -> HfApi:
    from huggingface_hub import HfApi

    return HfApi(endpoint=endpoint, library_name="knk", library_version=__version__)


def check_signed_in() -> None:
    """See that there is a token; whether it is good only the Hub can tell.

    Raises:
        HubFailed: there is none.
    """
    from huggingface_hub import get_token

    if not get_token():
        raise HubFailed("there is no token: set HF_TOKEN, or run 'hf auth login'")


def _repository(api: HfApi, kind: Kind, name: str, public: bool) -> bool:
    """Make the repository if it is not there, and return whether it is private."""
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        private = bool(api.repo_info(name, repo_type=kind).private)
    except RepositoryNotFoundError:
        api.create_repo(name, repo_type=kind, private=not public, exist_ok=False)
        return not public
    if public and private:
        raise HubFailed(f"{name} is there and private: make it public in its settings, or leave --public out")
    if not public and not private:
        raise HubFailed(f"{name} is there and public: publish with --public, or make it private in its settings")
    return private


def _additions(tree: Tree) -> Iterator[CommitOperationAdd]:
    from huggingface_hub import CommitOperationAdd

    for path in tree.files:
        yield CommitOperationAdd(path, tree.folder / path)


def _deletions(api: HfApi, tree: Tree, name: str, commit: str) -> Iterator[CommitOperationDelete]:
    """Iterate over deletions of what an earlier publication listed and this one lacks."""
    from huggingface_hub import CommitOperationDelete

    there = set(api.list_repo_files(name, repo_type=tree.kind, revision=commit))
    if MANIFEST not in there:
        return
    with TemporaryDirectory() as folder:
        path = api.hf_hub_download(name, MANIFEST, repo_type=tree.kind, revision=commit, local_dir=folder)
        try:
            listed = Manifest.read(Path(path).parent).files
        except BadFolder as error:
            logger.warning("%s has a manifest that is not this library's (%s): no file of it is deleted", name, error)
            return
    for file in listed:
        if file.path in there and file.path not in tree.files:
            yield CommitOperationDelete(file.path)


# From the Hub.


def download(
    name: str,
    folder: str | os.PathLike[str],
    revision: str | None = None,
    kind: Kind = "dataset",
    unchecked: bool = False,
    endpoint: str | None = None,
    progress: bool = False,
) -> str:
    """Fetch what was published into a folder that appears whole or not at all, and return the commit's hash.

    What is fetched is what the manifest lists, the manifest and the card; each listed file has to have its hash. Until
    all is there, files are in a hidden folder beside; the same call goes on with it after it was cut off.

    Args:
        name: what to fetch, as `org/name`.
        folder: where to put it; empty, or not there yet.
        revision: a branch, tag or commit; the main branch if not given.
        kind: what it is.
        unchecked: whether to fetch, with all its files, what has no manifest.
        endpoint: the Hub's address; huggingface-hub's own if not given.
        progress: whether huggingface-hub may show bars on a terminal.

    Raises:
        BadFolder: the folder is not free; there is no manifest, or a file differs from what it says: the message names
            the file.
        HubFailed: the Hub, or the way to it, did not do what was asked; the message says what to do.
    """
    check_name(name)
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 - links in it are the user's, and stay
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadFolder(f"{folder} is not empty: choose another folder or remove that one")
    unfinished = folder.parent / f".{folder.name}.unfinished"
    with _errors_told(name, "fetched"), _bars(progress):
        commit, wanted = _fetched(_api(endpoint), name, unfinished, revision, kind, unchecked)
    shutil.rmtree(unfinished / _CACHE, ignore_errors=True)
    _keep_only(unfinished, wanted)
    if folder.exists():
        folder.rmdir()
    unfinished.rename(folder)
    return commit


def _fetched(
    api: HfApi, name: str, into: Path, revision: str | None, kind: Kind, unchecked: bool
) -> tuple[str, set[str]]:
    """Fetch and check the files, and return the commit's hash and the paths of what belongs to it."""
    commit = str(api.repo_info(name, repo_type=kind, revision=revision).sha)
    there = set(api.list_repo_files(name, repo_type=kind, revision=commit))
    into.mkdir(parents=True, exist_ok=True)
    (into / MANIFEST).unlink(missing_ok=True)
    manifest = None
    if MANIFEST in there:
        api.hf_hub_download(name, MANIFEST, repo_type=kind, revision=commit, local_dir=into)
        manifest = Manifest.read(into)
        wanted = {file.path for file in manifest.files} | ({MANIFEST, README} & there)
    elif unchecked:
        wanted = there
    else:
        raise BadFolder(f"{name} has no {MANIFEST} to check its files by: fetch it unchecked, or not at all")
    patterns = sorted({f"{path.partition('/')[0]}/*" if "/" in path else path for path in wanted})
    api.snapshot_download(name, repo_type=kind, revision=commit, local_dir=into, allow_patterns=patterns)
    for file in manifest.files if manifest else ():
        _check_fetched(into, file, name)
    return commit, wanted


def _check_fetched(folder: Path, file: File, name: str) -> None:
    path = folder / file.path
    if not path.is_file():
        raise BadFolder(f"{file.path} is in the {MANIFEST} of {name}, and not there")
    if sha256_of(path) != file.sha256:
        # It is fetched again next time, in case it was damaged here.
        path.unlink()
        raise BadFolder(f"{file.path} differs from what the {MANIFEST} of {name} says of it")


def _keep_only(folder: Path, wanted: set[str]) -> None:
    """Remove what an earlier try left that is no part of what was fetched now, and folders without files."""
    for path in tree_of(folder):
        if path not in wanted:
            (folder / path).unlink()
    for parent, _, _ in os.walk(folder, topdown=False):
        if parent != str(folder) and not any(Path(parent).iterdir()):
            Path(parent).rmdir()


# Bars and errors.


@contextmanager
def _bars(wanted: bool) -> Iterator[None]:
    """Keep huggingface-hub from showing bars, unless they are wanted."""
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    if wanted or are_progress_bars_disabled():
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()


@contextmanager
def _errors_told(name: str, done: str) -> Iterator[None]:
    """Turn what huggingface-hub raises into one line that says what to do."""
    try:
        yield
    except KnkError:
        raise
    except _hub_errors() as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise
        # Not "from error": a request hangs on it, and its headers hold the token.
        raise HubFailed(_message(error, name, done)) from None


def _hub_errors() -> tuple[type[Exception], ...]:
    """Return what huggingface-hub raises: also the base of all errors of its HTTP library, whichever that is."""
    from huggingface_hub.errors import HfHubHTTPError

    bases = [base for base in HfHubHTTPError.__mro__ if base.__name__ == "HTTPError" and issubclass(base, Exception)]
    return (RuntimeError, ValueError, OSError, *bases)


def _message(error: BaseException, name: str, done: str) -> str:
    """Return what went wrong and what to do about it."""
    causes = [error]
    while (cause := causes[-1].__cause__) is not None:
        causes.append(cause)
    responses = (getattr(each, "response", None) for each in causes)
    status = next((response.status_code for response in responses if response is not None), None)
    advice = {
        401: "the Hub does not accept the token, or there is no such repository: set HF_TOKEN, or run 'hf auth login'",
        403: f"the token may not do this with {name}: take one that may, from the Hub's settings",
        404: f"there is no {name}, or no such revision of it, or the token may not see it",
        409: "somebody else is changing it, or it is there and the token may not see it",
        412: "somebody else changed it meanwhile: run the command again",
        413: "the Hub takes no files as large as these",
        429: "the Hub asks for fewer requests: wait some minutes, and run the command again",
    }
    if status is None:
        told = f"{causes[-1].__class__.__name__}: {_clean(str(causes[-1]))}"
        # What is wrong with what was asked stays wrong; the way to the Hub may be open next time.
        told += "" if isinstance(causes[-1], ValueError) else ": run the command again to go on"
    elif status in advice:
        told = f"{advice[status]} (status {status})"
    elif status >= 500:
        told = f"the Hub failed (status {status}): run the command again to go on"
    else:
        told = f"the Hub refused (status {status}): {_clean(str(error))}"
    return f"{name} was not {done}: {told}"


def _clean(text: str) -> str:
    """Return a message as one line, without what may be a token, a password or a signed address.

    >>> _clean("no entry for Bearer hf_abc at https://me:pw@host/path?X-Signature=123\\nsecond line")
    'no entry for [...] at https://[...]host/path?[...] second line'
    """
    from huggingface_hub import get_token

    token = get_token()
    text = text.replace(token, "[...]") if token else text
    text = re.sub(r"(?<=\?)\S*=\S*", "[...]", _TOKEN.sub("[...]", text))
    line = " ".join(text.split())
    return line if len(line) <= 300 else f"{line[:297]}..."
