"""Laws that attack the sandbox they run in, and the error each must end in."""

from typing import NamedTuple

from worldmodels.onelife.sandbox.errors import Kind


class Escape(NamedTuple):
    """One attack."""

    name: str
    body: str  # of `effect`; or, after "SOURCE:", what stands above the two functions
    kind: Kind  # the error it ends in
    unchecked: Kind | None  # the same where sources are not checked; None: it just speaks


# From a tuple to the globals of the module `os`, with all of Python's builtins.
CLIMB = (
    "[c for c in ().__class__.__base__.__subclasses__() if c.__name__ == '_wrap_close']"
    "[0].__init__.__globals__"
)
LOAD = f"{CLIMB}['__builtins__']['__import__']"
SPEAK = 'return {"x": Distribution.point(1)}'

INTROSPECTION = [
    Escape("walk over subclasses", "return ().__class__.__base__.__subclasses__()", "rejected",
           "malformed"),
    Escape("class of a text", "return ''.__class__.__mro__", "rejected", "malformed"),
    Escape("mro without underscores", "return str.mro()", "rejected", "malformed"),
    Escape("globals of a function", "return effect.__globals__", "rejected", "malformed"),
    Escape("code of a function", "return effect.__code__", "rejected", "malformed"),
    Escape("closure of a function", "return (lambda: state).__closure__", "rejected", "malformed"),
    Escape("self of a builtin", "return len.__self__", "rejected", "malformed"),
    Escape("dict of the state", "return state.__dict__", "rejected", "exception"),
    Escape("hidden field of the state", "return state._fields", "rejected", "malformed"),
    Escape("getattr", "return getattr(state, '__class__')", "rejected", "exception"),
    Escape("setattr", "return setattr(state, 'x', 1)", "rejected", "exception"),
    Escape("vars", "return vars()", "rejected", "exception"),
    Escape("type", "return type(state)", "rejected", "exception"),
    Escape("globals", "return globals()", "rejected", "exception"),
    Escape("dir", "return dir(state)", "rejected", "exception"),
    Escape("object", "return object()", "rejected", "exception"),
    Escape("builtins by name", "return __builtins__['open']", "rejected", "exception"),
    Escape("attribute in a comprehension", "return [x.__class__ for x in [1]]", "rejected",
           "malformed"),
    Escape("attribute in a lambda", "return (lambda x: x.__class__)(1)", "rejected", "malformed"),
    Escape("default of a lambda", "return (lambda x=().__class__: x)()", "rejected", "malformed"),
    Escape("default of a function", "def f(x=open): return x\nreturn f()", "rejected", "exception"),
    Escape("walrus", "return [c := ().__class__, c][1]", "rejected", "malformed"),
    Escape("class pattern", "match state:\n  case Distribution(__class__=c): return c\nreturn 1",
           "rejected", "malformed"),
    Escape("keyword with underscores", "return dict(__class__=1)", "rejected", "malformed"),
]  # fmt: skip

FORMATS = [
    Escape("format", "return '{0.__class__}'.format(state)", "rejected", "malformed"),
    Escape("format_map", "return '{x.__class__}'.format_map({'x': 1})", "rejected", "malformed"),
    Escape("format of the class", "return str.format('{0.__class__}', 1)", "rejected",
           "malformed"),
    Escape("f-string", "return f'{state.__class__}'", "rejected", "malformed"),
    Escape("nested f-string", "return f'{1:{state.__class__}}'", "rejected", "exception"),
    Escape("percent", "return '%(__class__)s' % state", "exception", "exception"),
    Escape("wide f-string", "return f'{1:>{10**9}}'", "memory", "memory"),
    Escape("wide percent", "return '%1000000000d' % 1", "memory", "memory"),
    Escape("translate", "return 'a'.translate({97: 'b'})", "rejected", "malformed"),
    Escape("bytes", "return b'a'.__class__", "rejected", "malformed"),
]  # fmt: skip

FRAMES = [
    Escape("frame of a generator", "g = (x for x in ())\nreturn g.gi_frame.f_globals", "rejected",
           "malformed"),
    Escape("frame of a running generator",
           "g = (g.gi_frame.f_back.f_back.f_globals['os'].open for _ in [1])\nreturn list(g)",
           "rejected", "malformed"),
    Escape("yield", "yield state", "rejected", "malformed"),
    Escape("send", "g = (x for x in ())\nreturn g.send(None)", "rejected", "exception"),
    Escape("coroutine", "async def f(): return 1\nreturn f().cr_frame", "rejected", "malformed"),
    Escape("await", "async def f(): return await f()\nreturn f().cr_code", "rejected",
           "malformed"),
    Escape("traceback",
           "try:\n  1 / 0\nexcept ZeroDivisionError as e:\n  return e.__traceback__.tb_frame",
           "rejected", "exception"),
    Escape("with_traceback", "return state.x.with_traceback", "rejected", "exception"),
    Escape("swallowing what stops it", "while True:\n  try:\n    1 / 0\n  except: pass",
           "rejected", "timeout"),
    Escape("raise", "raise state", "rejected", "exception"),
    Escape("exit by exception", f"raise {CLIMB}['__builtins__']['SystemExit']", "rejected",
           "exception"),
]  # fmt: skip

EXHAUSTION = [
    Escape("huge list", "return [0] * (state.x * 10**9)", "memory", "memory"),
    Escape("growing list", "a = []\nwhile True: a.append(a * 2)", "memory", "memory"),
    Escape("growing text", "s = 'a'\nwhile True: s = s + s", "memory", "memory"),
    Escape("growing dict", "d = {}\nwhile True: d[len(d)] = d", "memory", "memory"),
    Escape("wide range", "return sum(range(10**18))", "timeout", "timeout"),
    Escape("endless loop", "while True: pass", "timeout", "timeout"),
    Escape("endless iterator", "return max(iter(int, 1))", "timeout", "timeout"),
    Escape("nested loops", "r = range(9999)\nreturn sum(1 for a in r for b in r for c in r)",
           "timeout", "timeout"),
    Escape("huge power", "return 9 ** (9 ** (state.x + 6))", "timeout", "timeout"),
    Escape("huge constant power", "return 9 ** 9 ** 9", "rejected", "timeout"),
    Escape("huge constant shift", "return 1 << 10 ** 11", "rejected", "memory"),
    Escape("huge shift", "return 1 << state.x * 10 ** 11", "memory", "memory"),
    Escape("huge constant text", "return 'a' * 10 ** 11", "rejected", "memory"),
    Escape("huge literal", f"return {10**30}", "rejected", "malformed"),
    Escape("digits of a huge number", "return f'{10 ** (state.x * 2000)}'", "exception",
           "exception"),
    Escape("recursion", "return effect(state, action)", "exception", "exception"),
    Escape("nested text of lists", "a = []\nfor _ in range(9999): a = [a]\nreturn f'{a}'",
           "exception", "exception"),
    Escape("nested tuples as a value",
           "a = ()\nfor _ in range(99): a = (a,)\nreturn {'x': Distribution.point(a)}",
           "malformed", "malformed"),
    Escape("nested source", "return " + "(" * 999 + ")" * 999, "rejected", "exception"),
    Escape("long chain in the source", "return state" + "[0]" * 3000, "rejected", "exception"),
    Escape("long source", "# " + "x" * 30_000 + "\n    " + SPEAK, "rejected", None),
    Escape("null byte", "return '\0'", "rejected", "exception"),
    Escape("no Python", "return if", "rejected", "exception"),
]  # fmt: skip

OUTPUT = [
    Escape("print", "print('x' * 10000)", "rejected", "exception"),
    Escape("many observables",
           "return {f'{i}': Distribution.point(i) for i in range(9000)}", "malformed",
           "malformed"),
    Escape("many values", "return {'x': Distribution.uniform(range(9000))}", "malformed",
           "malformed"),
    Escape("megabytes of values", "return {'x': Distribution.uniform(range(60_000))}",
           "malformed", "malformed"),
    Escape("long value", "return {'x': Distribution.point('a' * 1000)}", "malformed",
           "malformed"),
    Escape("huge value", "return {'x': Distribution.point(2 ** 64 * state.x)}", "malformed",
           "malformed"),
    Escape("infinite value", "return {'x': Distribution.point(math.inf)}", "malformed",
           "malformed"),
    Escape("huge score", "return {'x': Distribution((1,), (1e9,))}", "malformed", "malformed"),
    Escape("no score", "return {'x': Distribution((1,), ('a',))}", "exception", "exception"),
    Escape("chances that are none", "return {'x': Distribution.of({1: 0.7})}", "exception",
           "exception"),
    Escape("state as a value", "return {'x': Distribution.point(state)}", "malformed",
           "malformed"),
    Escape("function as a value", "return {'x': Distribution.point(effect)}", "malformed",
           "malformed"),
    Escape("no effect", "return [1]", "malformed", "malformed"),
    Escape("no names", "return {1: Distribution.point(1)}", "malformed", "malformed"),
    Escape("no distributions", "return {'x': 1}", "malformed", "malformed"),
    Escape("junk in the pipe", f"{CLIMB}['write'](1, b'junk')\n{SPEAK}", "rejected",
           "malformed"),
    Escape("forged answer", f"{CLIMB}['write'](1, b'{{\"number\":9,\"ok\":true}}\\n')\n{SPEAK}",
           "rejected", "malformed"),
    Escape("deep answer", f"{CLIMB}['write'](1, b'[' * 99999 + b'\\n')\n{SPEAK}", "rejected",
           "malformed"),
    Escape("megabytes in the pipe", f"while True: {CLIMB}['write'](1, b'x' * 9999)", "rejected",
           "malformed"),
]  # fmt: skip

SYSTEM = [
    Escape("import", f"import os\n{SPEAK}", "rejected", "exception"),
    Escape("from import", f"from os import system\n{SPEAK}", "rejected", "exception"),
    Escape("star import", f"from os import *\n{SPEAK}", "rejected", "exception"),
    Escape("import by function", "return __import__('os')", "rejected", "exception"),
    Escape("import from a file", f"{LOAD}('xmlrpc.client')", "rejected", "exception"),
    Escape("eval", "return eval('1')", "rejected", "exception"),
    Escape("exec", "return exec('1')", "rejected", "exception"),
    Escape("compile", "return compile('1', '', 'eval')", "rejected", "exception"),
    Escape("open", "return open('SENTINEL', 'w')", "rejected", "exception"),
    Escape("input", "return input()", "rejected", "exception"),
    Escape("breakpoint", "return breakpoint()", "rejected", "exception"),
    Escape("help", "return help()", "rejected", "exception"),
    Escape("exit", "return exit()", "rejected", "exception"),
    Escape("writing a file", f"{CLIMB}['__builtins__']['open']('SENTINEL', 'w').write('x')",
           "rejected", "exception"),
    Escape("writing a file by the system", f"{CLIMB}['open']('SENTINEL', 1 | 64 | 512)",
           "rejected", "exception"),
    Escape("reading a file", f"{CLIMB}['__builtins__']['open']('SENTINEL').read()\n{SPEAK}",
           "rejected", "exception"),
    Escape("removing a file", f"{CLIMB}['unlink']('SENTINEL')", "rejected", "exception"),
    Escape("changing the folder", f"{CLIMB}['chdir']('/')\n{SPEAK}", "rejected", "exception"),
    Escape("listing a folder", f"{CLIMB}['listdir']('/')\n{SPEAK}", "rejected", "exception"),
    Escape("starting a shell", f"{CLIMB}['execv']('/bin/sh', ['sh'])", "rejected", "exception"),
    Escape("touching by a shell",
           f"assert {CLIMB}['system']('echo x > SENTINEL') == 0\n{SPEAK}", "rejected",
           "exception"),
    Escape("socket", f"{LOAD}('socket').create_connection(('127.0.0.1', 9))", "rejected",
           "exception"),
    Escape("signal to the parent", f"{CLIMB}['kill'](PARENT, 0)\n{SPEAK}", "rejected",
           "exception"),
    Escape("fork", f"{CLIMB}['fork']() or {CLIMB}['_exit'](0)\n{SPEAK}", "rejected",
           "exception"),
    Escape("fork bomb", f"for _ in range(3): {CLIMB}['fork']()\n{SPEAK}", "rejected",
           "exception"),
    Escape("thread", f"{LOAD}('_thread').start_new_thread(len, ('',))\n{SPEAK}", "rejected",
           "exception"),
    Escape("leaving the group", f"{CLIMB}['setpgid'](0, 0)\n{SPEAK}", "rejected", "exception"),
    Escape("ignoring signals",
           f"s = {LOAD}('_signal')\nfor n in range(1, 9): s.signal(n, s.SIG_IGN)\nwhile True: pass",
           "rejected", "timeout"),
    Escape("raising the limits",
           f"{LOAD}('resource').setrlimit({LOAD}('resource').RLIMIT_CPU, (-1, -1))\n{SPEAK}",
           "rejected", "exception"),
    Escape("deeper recursion",
           f"{LOAD}('sys').setrecursionlimit(10 ** 9)\nreturn effect(state, [action] * 10**4)",
           "rejected", "memory"),
    Escape("sleep", f"{LOAD}('time').sleep(60)\n{SPEAK}", "rejected", "exception"),
    Escape("exit of the process", f"{CLIMB}['_exit'](0)", "rejected", "died"),
    Escape("abort", f"{CLIMB}['abort']()", "rejected", "died"),
    Escape("wild pointer", f"{LOAD}('ctypes').string_at(0)", "rejected", "died"),
]  # fmt: skip

CLASSES = [
    Escape("endless hash",
           "class K:\n  def __hash__(self):\n    while True: pass\nreturn {K(): 1}", "rejected",
           "timeout"),
    Escape("endless equality",
           "class K:\n  def __eq__(self, other):\n    while True: pass\nreturn K() == K()",
           "rejected", "timeout"),
    Escape("endless end", "class K:\n  def __del__(self):\n    while True: pass\nK()",
           "rejected", "timeout"),
    Escape("attributes on demand",
           "class K:\n  def __getattr__(self, name): return name\nreturn K().anything",
           "rejected", "malformed"),
    Escape("constructor", "class K:\n  def __init__(self): self.x = 1\nreturn K()", "rejected",
           "malformed"),
    Escape("subclass of an answer", "class K(Distribution): pass\nreturn {'x': K((1,))}",
           "rejected", "malformed"),
    Escape("hook of subclasses",
           "class K:\n  def __init_subclass__(cls): cls.x = open\nclass L(K): pass",
           "rejected", "exception"),
    Escape("metaclass", "class K(metaclass=str): pass\nreturn K", "rejected", "exception"),
    Escape("decorator", "@eval\ndef f(): pass\nreturn f", "rejected", "exception"),
    Escape("slots", "class K:\n  __slots__ = ('x',)\nreturn K()", "rejected", "malformed"),
]  # fmt: skip

CHANGES = [
    Escape("replacing an offered function", f"Distribution.point = len\n{SPEAK}", "rejected",
           "exception"),
    Escape("changing the state", f"state.x = 9\n{SPEAK}", "rejected", "exception"),
    Escape("changing a list of the state", f"state.cells[0] = 9\n{SPEAK}", "exception",
           "exception"),
    Escape("extending the state", f"state.cells.append(9)\n{SPEAK}", "exception", "exception"),
    Escape("deleting from the state", f"del state.x\n{SPEAK}", "rejected", "exception"),
    Escape("changing what is offered", f"math.pi = 3\n{SPEAK}", "rejected", "exception"),
    Escape("global", f"global len\nlen = 3\n{SPEAK}", "rejected", None),
    Escape("renaming a builtin", f"len = 3\n{SPEAK}", "rejected", None),
    Escape("builtin as a parameter", f"def f(len): return len\n{SPEAK}", "rejected", None),
    Escape("target of a loop", f"for state.x in [1]: pass\n{SPEAK}", "rejected", "exception"),
    Escape("starred target", f"*state.x, _ = [1, 2]\n{SPEAK}", "rejected", "exception"),
]  # fmt: skip

LETTERS = [
    Escape("wide letters in an attribute", "return state.__\uff43lass__", "rejected",
           "exception"),
    Escape("wide letters in a name", "return \uff45\uff56\uff41\uff4c('1')", "rejected",
           "exception"),
    Escape("wide underscores", "return state.\uff3f_class_\uff3f", "rejected", "exception"),
    Escape("italic letters", "return ().\U0001d44e", "rejected", "exception"),
    Escape("letters outside ASCII", f"\u00e9 = 1\n{SPEAK}", "rejected", "exception"),
    Escape("escaped text is no name", "return state['\\x5f_class__']", "exception", "exception"),
]  # fmt: skip

OUTERMOST = [
    Escape("loop at the outermost level", "SOURCE:while True: pass", "rejected", "timeout"),
    Escape("call at the outermost level", "SOURCE:X = [0] * (len('aaa') * 10**9)", "memory",
           "memory"),
    Escape("import at the outermost level", "SOURCE:import os", "rejected", "exception"),
    Escape("hoard", "SOURCE:HOARD = []\ndef add():\n    while True: HOARD.append('x' * 9999)\n"
           "ADDED = add()", "memory", "memory"),
]  # fmt: skip

ESCAPES = [
    *INTROSPECTION, *FORMATS, *FRAMES, *EXHAUSTION, *OUTPUT, *SYSTEM, *CLASSES, *CHANGES, *LETTERS,
    *OUTERMOST,
]  # fmt: skip
