//! Programs that cheat, crash or hoard.

/// One attack: its name, what it shows for an end, and the program.
pub type Attack = (&'static str, &'static str, &'static str);

/// Values that lie about what they are.
pub const LIARS: [Attack; 17] = [
    (
        "equal to everything",
        "returned L",
        "class L:\n def __eq__(s, o): return True\n __hash__ = None\ndef f(x): return L()",
    ),
    (
        "int subclass equal to everything",
        "returned I",
        "class I(int):\n def __eq__(s, o): return True\n def __hash__(s): return 0\ndef f(x): return I(5)",
    ),
    (
        "class property",
        "returned L",
        "class L:\n __class__ = property(lambda s: str)\ndef f(x): return L()",
    ),
    (
        "float subclass",
        "returned F",
        "class F(float):\n def __float__(s): return 1.0\n __eq__ = lambda s, o: True\ndef f(x): return F(2)",
    ),
    (
        "str subclass",
        "returned S",
        "class S(str):\n def __str__(s): return 'other'\n __eq__ = lambda s, o: True\ndef f(x): return S('a')",
    ),
    (
        "list subclass that iterates over something else",
        "returned L",
        "class L(list):\n def __iter__(s): return iter([7])\n def __len__(s): return 1\ndef f(x): return L([1, 2])",
    ),
    (
        "dict subclass with other items",
        "returned D",
        "class D(dict):\n def items(s): return [(1, 1)]\n keys = values = __iter__ = items\ndef f(x): return D(a=1)",
    ),
    (
        "metaclass that lies about its bases",
        "unrepresentable",
        "class M(type):\n __mro__ = property(lambda c: (str, object))\n __eq__ = lambda c, o: True\n __hash__ = lambda c: hash(str)\nclass L(metaclass=M): pass\ndef f(x): return L()",
    ),
    (
        "hash and equality in a set",
        "returned set",
        "class L:\n __eq__ = lambda s, o: True\n __hash__ = lambda s: 0\ndef f(x): return {L()}",
    ),
    (
        "buffer that poses as bytes",
        "returned L",
        "class L:\n def __buffer__(s, flags): return memoryview(b'x')\ndef f(x): return L()",
    ),
    (
        "reduce that poses as another object",
        "returned L",
        "class L:\n def __reduce__(s): return (str, ('x',))\ndef f(x): return L()",
    ),
    ("list that holds itself", "unrepresentable", "def f(x):\n a = []\n a.append(a)\n return a"),
    (
        "list nested beyond any depth",
        "unrepresentable",
        "def f(x):\n a = []\n for _ in range(100000): a = [a]\n return a",
    ),
    ("generator that never ends", "unrepresentable", "def f(x):\n while True: yield 1"),
    ("iterator that raises", "unrepresentable", "def f(x): return map(lambda y: 1 / 0, [1])"),
    (
        "ordering and arithmetic that agree with everything",
        "returned L",
        "class L:\n __getattr__ = lambda s, n: (lambda *a: True)\n __sub__ = __abs__ = __le__ = __eq__ = lambda s, *a: True\ndef f(x): return L()",
    ),
    ("code object", "returned code", "def f(x): return f.__code__"),
];

/// Programs that leave early.
pub const EXITS: [Attack; 11] = [
    ("sys.exit", "raised SystemExit", "import sys\ndef f(x): sys.exit(0)"),
    ("os._exit", "exit 0", "import os\ndef f(x): os._exit(0)"),
    ("sys.exit while loading", "load raised SystemExit", "import sys\nsys.exit(0)"),
    ("os._exit while loading", "exit 0", "import os\nos._exit(0)"),
    (
        "exception beside Exception",
        "raised Pass",
        "class Pass(BaseException): pass\ndef f(x): raise Pass",
    ),
    (
        "exception whose text never ends",
        "out of fuel",
        "class E(Exception):\n def __str__(s):\n  while True: pass\ndef f(x): raise E",
    ),
    ("no entry point", "load raised KeyError", "g = 1"),
    ("not a program", "load raised SyntaxError", "def f(x:"),
    (
        "bytecode that crashes the interpreter",
        "Trap",
        "def g(): return 1\ng.__code__ = g.__code__.replace(co_code=bytes([255, 255] * 20))\ndef f(x): return g()",
    ),
    (
        "destructor that leaves",
        "exit 3",
        "import os\nclass D:\n def __del__(s): os._exit(3)\ndef f(x): D()",
    ),
    ("abort", "Trap", "import os\ndef f(x): os.abort()"),
];

/// Programs that look for what they should not find.
pub const SPIES: [Attack; 13] = [
    (
        "walking frames",
        "returned NoneType",
        "import sys\ndef f(x):\n frame, needle = sys._getframe(), '-'.join(['expected', '5b1f'])\n while frame := frame.f_back:\n  for value in [*frame.f_locals.values(), *frame.f_globals.values()]:\n   try: text = repr(value)\n   except TypeError: continue\n   assert needle not in text",
    ),
    (
        "hunting with gc",
        "returned NoneType",
        "import gc\ndef f(x):\n needle = '-'.join(['expected', '5b1f'])\n for o in gc.get_objects():\n  for held in gc.get_referents(o): assert type(held) is not str or needle not in held or held is needle",
    ),
    ("environment", "returned dict", "import os\ndef f(x): return dict(os.environ)"),
    (
        "reading a file",
        "raised FileNotFoundError",
        "import io\ndef f(x): return io.open('/etc/passwd').read()",
    ),
    (
        "climbing out of the tree",
        "raised FileNotFoundError",
        "import os\ndef f(x): return os.open('../../../../etc/passwd', os.O_RDONLY)",
    ),
    ("listing the root", "returned list", "import os\ndef f(x): return os.listdir('/')"),
    ("writing a file", "raised OSError", "import io\ndef f(x): io.open('/evil', 'w').write('x')"),
    ("built-in open", "raised TypeError", "def f(x): return open('/etc/passwd')"),
    ("standard input", "raised OSError", "def f(x): return input()"),
    ("sockets", "raised", "import socket\ndef f(x): socket.create_connection(('127.0.0.1', 80))"),
    ("ctypes", "raised", "def f(x):\n import ctypes\n return ctypes.CDLL(None).getpid()"),
    (
        "pickle with a command",
        "raised",
        "import pickle\ndef f(x): return pickle.loads(b'cposix\\nsystem\\n(S\"ls\"\\ntR.')",
    ),
    (
        "subprocess",
        "raised TypeError",
        "import subprocess\ndef f(x): return subprocess.run(['ls'])",
    ),
];

/// Programs that speak in the driver's place.
pub const FORGERS: [Attack; 14] = [
    (
        "patched built-ins",
        "returned int",
        "import builtins\nfor n in ('len', 'type', 'isinstance', 'id', 'str', 'list', 'range', 'exec', 'BaseException'):\n setattr(builtins, n, None)\ndef f(x): return 1",
    ),
    (
        "patched marshal",
        "returned int",
        "import marshal\nmarshal.dumps = marshal.loads = lambda *a, **k: b'x'\ndef f(x): return 1",
    ),
    (
        "patched json and numpy",
        "returned float64",
        "import json, numpy\njson.dumps = lambda *a: '1'\nnumpy.ndarray = numpy.dtype = None\ndef f(x): return numpy.float64(1)",
    ),
    (
        "driver replaced",
        "returned int",
        "import __main__\n__main__._run = lambda: None\ndef f(x): return 1",
    ),
    (
        "driver's variables rewritten",
        "returned int",
        "import sys\ndef f(x):\n sys._getframe(1).f_locals['namespace'] = 1\n return 1",
    ),
    (
        "verdict on standard output",
        "returned NoneType",
        "import sys\ndef f(x): print('pass'); sys.__stdout__.write('{\"passed\": true}')",
    ),
    (
        "result sent in the driver's place",
        "returned int",
        "import _host, marshal\ndef f(x): _host.call(b'R' + marshal.dumps(1, 2)); return 2",
    ),
    ("message while loading", "protocol broken", "import _host\n_host.call(b'S')"),
    (
        "message of noise",
        "protocol broken",
        "import _host\ndef f(x): _host.call(b'R' + bytes(range(200)))",
    ),
    ("empty message", "protocol broken", "import _host\ndef f(x): _host.call(b'')"),
    (
        "message that promises more than it holds",
        "protocol broken",
        "import _host\ndef f(x): _host.call(b'r[\\xff\\xff\\xff\\x7f')",
    ),
    (
        "long result that never comes",
        "protocol broken",
        "import _host\ndef f(x): _host.call(b'H[\\xff\\xff\\xff\\x7f'); _host.call(b'Z')",
    ),
    ("flood of messages", "out of fuel", "import _host\ndef f(x):\n while True: _host.call(b'AN')"),
    (
        "shutdown of the host's channel",
        "returned int",
        "import sys, _host\nsys.modules.clear()\n_host.call = None\ndef f(x): return 1",
    ),
];

/// Programs that use up what they can.
pub const HOARDERS: [Attack; 22] = [
    ("infinite loop", "out of fuel", "def f(x):\n while True: pass"),
    ("infinite loop while loading", "out of fuel", "while True: pass"),
    (
        "infinite loop that catches everything",
        "out of fuel",
        "def f(x):\n while True:\n  try:\n   while True: pass\n  except BaseException: pass",
    ),
    (
        "regex backtracking",
        "out of fuel",
        "import re\ndef f(x): return re.match('(a|aa)+$', 'a' * 60 + 'b')",
    ),
    (
        "calls without number and without a loop",
        "out of fuel",
        "def f(x):\n s = slice(0)\n for _ in range(60): s = slice(s, s, s)\n return hash(s)",
    ),
    ("power", "out of fuel", "def f(x): return 3 ** (10 ** 8)"),
    ("digits of a large number", "raised ValueError", "def f(x): return str(10 ** 5000)"),
    ("sleep", "out of fuel", "import time\ndef f(x): time.sleep(10 ** 6)"),
    (
        "waiting for a clock",
        "out of fuel",
        "import time\ndef f(x):\n end = time.monotonic() + 1000\n while time.monotonic() < end: pass",
    ),
    ("filling memory again and again", "out of fuel", "def f(x):\n while True: bytes(10 ** 8)"),
    ("memory at once", "out of memory", "def f(x): return bytearray(10 ** 9)"),
    ("memory bit by bit", "out of memory", "def f(x):\n a = ['x']\n while True: a += a"),
    ("memory in strings", "out of memory", "def f(x): return 'x' * (10 ** 9)"),
    ("beyond any memory", "raised", "def f(x): return [0] * (2 ** 31 - 1)"),
    (
        "decompression bomb",
        "out of memory",
        "import zlib\ndef f(x):\n c = zlib.compressobj(9, zlib.DEFLATED, -15)\n block = c.compress(bytes(10 ** 6)) + c.flush(zlib.Z_FULL_FLUSH)\n return zlib.decompress(block * 1000, -15)",
    ),
    ("output", "too much output", "def f(x):\n while True: print('x' * 10000)"),
    ("deep recursion", "raised RecursionError", "def f(x): return f(x)"),
    (
        "deep recursion without a limit",
        "out of memory",
        "import sys\nsys.setrecursionlimit(10 ** 9)\ndef f(x): return f(x) + 1",
    ),
    (
        "deep recursion in C",
        "raised RecursionError",
        "import sys\nsys.setrecursionlimit(10 ** 9)\ndef f(x):\n a = []\n for _ in range(10 ** 5): a = [a]\n return repr(a)",
    ),
    ("deeply nested source", "raised", "def f(x): return eval('(' * 10000 + ')' * 10000)"),
    (
        "threads",
        "raised RuntimeError",
        "import threading\ndef f(x): threading.Thread(target=print).start()",
    ),
    ("fork", "raised TypeError", "import os\ndef f(x):\n while True: os.fork()"),
];
