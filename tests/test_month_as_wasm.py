"""The month as WebAssembly imports nothing and gives the native bytes, under a runtime and in a browser."""

import copy
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from tenure.simulation.engines import compiled
from tenure.simulation.model import LifecycleModel
from tests.markets import LIVELY, small_market

pytest.importorskip("wasmtime", reason="wasmtime and ziglang come with the extra `slow`")
from tests.month_as_wasm import WasmModule, as_wasm, imports_of, page, run, shown

pytestmark = pytest.mark.slow
BROWSER = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
MARKET = small_market(
    people=1500,
    rules=LIVELY,
    us={"policy": {"policy": "uniform", "treatment": "loyalty_reward"}},
    guards={"budget_per_month": 1e6, "contacts_at_most": 30},
)


class LivedMonth(NamedTuple):
    """The arguments of the compiled loop before and after it ran, and the loop as a module."""

    given: tuple[Any, ...]
    native: list[bytes]
    module: WasmModule


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> LivedMonth:
    """A month in which people join, leave, borrow, miss payments and are treated."""
    model, loop = LifecycleModel(MARKET, seed=1), compiled.live_rows
    for _ in range(6):
        model.step()
    calls: list[tuple[tuple[Any, ...], tuple[Any, ...]]] = []

    def watched(*arguments: Any) -> None:
        calls.append((copy.deepcopy(arguments), arguments))
        loop(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "live_rows", watched)
        model.step()
    ((given, after),) = calls
    assert (
        (model.people["months_past_due"] > 0).any() and model.signals["joined"].any() and model.signals["taken"].any()
    )
    return LivedMonth(given, in_bytes(after), as_wasm(loop, tmp_path_factory.mktemp("wasm")))


def in_bytes(arguments: tuple[Any, ...]) -> list[bytes]:
    return [one.tobytes() for one in arguments if isinstance(one, np.ndarray | np.void)]


def in_browser(month: LivedMonth, folder: Path) -> list[bytes]:
    """Open one file in a browser that no server feeds; return what it shows."""
    path = folder / "month.html"
    path.write_text(page(month.module, month.given), encoding="utf-8")
    words = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}", "--dump-dom"]
    done = subprocess.run([BROWSER, *words, path.as_uri()], capture_output=True, text=True, timeout=240)
    return shown(done.stdout)


def test_the_month_imports_nothing(month: LivedMonth) -> None:
    """No exponential, no allocation, no exception, no clock: whatever the rules need stands in the module."""
    assert imports_of(month.module) == []


def test_a_runtime_gives_the_native_bytes(month: LivedMonth) -> None:
    """People, signals and the world with its ledger, and nothing of what is only read has changed."""
    lived = run(month.module, month.given)
    assert [len(part) for part in lived] == [len(part) for part in month.native]
    assert [a == b for a, b in zip(lived, month.native, strict=True)] == [True] * len(lived)
    assert sum(a != b for a, b in zip(lived, in_bytes(month.given), strict=True)) >= 3


@pytest.mark.skipif(not BROWSER, reason="there is no Chromium on this machine")
def test_a_browser_gives_the_native_bytes_from_one_file(month: LivedMonth, tmp_path: Path) -> None:
    lived = in_browser(month, tmp_path)
    assert [a == b for a, b in zip(lived, month.native, strict=True)] == [True] * len(month.native)


@pytest.mark.parametrize("where", [lambda month, folder: run(month.module, month.given), in_browser])
def test_another_month_gives_other_bytes(
    month: LivedMonth, tmp_path: Path, where: Callable[[LivedMonth, Path], list[bytes]]
) -> None:
    """What comes out depends on what goes in: the last bit of one person's income."""
    if where is in_browser and not BROWSER:
        pytest.skip("there is no Chromium on this machine")
    given = copy.deepcopy(month.given)
    given[0]["income"][7] = np.nextafter(given[0]["income"][7], np.inf)
    lived = where(month._replace(given=given), tmp_path)
    assert lived[0] != month.native[0]
