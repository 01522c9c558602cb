"""A month of the compiled engine as a WebAssembly module: the same rules without Python, as any browser runs them.

What Numba makes of the loop over people is LLVM code that a machine of any kind can be given. It is taken without
Python's wrappers and linked for wasm32; `page` is one file that holds the module and what goes into it.
"""

import base64
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import wasmtime
from llvmlite import binding as llvm

from tenure.agents.compiling import load_numba

TRIPLE = "wasm32-unknown-unknown"
FEATURES = "+bulk-memory,+nontrapping-fptoint,+sign-ext"
"""What the browsers of the last years have."""
MEMORY_BYTES = 1 << 26
ALIGNED = 64
OF_PYTHON = ("_ZN7cpython", "cfunc.", "NRT_")
"""How the names begin of what lets Python call compiled code, and of what counts references to arrays."""
COUNTS = "".join(f"\ndefine void @NRT_{name}(ptr %array) {{\n ret void\n}}\n" for name in ("incref", "decref"))
"""The counts of references: there are none where arrays stay in their places."""
FUNCTION = re.compile(r'^define [^\n]*?@"?([\w.$]+)"?\(.*?^}\n', re.MULTILINE | re.DOTALL)
"""A function in LLVM code, and its name."""


class WasmModule(NamedTuple):
    """A module's bytes, and the name of the one function that it exports."""

    code: bytes
    entry: str


class Laid(NamedTuple):
    """A call's arguments in the memory of a module: its words, which of them have 64 bits, and what lies where."""

    words: list[int]
    wide: list[bool]
    places: list[tuple[int, bytes]]


def as_wasm(entry: Any, folder: Path) -> WasmModule:
    """Return an entry point, called before, as a module; `folder` is for what is made on the way."""
    fresh = load_numba().njit(nogil=True, error_model="numpy")(entry.dispatcher.py_func)  # the cache keeps no LLVM code
    fresh.compile(entry.dispatcher.signatures[0])
    (native,) = fresh.inspect_llvm().values()
    text, name = without_python(native, entry.__name__)
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine = llvm.Target.from_triple(TRIPLE).create_target_machine(opt=3, features=FEATURES)
    head = f'target datalayout = "{machine.target_data}"\ntarget triple = "{TRIPLE}"\n'
    made, linked = folder / "month.o", folder / "month.wasm"
    made.write_bytes(machine.emit_object(llvm.parse_assembly(head + text)))
    words = ["--no-entry", "--allow-undefined", "--gc-sections", "--strip-all", f"--initial-memory={MEMORY_BYTES}"]
    linker = [sys.executable, "-m", "ziglang", "wasm-ld"] if find_spec("ziglang") else ["wasm-ld"]
    exports = [f"--export={name}", "--export=__heap_base"]
    subprocess.run([*linker, *words, *exports, "-o", str(linked), str(made)], check=True)
    return WasmModule(linked.read_bytes(), name)


def without_python(text: str, entry: str) -> tuple[str, str]:
    """Return LLVM code without what is Python's or one processor's, and the name of the entry point in it."""
    (name,) = (
        found[1] for found in FUNCTION.finditer(text) if entry in found[1] and not found[1].startswith(OF_PYTHON)
    )
    text = FUNCTION.sub(lambda found: "" if found[1].startswith(OF_PYTHON) else found[0], text)
    text = re.sub(r"^(target |declare [^\n]*llvm\.x86)[^\n]*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r'"(target-cpu|target-features|probe-stack)"="[^"]*"', "", text)
    return text.replace(" = common ", " = internal ") + COUNTS, name


def laid(arguments: tuple[Any, ...], start: int) -> Laid:
    """Lay the arguments of a call into memory from `start` on, as Numba passes them.

    Before them are two places for what the call returns. An array is two words for its owner, its length, the size of
    an item, its address, and a length and a step for each axis; a row is its address; a number is itself.
    """
    at = upwards(start)
    laid = Laid([at, at + 8], [False, False], [])
    at += ALIGNED
    for one in arguments:
        if isinstance(one, np.ndarray):
            sizes = [*one.shape, *one.strides]
            laid.words.extend([0, 0, one.size, one.itemsize, at, *sizes])
            laid.wide.extend([False, False, True, True, False, *(True for _ in sizes)])
        else:
            is_row = isinstance(one, np.void)
            laid.words.append(at if is_row else int(one))
            laid.wide.append(not is_row)
        if isinstance(one, np.ndarray | np.void):
            laid.places.append((at, one.tobytes()))
            at = upwards(at + one.nbytes)
    assert at <= MEMORY_BYTES, "fewer people, or more memory"
    return laid


def upwards(at: int) -> int:
    """Return the next place from here on where anything may lie."""
    return -(-at // ALIGNED) * ALIGNED


def imports_of(module: WasmModule) -> list[str]:
    """Return what a module asks its surroundings for."""
    return [str(one.name) for one in wasmtime.Module(wasmtime.Engine(), module.code).imports]


def started(module: WasmModule) -> tuple[wasmtime.Store, Any]:
    """Return a module that imports nothing, ready to be called, and where."""
    store = wasmtime.Store(wasmtime.Engine())
    return store, wasmtime.Instance(store, wasmtime.Module(store.engine, module.code), []).exports(store)


def run(module: WasmModule, arguments: tuple[Any, ...]) -> list[bytes]:
    """Call a module; return the bytes of each array and row of the arguments afterwards."""
    store, exports = started(module)
    call, memory = laid(arguments, exports["__heap_base"].value(store)), exports["memory"]
    for at, given in call.places:
        memory.write(store, given, at)
    exports[module.entry](store, *call.words)
    return [bytes(memory.read(store, at, at + len(given))) for at, given in call.places]


PAGE = """<!doctype html>
<meta charset="utf-8">
<title>A month</title>
<pre id="told">did not run</pre>
<script>
"use strict";
const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
const hex = array => Array.from(array, one => one.toString(16).padStart(2, "0")).join("");
const told = document.getElementById("told");
try {
  const {exports} = new WebAssembly.Instance(new WebAssembly.Module(bytes("CODE")), {});
  const given = GIVEN.map(bytes), places = PLACES, wide = WIDE;
  const memory = new Uint8Array(exports.memory.buffer);
  places.forEach((at, i) => memory.set(given[i], at));
  exports["ENTRY"](...WORDS.map((word, i) => wide[i] ? BigInt(word) : word));
  told.textContent = places.map((at, i) => hex(memory.slice(at, at + given[i].length))).join(" ");
} catch (error) {
  told.textContent = String(error);
}
</script>
"""


def page(module: WasmModule, arguments: tuple[Any, ...]) -> str:
    """Return a page that runs a module and shows what `run` returns, as hexadecimal digits in its only `pre`."""
    store, exports = started(module)
    call = laid(arguments, exports["__heap_base"].value(store))
    parts = {
        "CODE": base64.b64encode(module.code).decode(),
        "GIVEN": str([base64.b64encode(given).decode() for _, given in call.places]),
        "PLACES": str([at for at, _ in call.places]),
        "WIDE": str([int(one) for one in call.wide]),
        "WORDS": str(call.words),
        "ENTRY": module.entry,
    }
    return re.sub(r"\b[A-Z]{4,}\b", lambda found: parts[found[0]], PAGE)


def shown(document: str) -> list[bytes]:
    """Return what a page that has run shows."""
    found = re.search(r'<pre id="told">(.*?)</pre>', document, re.DOTALL)
    assert found and re.fullmatch(r"[0-9a-f ]+", found[1]), found and found[1][:300]
    return [bytes.fromhex(digits) for digits in found[1].split(" ")]
