"""The house style that no linter knows, as a test; exceptions are named here, each with its reason."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from bot import logs

ROOT = Path(__file__).parents[2]
FOLDERS = ("bot", "tests", "docs", "config", ".ci")
MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70

BLIND_EXCEPT_ALLOWED = frozenset({"bot/runtime/daemon.py", "bot/runtime/traders.py"})
"""The supervisors: they log what nobody expected, raise the alarm, and go on with the next turn."""

SCHEMA = "bot/journal/migrations/versions/"
"""A migration is one list of tables: cutting it up would hide the order."""

TEXT_SUFFIXES = frozenset(
    {".py", ".md", ".toml", ".lock", ".yml", ".yaml", ".cfg", ".ini", ".mako", ".txt", ".json", ""}
)

# Written in pieces, so that this file does not find itself.
REGISTRIES = re.compile(
    "pypi" r"\.org|python" "hosted|registry" r"\.npmjs|crates" r"\.io|deb" r"\.debian|index-" "url|find-" "links"
)
UNFINISHED = re.compile("TO" "DO|FIX" "ME|X" r"XX\b|NotImplemented" "Error")
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:ro" r"ot|ho" r"me/\w+|Us" r"ers/\w+|wo" r"rk)/")


VIRTUAL_TIME = re.compile(r"\b(run_virtual|VirtualLoop|SeededLoop|tests\.sim\.simulate)\b")
"""What says that a test runs on a loop whose clock jumps."""


@cache
def files() -> tuple[str, ...]:
    """Every file that is, or is about to be, in the repository; what it may hold where git can't say."""
    names = listed_by_git()
    return tuple(sorted(name for name in (found_in(ROOT) if names is None else names) if (ROOT / name).is_file()))


def listed_by_git() -> list[str] | None:
    """None: no git here, no history, or a folder of somebody else that git does not trust."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return None
    return listed.stdout.splitlines() if listed.returncode == 0 else None


def found_in(root: Path) -> list[str]:
    """Texts of our own folders, and those beside them: no environment, no cache, nothing measured, nothing binary."""
    paths = [path for path in root.iterdir() if not path.name.startswith(".coverage")]
    paths += [path for folder in FOLDERS for path in (root / folder).rglob("*") if "__pycache__" not in path.parts]
    return [path.relative_to(root).as_posix() for path in paths if path.is_file() and is_text(path)]


def is_text(path: Path) -> bool:
    try:
        return "\0" not in path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return False


def python(*folders: str) -> list[str]:
    return [name for name in files() if name.endswith(".py") and name.startswith(folders or ("bot/", "tests/"))]


@cache
def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def tree_of(name: str) -> ast.Module:
    return ast.parse(text_of(name))


def lines_with(pattern: re.Pattern[str], names: list[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:100]}"
        for name in names
        for number, line in enumerate(text_of(name).splitlines(), start=1)
        if pattern.search(line)
    ]


def calls(name: str) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every call."""
    for node in ast.walk(tree_of(name)):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


def called(wanted: set[str], names: list[str]) -> list[str]:
    return [f"{name}:{line}: {call}" for name in names for line, call in calls(name) if call in wanted]


def test_there_is_something_to_look_at() -> None:
    assert len(python("bot/")) > 50
    assert "pyproject.toml" in files()


def test_without_git_only_what_is_ours_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = ("README.md", "bot/app/assembly.py", "tests/core/test_units.py", ".ci/run")
    others = (".coverage", ".coverage.host.1", ".venv/lib/x.py", ".mypy_cache/x.json", "bot/__pycache__/app.pyc")
    for name in ours + others:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("text\n")
    (tmp_path / "bot" / "kept.db").write_bytes(b"\xff\x00")
    assert sorted(found_in(tmp_path)) == sorted(ours)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert listed_by_git() is None


def test_modules_are_short() -> None:
    long = {name: text_of(name).count("\n") for name in python()}
    assert {name: lines for name, lines in long.items() if lines > MODULE_LINES_MAX} == {}


def test_functions_are_short() -> None:
    long = [
        f"{name}:{node.lineno}: {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for name in python()
        if not name.startswith(SCHEMA)
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert long == []


def test_money_never_meets_a_float() -> None:
    assert called({"float"}, python("bot/domain/", "bot/core/", "bot/journal/")) == []


def test_only_the_command_line_prints() -> None:
    assert called({"print"}, [name for name in python("bot/") if not name.startswith("bot/cli/")]) == []


def raises_again(handler: ast.ExceptHandler) -> bool:
    """Whether it only tidies up on the way through."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_nothing_is_caught_blindly() -> None:
    blind = [
        f"{name}:{node.lineno}"
        for name in python("bot/")
        if name not in BLIND_EXCEPT_ALLOWED
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or re.search(r"\b(Base)?Exception\b", ast.unparse(node.type)))
        and not raises_again(node)
    ]
    assert blind == []


def test_tests_use_hand_written_fakes() -> None:
    banned = {"MagicMock", "AsyncMock", "Mock", "patch", "mock"}
    found = [
        f"{name}:{node.lineno}"
        for name in python("tests/")
        for node in ast.walk(tree_of(name))
        if (isinstance(node, ast.ImportFrom | ast.Import))
        and banned & {part for alias in node.names for part in alias.name.split(".")}
    ]
    assert found == []


def test_tests_don_t_sleep() -> None:
    """On virtual time nobody waits; a clock may be built on the loop's; giving way with `sleep(0)` is no waiting."""
    waits = [
        f"{name}:{node.lineno}"
        for name in python("tests/")
        if not VIRTUAL_TIME.search(text_of(name))
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"time.sleep", "asyncio.sleep", "sleep"}
        and (ast.unparse(node.func) == "time.sleep" or (isinstance(node.args[0], ast.Constant) and node.args[0].value))
    ]
    assert waits == []


def test_nothing_is_left_unfinished() -> None:
    assert lines_with(UNFINISHED, python()) == []


@pytest.mark.parametrize("pattern", [REGISTRIES, MACHINE_PATHS], ids=["a registry's host", "a path of one machine"])
def test_no_text_names(pattern: re.Pattern[str]) -> None:
    names = [name for name in files() if Path(name).suffix in TEXT_SUFFIXES]
    assert lines_with(pattern, names) == []


def test_every_event_is_logged_somewhere() -> None:
    events = [name for name, value in vars(logs).items() if name.isupper() and isinstance(value, str) and "." in value]
    used = "\n".join(text_of(name) for name in python("bot/"))
    assert [name for name in events if len(re.findall(rf"\b{name}\b", used)) < 2] == []


def test_the_locks_carry_hashes_and_nothing_of_where_they_came_from() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        lock = text_of(name)
        assert "--hash=sha256:" in lock
        assert not re.search(r"^--", lock, re.MULTILINE)
