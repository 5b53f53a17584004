"""The Hugging Face Hub: publish datasets and models in one commit, and download them whole or not at all.

`publish` uploads a staged folder (`knk.hub.staging`). Large files are uploaded before the one commit that makes them
part of the repository, so an interrupted upload leaves the repository unchanged. `download` checks every file against
the manifest.

huggingface-hub reads the token, from `HF_TOKEN` or from what `hf auth login` stored. It is in no argument, message or
log of this module.
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
from knk.hub.layout import file_sizes
from knk.hub.staging import RepositoryKind, StagedFolder, check_name
from knk.version import __version__

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

_TOKEN: Final = re.compile(r"hf_\w+|(?<=://)[^/\s@]*@|(?i:bearer)\s+\S+")
_CACHE: Final = ".cache"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Published:
    """A publication.

    Args:
        url: the URL of the commit.
        commit: the hash of the commit.
        private: whether only members of the organisation can see the repository.
    """

    url: str
    commit: str
    private: bool


def publish(
    staged: StagedFolder,
    name: str,
    public: bool = False,
    revision: str | None = None,
    message: str | None = None,
    endpoint: str | None = None,
    progress: bool = False,
) -> Published:
    """Publish a staged folder in one commit, in a new repository if there is none of that name.

    The same commit deletes files that the previous manifest lists and this one does not; other files of the repository
    stay. After an error, call it again: nothing is uploaded or committed twice.

    Args:
        staged: what `knk.hub.staging.stage` or `stage_model` returned.
        name: the repository, such as `org/name`.
        public: whether everybody can see it. The visibility of an existing repository is never changed: if it differs,
            nothing is published.
        revision: the branch to commit to, created from the main branch if it does not exist; None for the main branch.
        message: the commit's message.
        endpoint: the URL of the Hub, None for huggingface-hub's default.
        progress: whether huggingface-hub may show progress bars.

    Raises:
        HubFailed: the Hub refused or could not be reached; the message says what to do.
    """
    check_name(name)
    api = _api(endpoint)
    check_signed_in()
    with _one_line_errors(name, "published"), _progress_bars(progress):
        private = _ensure_repository(api, staged.kind, name, public)
        if revision:
            api.create_branch(name, branch=revision, repo_type=staged.kind, exist_ok=True)
        info = api.repo_info(name, repo_type=staged.kind, revision=revision)
        done = api.create_commit(
            name,
            operations=[*_additions(staged), *_deletions(api, staged, name, str(info.sha))],
            commit_message=message or f"Published with knk {__version__}",
            repo_type=staged.kind,
            revision=revision,
            # The files to delete were chosen for this commit, so the Hub has to refuse if there is a newer one.
            parent_commit=info.sha,
        )
    return Published(done.commit_url, done.oid, private)


def _api(endpoint: str | None) -> HfApi:
    from huggingface_hub import HfApi

    return HfApi(endpoint=endpoint, library_name="knk", library_version=__version__)


def check_signed_in() -> None:
    """Check that there is a token; only the Hub can tell whether it is valid.

    Raises:
        HubFailed: there is no token.
    """
    from huggingface_hub import get_token

    if not get_token():
        raise HubFailed("missing token: set HF_TOKEN, or run 'hf auth login'")


def _ensure_repository(api: HfApi, kind: RepositoryKind, name: str, public: bool) -> bool:
    """Create the repository if it does not exist, and return whether it is private."""
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        private = bool(api.repo_info(name, repo_type=kind).private)
    except RepositoryNotFoundError:
        api.create_repo(name, repo_type=kind, private=not public, exist_ok=False)
        return not public
    if public and private:
        raise HubFailed(f"{name} exists and is private: make it public in its settings, or leave out --public")
    if not public and not private:
        raise HubFailed(
            f"{name} already exists and is public: publish with --public, or make it private in its settings"
        )
    return private


def _additions(staged: StagedFolder) -> Iterator[CommitOperationAdd]:
    from huggingface_hub import CommitOperationAdd

    for path in staged.files:
        yield CommitOperationAdd(path, staged.folder / path)


def _deletions(api: HfApi, staged: StagedFolder, name: str, commit: str) -> Iterator[CommitOperationDelete]:
    """Iterate over deletions of the files that the previous manifest lists and the new one does not."""
    from huggingface_hub import CommitOperationDelete

    existing = set(api.list_repo_files(name, repo_type=staged.kind, revision=commit))
    if MANIFEST not in existing:
        return
    with TemporaryDirectory() as folder:
        path = api.hf_hub_download(name, MANIFEST, repo_type=staged.kind, revision=commit, local_dir=folder)
        try:
            listed = Manifest.read(Path(path).parent).files
        except BadFolder as error:
            logger.warning("the manifest of %s was not written by knk (%s): none of its files is deleted", name, error)
            return
    for file in listed:
        if file.path in existing and file.path not in staged.files:
            yield CommitOperationDelete(file.path)


def download(
    name: str,
    folder: str | os.PathLike[str],
    revision: str | None = None,
    kind: RepositoryKind = "dataset",
    unchecked: bool = False,
    endpoint: str | None = None,
    progress: bool = False,
) -> str:
    """Download a repository into a folder that appears whole or not at all, and return the commit's hash.

    The manifest, the files that it lists and the card are downloaded, and each listed file is checked against its hash.
    Until all are complete they are in a hidden folder next to the target; the same call resumes an interrupted one.

    Args:
        name: the repository, such as `org/name`.
        folder: the folder to write to; it must be empty or not exist.
        revision: a branch, tag or commit; None for the main branch.
        kind: whether it is a dataset or a model.
        unchecked: whether to download all files of a repository without a manifest.
        endpoint: the URL of the Hub, None for huggingface-hub's default.
        progress: whether huggingface-hub may show progress bars.

    Raises:
        BadFolder: the folder is not empty, there is no manifest, or a file differs from it; the message names the file.
        HubFailed: the Hub refused or could not be reached; the message says what to do.
    """
    check_name(name)
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 - links in the path are kept
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadFolder(f"{folder} is not empty: choose another folder or remove that one")
    unfinished = folder.parent / f".{folder.name}.unfinished"
    with _one_line_errors(name, "downloaded"), _progress_bars(progress):
        commit, paths = _download_files(_api(endpoint), name, unfinished, revision, kind, unchecked)
    shutil.rmtree(unfinished / _CACHE, ignore_errors=True)
    _keep_only(unfinished, paths)
    if folder.exists():
        folder.rmdir()
    unfinished.rename(folder)
    return commit


def _download_files(
    api: HfApi, name: str, into: Path, revision: str | None, kind: RepositoryKind, unchecked: bool
) -> tuple[str, set[str]]:
    """Download and check the files, and return the commit's hash and the files' paths."""
    commit = str(api.repo_info(name, repo_type=kind, revision=revision).sha)
    existing = set(api.list_repo_files(name, repo_type=kind, revision=commit))
    into.mkdir(parents=True, exist_ok=True)
    (into / MANIFEST).unlink(missing_ok=True)
    manifest = None
    if MANIFEST in existing:
        api.hf_hub_download(name, MANIFEST, repo_type=kind, revision=commit, local_dir=into)
        manifest = Manifest.read(into)
        paths = {file.path for file in manifest.files} | ({MANIFEST, README} & existing)
    elif unchecked:
        paths = existing
    else:
        raise BadFolder(f"{name} has no {MANIFEST} to check its files against: use --unchecked to download it anyway")
    patterns = sorted({f"{path.partition('/')[0]}/*" if "/" in path else path for path in paths})
    api.snapshot_download(name, repo_type=kind, revision=commit, local_dir=into, allow_patterns=patterns)
    for file in manifest.files if manifest else ():
        _check_downloaded(into, file, name)
    return commit, paths


def _check_downloaded(folder: Path, file: File, name: str) -> None:
    path = folder / file.path
    if not path.is_file():
        raise BadFolder(f"{file.path} is missing, though the {MANIFEST} of {name} lists it")
    if sha256_of(path) != file.sha256:
        # Deleted, so that the next try downloads it again, in case it was damaged on this machine.
        path.unlink()
        raise BadFolder(f"{file.path} differs from its hash in the {MANIFEST} of {name}")


def _keep_only(folder: Path, paths: set[str]) -> None:
    """Remove other files, which an earlier try left, and empty folders."""
    for path in file_sizes(folder):
        if path not in paths:
            (folder / path).unlink()
    for parent, _, _ in os.walk(folder, topdown=False):
        if parent != str(folder) and not any(Path(parent).iterdir()):
            Path(parent).rmdir()


# Progress bars and errors.


@contextmanager
def _progress_bars(enabled: bool) -> Iterator[None]:
    """Let huggingface-hub show progress bars only if they are enabled."""
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    if enabled or are_progress_bars_disabled():
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()


@contextmanager
def _one_line_errors(name: str, done: str) -> Iterator[None]:
    """Turn an error of huggingface-hub into one line that says what to do."""
    try:
        yield
    except KnkError:
        raise
    except _hub_errors() as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise
        # Not "from error": the error has the request, and its headers have the token.
        raise HubFailed(_message(error, name, done)) from None


def _hub_errors() -> tuple[type[Exception], ...]:
    """Return the errors of huggingface-hub, and the base class of its HTTP library's errors, whichever it uses."""
    from huggingface_hub.errors import HfHubHTTPError

    bases = [base for base in HfHubHTTPError.__mro__ if base.__name__ == "HTTPError" and issubclass(base, Exception)]
    return (RuntimeError, ValueError, OSError, *bases)


def _message(error: BaseException, name: str, done: str) -> str:
    """Return what went wrong and what to do about it, in one line."""
    causes = [error]
    while (cause := causes[-1].__cause__) is not None:
        causes.append(cause)
    responses = (getattr(each, "response", None) for each in causes)
    status = next((response.status_code for response in responses if response is not None), None)
    advice = {
        401: "the token is invalid, or there is no such repository: set HF_TOKEN, or run 'hf auth login'",
        403: f"the token has no permission for {name}: create one that has in the Hub's settings",
        404: f"there is no {name}, or no such revision, or the token has no access to it",
        409: "somebody else is changing it, or it exists and the token has no access to it",
        412: "somebody else has changed it meanwhile: run the command again",
        413: "the files are too large for the Hub",
        429: "too many requests: wait some minutes and run the command again",
    }
    if status is None:
        message = f"{causes[-1].__class__.__name__}: {_clean(str(causes[-1]))}"
        # An invalid request stays invalid, but the Hub may be reached next time.
        message += "" if isinstance(causes[-1], ValueError) else ": run the command again to resume"
    elif status in advice:
        message = f"{advice[status]} (status {status})"
    elif status >= 500:
        message = f"the Hub failed (status {status}): run the command again to resume"
    else:
        message = f"the Hub refused (status {status}): {_clean(str(error))}"
    return f"{name} was not {done}: {message}"


def _clean(text: str) -> str:
    """Return a message as one line, without anything that may be a token, a password or a signed URL.

    >>> _clean("no entry for Bearer hf_abc at https://me:pw@host/path?X-Signature=123\\nsecond line")
    'no entry for [...] at https://[...]host/path?[...] second line'
    """
    from huggingface_hub import get_token

    token = get_token()
    text = text.replace(token, "[...]") if token else text
    text = re.sub(r"(?<=\?)\S*=\S*", "[...]", _TOKEN.sub("[...]", text))
    line = " ".join(text.split())
    return line if len(line) <= 300 else f"{line[:297]}..."
