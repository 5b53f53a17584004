"""Attacks of model code on the sandbox and the verifier, each with its expected verdict.

The function to write is `blend`, see `ROW`. In the code, SECRET stands for a file outside with a right solution, FOLDER
for its folder, PORT for a listening port, and PARENT for the verifier's process.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

STUB = '''def blend(words, times):
    """Return the words in order, each so many times over, and how many letters that makes."""
'''
SOLUTION = """    mixed = [word * times for word in sorted(words)]
    return mixed, sum(map(len, mixed))
"""
INPUTS = [[["b", "a"], 2], [["pear", "fig", "apple"], 1], [[], 3], [["q"], 7], [["z", "y", "x"], 0]]
ROW: dict[str, Any] = {
    "stub": STUB,
    "canonical_solution": SOLUTION,
    "entry_point": "blend",
    "inputs": json.dumps(INPUTS),
    "atol": 0.0,
}
HONEST = STUB + SOLUTION
BODY = "\n".join(line.removeprefix("    ") for line in SOLUTION.splitlines())


class Attack(NamedTuple):
    """An attack and its expected verdict.

    `verdict` is the start of the verdict. `walls` is true if the attack fails only because files or processes are
    hidden from it.
    """

    idea: str
    code: str
    verdict: str
    walls: bool = False


def _blend(body: str, before: str = "") -> str:
    """Return the function with a body, after other code."""
    lines = "\n".join(f"    {line}" for line in body.strip("\n").splitlines())
    return f"{before}\ndef blend(words, times):\n{lines}\n"


WRONG = "wrong"
RIGHT = "right"

EQUALITY = [
    Attack(
        "an object that equals everything",
        _blend("return Same()", "class Same:\n    def __eq__(self, other): return True"),
        "wrong: input 1: Same",
    ),
    Attack(
        "a list that equals everything, with a length and items to match",
        _blend("return Same()", "class Same(list):\n    def __eq__(self, other): return True\n    __hash__ = None"),
        "wrong: input 1: another value",
    ),
    Attack(
        "a tuple that equals everything",
        _blend("return Same((1, 2))", "class Same(tuple):\n    def __eq__(self, other): return True"),
        "wrong: input 1: another value",
    ),
    Attack(
        "a tuple that shows other items when it is iterated over",
        _blend("return Lie()", "class Lie(tuple):\n    def __iter__(self): return iter((['aa', 'bb'], 4))"),
        "wrong: input 1: another value",
    ),
    Attack(
        "an int that equals every int, in the right place",
        _blend(
            f"{BODY.replace('return mixed, sum(map(len, mixed))', 'return mixed, Any(1)')}",
            "class Any(int):\n    def __eq__(self, other): return True\n    def __index__(self): return 4",
        ),
        "wrong: input 1: another value",
    ),
    Attack(
        "text that equals every text",
        _blend("return [Any()] * len(words), 4", "class Any(str):\n    def __eq__(self, other): return True"),
        "wrong: input 1: another value",
    ),
    Attack(
        "an object that says its class is tuple",
        _blend("return Liar()", "class Liar:\n    @property\n    def __class__(self): return tuple"),
        "wrong: input 1: Liar",
    ),
    Attack(
        "a class whose metaclass says it is a tuple",
        _blend(
            "return C()",
            "class M(type):\n    def mro(cls): return [cls, object]\n    __subclasscheck__ = lambda *a: True\n"
            "class C(metaclass=M): pass",
        ),
        "wrong: input 1: C",
    ),
    Attack(
        "a mock that equals anything", _blend("return ANY", "from unittest.mock import ANY"), "wrong: input 1: _ANY"
    ),
    Attack("a generator", _blend("yield from ()"), "wrong: input 1: generator"),
    Attack("the function itself", _blend("return blend"), "wrong: input 1: function"),
    Attack(
        "a list where a tuple is expected",
        _blend(BODY.replace("return mixed, sum(map(len, mixed))", "return [mixed, sum(map(len, mixed))]")),
        "wrong: input 1: another value",
    ),
    Attack("nan, which is compared strangely", _blend("return float('nan')"), "wrong: input 1: another value"),
    Attack("NotImplemented, which == passes on", _blend("return NotImplemented"), "wrong: input 1: NotImplementedType"),
    Attack("nothing", _blend("return None"), "wrong: input 1: another value"),
    Attack("a list that holds itself", _blend("a = []\na.append(a)\nreturn a"), "wrong: input 1: nested too deep"),
    Attack(
        "a value nested so deep that reading it would overflow",
        _blend("a = []\nfor _ in range(100000):\n    a = [a]\nreturn a"),
        "wrong: input 1: nested too deep",
    ),
    Attack(
        "a value that is small here and huge when written",
        _blend("a = [0] * 10\nfor _ in range(40):\n    a = [a] * 10\nreturn a"),
        WRONG,
    ),
    Attack(
        "numbers made to fall into one slot of a set",
        _blend("return {i * (2**61 - 1) for i in range(40)}"),
        "wrong: input 1: another value",
    ),
]

FORGERY = [
    Attack(
        "printing a verdict and leaving",
        _blend("print('right')\nos._exit(0)", "import os"),
        "wrong: died at input 1 or later",
    ),
    Attack("leaving while it is loaded", "import os\nos._exit(0)", "wrong: died at input 1 or later"),
    Attack("leaving with success", _blend("sys.exit(0)", "import sys"), "wrong: input 1: SystemExit"),
    Attack("leaving while it is loaded, politely", "raise SystemExit(0)", "wrong: fails when loaded: SystemExit"),
    Attack(
        "writing forged lines to every open file and leaving",
        "import os\nfor fd in range(64):\n"
        "    try: os.write(fd, b'+\\n=4\\n=4\\n=4\\n=4\\n=4\\n')\n    except OSError: pass\n"
        "os._exit(0)",
        "wrong: input 1: another value",
    ),
    Attack(
        "writing what is no line of the worker's",
        "import os\nfor fd in range(64):\n    try: os.write(fd, b'\\x00\\xff[[[[\\n')\n    except OSError: pass\n"
        + HONEST,
        WRONG,
    ),
    Attack(
        "writing JSON nested deeper than can be read",
        "import os\nfor fd in range(3, 64):\n"
        "    try: os.write(fd, b'+\\n=' + b'[' * 900 + b'\\n')\n    except OSError: pass\n"
        "os._exit(0)",
        "wrong: input 1: another value",
    ),
    Attack(
        "writing JSON with tags that nobody knows",
        "import os\nfor fd in range(3, 64):\n"
        '    try: os.write(fd, b\'+\\n={"pickle": "gASV"}\\n\')\n    except OSError: pass\nos._exit(0)',
        "wrong: input 1: another value",
    ),
    Attack(
        "a line without an end",
        "import os\nfor fd in range(3, 64):\n    try:\n"
        "        while True: os.write(fd, b'=' * 65536)\n    except OSError: pass",
        "wrong: too much output at input 1 or later",
    ),
    Attack(
        "patching json in the process",
        _blend("return 1", "import json\njson.dumps = json.JSONEncoder.encode = lambda *a, **k: 'true'"),
        "wrong: input 1: another value",
    ),
    Attack(
        "patching the worker's own functions",
        _blend(
            "return 1",
            "import sys\nmain = sys.modules['__main__']\nmain.encode = lambda *a: True\n"
            "main._answer = lambda *a: '=true'",
        ),
        "wrong: input 1: another value",
    ),
    Attack(
        "patching built-in functions",
        _blend(
            "return 1",
            "import builtins\nbuiltins.isinstance = builtins.all = builtins.any = lambda *a: True\n"
            "builtins.type = lambda *a: int\nbuiltins.sorted = lambda *a, **k: []",
        ),
        WRONG,
    ),
    Attack(
        "looking for the expected output in the callers' frames",
        _blend(
            "frame = sys._getframe()\nwhile frame:\n"
            "    for value in [*frame.f_locals.values(), *frame.f_globals.values()]:\n"
            "        if type(value) is tuple and len(value) == 2 and type(value[0]) is list: return value\n"
            "        if type(value) is bytes and b'tuple' in value: return value\n    frame = frame.f_back\nreturn 0",
            "import sys",
        ),
        WRONG,
    ),
    Attack(
        "looking for the expected output among all objects",
        _blend(
            "for value in gc.get_objects():\n"
            "    if type(value) is tuple and len(value) == 2 and value[1:] == (4,): return value\n"
            "return 0",
            "import gc",
        ),
        "wrong: input 1: another value",
    ),
    Attack(
        "raising what the test would raise",
        _blend("raise AssertionError('passed')"),
        "wrong: input 1: AssertionError",
    ),
    Attack(
        "an exception whose class has a forged name",
        _blend("raise type('x\\n=4', (BaseException,), {})()"),
        "wrong: input 1: x4",
    ),
    Attack(
        "tracing the worker",
        _blend("return 1", "import sys\nsys.settrace(lambda *a: None)\nsys.setprofile(print)"),
        WRONG,
    ),
    Attack(
        "answering from an audit hook",
        _blend("return 1", "import sys\nsys.addaudithook(lambda *a: (_ for _ in ()).throw(SystemExit))"),
        WRONG,
    ),
    Attack(
        "a function that is no function but can be called",
        "class Blend:\n    def __call__(self, *a): return self\n"
        "    def __eq__(self, other): return True\nblend = Blend()",
        "wrong: input 1: Blend",
    ),
    Attack("a name that is no function", "blend = 4", WRONG),
    Attack("no function of this name", "def blind(words, times): return 4", WRONG),
    Attack("text that does not compile", "def blend(words, times) return", "wrong: does not compile: SyntaxError"),
    Attack("a zero byte in the code", "def blend(words, times): return '\0'", "wrong: does not compile"),
    Attack("brackets without an end", "blend = " + "(" * 20000, "wrong: does not compile"),
    Attack("signs without an end", "blend = " + "-" * 40000 + "1", "wrong"),
    Attack(
        "a class that compares equal by descriptor tricks",
        _blend("return C()", "class C(dict):\n    __eq__ = property(lambda self: lambda other: True)"),
        "wrong: input 1: another value",
    ),
]

EXHAUSTION = [
    Attack("a loop without an end", _blend("while True: pass"), "wrong: timed out at input 1 or later"),
    Attack("a loop without an end while it is loaded", "while True: pass", "wrong: timed out at input 1 or later"),
    Attack(
        "a loop inside the interpreter", _blend("return sum(range(10**13))"), "wrong: timed out at input 1 or later"
    ),
    Attack("sleeping", _blend("time.sleep(1000)", "import time"), "wrong: timed out at input 1 or later"),
    Attack(
        "a loop that catches everything",
        _blend("while True:\n    try:\n        while True: pass\n    except BaseException: pass"),
        "wrong: timed out at input 1 or later",
    ),
    Attack("right at first, then a loop", _blend(f"while not words: pass\n{BODY}"), "wrong: timed out"),
    Attack("a memory bomb", _blend("return [0] * 10**10"), "wrong: input 1: MemoryError"),
    Attack("memory, a little at a time", _blend("a = []\nwhile True: a.append('x' * 10**6 + str(len(a)))"), WRONG),
    Attack(
        "output without an end", _blend("while True: print('right' * 1000)"), "wrong: timed out at input 1 or later"
    ),
    Attack("errors without an end", _blend("while True: print('x' * 9999, file=sys.stderr)", "import sys"), WRONG),
    Attack("a huge result", _blend("return 'x' * 10**7"), "wrong: too much output at input 1 or later"),
    Attack("a huge int", _blend("return 10**200000"), "wrong: too much output at input 1 or later"),
    Attack("a huge int as text", _blend("return str(10**200000)"), "wrong: input 1: ValueError"),
    Attack("a power that takes forever", _blend("return 7**(7**(7**7))"), WRONG),
    Attack("recursion without an end", _blend("return blend(words, times)"), "wrong: input 1: RecursionError"),
    Attack(
        "recursion without an end or limit",
        _blend("return blend(words, times)", "import sys\nsys.setrecursionlimit(10**9)"),
        WRONG,
    ),
    Attack(
        "a regular expression that explodes",
        _blend("return re.match('(a*)*b', 'a' * 99)", "import re"),
        "wrong: timed out at input 1 or later",
    ),
    Attack(
        "a fork bomb",
        _blend("while True: os.fork()", "import os"),
        WRONG,
    ),
    Attack(
        "a fork that stays",
        _blend(f"if os.fork() == 0:\n    os.setsid()\n    time.sleep(1000)\n{BODY}", "import os, time"),
        WRONG,
    ),
    Attack(
        "processes by the library",
        _blend("return multiprocessing.Pool(64).map(print, range(64))", "import multiprocessing"),
        WRONG,
    ),
    Attack("another program", _blend("return subprocess.run(['/bin/sleep', '1000'])", "import subprocess"), WRONG),
    Attack("the shell", _blend("return os.system('sleep 1000 &')", "import os"), WRONG),
    Attack("becoming another program", _blend("os.execv('/bin/sleep', ['sleep', '1000'])", "import os"), WRONG),
    Attack(
        "a thousand threads",
        _blend(
            "for _ in range(1000): threading.Thread(target=time.sleep, args=(1000,)).start()", "import threading, time"
        ),
        WRONG,
    ),
    Attack(
        "a thousand files",
        _blend("a = [open(str(i), 'w') for i in range(1000)]\nreturn 0", ""),
        "wrong: input 1: OSError",
    ),
    Attack("a file that fills the disk", _blend("open('f', 'wb').write(bytes(10**8))"), "wrong: input 1: OSError"),
    Attack("a file with a hole", _blend("open('f', 'wb').truncate(10**12)"), "wrong: input 1: OSError"),
    Attack(
        "raising its limits",
        _blend("resource.setrlimit(resource.RLIMIT_AS, (-1, -1))\nreturn 'x' * 2**31", "import resource"),
        WRONG,
    ),
]

ESCAPE = [
    Attack("reading a file outside", _blend("return open('/etc/passwd').read()"), "wrong: input 1", walls=True),
    Attack(
        "running the solution from a file outside",
        "exec(open('SECRET').read())",
        "wrong: fails when loaded",
        walls=True,
    ),
    Attack(
        "importing the solution from outside",
        "import sys\nsys.path.append('FOLDER')\nfrom solution import blend",
        "wrong: fails when loaded",
        walls=True,
    ),
    Attack(
        "reaching it by a link",
        "import os\nos.symlink('SECRET', 'link')\nexec(open('link').read())",
        "wrong: fails when loaded",
        walls=True,
    ),
    Attack(
        "reaching it by a way back",
        "exec(open('../' * 20 + 'SECRET').read())",
        "wrong: fails when loaded",
        walls=True,
    ),
    Attack(
        "writing outside", "open('FOLDER/written', 'w').write('x')\n" + HONEST, "wrong: fails when loaded", walls=True
    ),
    Attack(
        "changing a file outside", "open('SECRET', 'a').write('x')\n" + HONEST, "wrong: fails when loaded", walls=True
    ),
    Attack(
        "removing a file outside", "import os\nos.remove('SECRET')\n" + HONEST, "wrong: fails when loaded", walls=True
    ),
    Attack(
        "writing into the library, for the next",
        "import os\nopen(os.path.join(os.path.dirname(os.__file__), 'planted.py'), 'w').write('x = 1')\n" + HONEST,
        "wrong: fails when loaded",
        walls=True,
    ),
    Attack(
        "reading the verifier's memory",
        _blend("return open('/proc/PARENT/mem', 'rb').read(10)"),
        "wrong: input 1",
        walls=True,
    ),
    Attack(
        "reading the verifier's environment",
        _blend("return open('/proc/PARENT/environ').read()"),
        "wrong: input 1",
        walls=True,
    ),
    Attack("ending the verifier", "import os\nos.kill(PARENT, 9)\n" + HONEST, "wrong: fails when loaded"),
    Attack("ending the process that waits", "import os\nos.kill(os.getppid(), 9)\n" + HONEST, WRONG),
    Attack("ending everybody", "import os\nos.kill(-1, 9)\n" + HONEST, "wrong: fails when loaded"),
    Attack(
        "calling ptrace on the verifier",
        "import ctypes\nif ctypes.CDLL(None).ptrace(16, PARENT, 0, 0): raise OSError\n" + HONEST,
        "wrong: fails when loaded",
    ),
    Attack(
        "a call to a port outside",
        "import socket\nsocket.create_connection(('127.0.0.1', PORT), 1)\n" + HONEST,
        "wrong: fails when loaded",
    ),
    Attack(
        "a port of its own",
        "import socket\nsocket.socket().bind(('127.0.0.1', 0))\n" + HONEST,
        "wrong: fails when loaded",
    ),
    Attack(
        "a name asked of the network",
        "import socket\nsocket.getaddrinfo('localhost', 80)\nsocket.socket()\n" + HONEST,
        "wrong: fails when loaded",
    ),
    Attack(
        "a new namespace with all rights in it",
        "import ctypes\nif ctypes.CDLL(None).unshare(0x10000000): raise OSError\n" + HONEST,
        "wrong: fails when loaded",
    ),
    Attack(
        "mounting over the library",
        "import ctypes\nif ctypes.CDLL(None).mount(b'x', b'/usr', b'tmpfs', 0, None): raise OSError\n" + HONEST,
        "wrong: fails when loaded",
    ),
    Attack(
        "another root",
        "import os\nos.chroot('.')\n" + HONEST,
        "wrong: fails when loaded",
    ),
    Attack(
        "another user",
        "import os\nos.setuid(0)\nos.setgid(0)\nopen('SECRET')\n" + HONEST,
        "wrong: fails when loaded",
        walls=True,
    ),
    Attack(
        "memory that no limit counts",
        "import os\nos.memfd_create('x')\n" + HONEST,
        "wrong: fails when loaded",
    ),
    Attack("the environment", _blend("return dict(os.environ) or None", "import os"), "wrong: input 1: another value"),
    Attack("a fault", _blend("return ctypes.string_at(0)", "import ctypes"), "wrong: died at input 1 or later"),
]

# Right, whatever else it does: none of it may change a verdict, or outlive the process.
HARMLESS = [
    Attack("the honest solution", HONEST, RIGHT),
    Attack("printing on the way", _blend(f"print('wrong', flush=True)\n{BODY}"), RIGHT),
    Attack(
        "changing its arguments",
        _blend(f"{BODY.rsplit('return', 1)[0]}n = sum(map(len, mixed))\nwords.clear()\nreturn mixed, n"),
        RIGHT,
    ),
    Attack("keeping what it has seen", _blend(f"seen.append((words, times))\n{BODY}", "seen = []"), RIGHT),
    Attack("a word at the end", HONEST + "\nimport atexit, time\natexit.register(time.sleep, 1000)\n", RIGHT),
    Attack(
        "a last word when it is deleted",
        HONEST + "\nclass D:\n    def __del__(self):\n        while True: pass\nd = D()\n",
        RIGHT,
    ),
    Attack(
        "signals caught",
        HONEST + "\nimport signal\nfor s in (1, 2, 3, 10, 12, 14, 15): signal.signal(s, signal.SIG_IGN)\n",
        RIGHT,
    ),
    Attack(
        "an alarm set",
        HONEST + "\nimport signal\nsignal.signal(14, lambda *a: None)\nsignal.setitimer(0, 1e-3, 1e-3)\n",
        RIGHT,
    ),
    Attack(
        "a thread left behind",
        HONEST + "\nimport threading, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()\n",
        RIGHT,
    ),
    Attack(
        "deleting its own directory", "import os\ntry: os.rmdir(os.getcwd())\nexcept OSError: pass\n" + HONEST, RIGHT
    ),
    Attack(
        "closing its directory to all",
        "import os\nos.mkdir('x')\nos.chmod('x', 0)\ntry: os.chmod('.', 0)\nexcept OSError: pass\n" + HONEST,
        RIGHT,
    ),
    Attack("a file left behind", "open('left', 'w').write('x')\n" + HONEST, RIGHT),
    Attack("closing what it prints to", "import os\nos.close(1)\nos.close(2)\n" + HONEST, RIGHT),
    Attack(
        "a copy of the tuple of a class of its own",
        _blend(
            f"return T(({BODY.splitlines()[0].split('= ', 1)[1]}, sum(len(w) for w in words) * times))",
            "class T(tuple): pass",
        ),
        RIGHT,
    ),
    Attack(
        "numbers of other types", _blend(BODY.replace("sum(map(len, mixed))", "float(sum(map(len, mixed)))")), RIGHT
    ),
    Attack("a main part", HONEST + "\nif __name__ == '__main__':\n    raise SystemExit(1)\n", RIGHT),
    Attack("the future", "from __future__ import annotations\n" + HONEST, RIGHT),
    Attack("the body alone", SOLUTION, RIGHT),
]

ATTACKS = [*EQUALITY, *FORGERY, *EXHAUSTION, *ESCAPE, *HARMLESS]
