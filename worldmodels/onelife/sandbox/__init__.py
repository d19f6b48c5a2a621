"""Runs laws written as Python by anyone, a language model say, in a process that can do nothing.

Three lines of defence, each enough for most attacks: the source is checked against a small
language before it runs (`check`); it runs with no other names than those of the language
(`namespace`); its process is bound by the operating system and killed when it is late (`limits`,
`syscalls`, `process`). What comes back is read as plain JSON (`answers`).
"""

from worldmodels.onelife.sandbox.check import check_source
from worldmodels.onelife.sandbox.client import Sandbox
from worldmodels.onelife.sandbox.codec import Codec, fields_codec
from worldmodels.onelife.sandbox.errors import LawError
from worldmodels.onelife.sandbox.limits import Limits

__all__ = ["Codec", "LawError", "Limits", "Sandbox", "check_source", "fields_codec"]
