"""The month of the compiled engine as code for a GPU, made on a machine that has none. Run as a program, in a process
of its own: it tells numba-cuda that there is a device."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

CAPABILITY = (9, 0)
"""Of the device that the code is for: sm_90."""


def month_as_ptx(fused: bool) -> str:
    """Return the loop over people as PTX, with or without multiplications and additions fused into one rounding."""
    from numba import cuda
    from numba.cuda import codegen, dispatcher

    from tenure.simulation.engines.compiled import live_rows
    from tenure.simulation.model import LifecycleModel
    from tests.markets import small_market

    loop: Any = live_rows
    LifecycleModel(small_market(), seed=1).step()  # from now on the types of its arguments are known
    compile_ir, device = codegen.nvvm.compile_ir, SimpleNamespace(compute_capability=CAPABILITY)

    def with_option(code: Any, **options: Any) -> bytes:
        return bytes(compile_ir(code, **options, fma=fused))

    with (
        mock.patch.object(codegen.nvvm, "compile_ir", with_option),  # `cuda.compile` has no such option of its own
        mock.patch.object(dispatcher, "get_current_device", lambda: device),
    ):
        code, _ = cuda.compile(loop.dispatcher.py_func, loop.dispatcher.signatures[0], cc=CAPABILITY, abi="numba")
    return str(code)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(month_as_ptx(sys.argv[2] == "fused"), encoding="utf-8")
