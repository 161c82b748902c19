"""JSON lines on stdout, as every process of Meridian writes them: time, level, service, bindings, msg."""

import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import IO

LEVELS = {"trace": 10, "debug": 20, "info": 30, "warn": 40, "error": 50, "fatal": 60, "silent": 100}
SECRETS = {"authorization", "token", "secret", "apiKey"}


class Logger:
    """The level comes from LOG_LEVEL, else `info`. Fields that may hold a secret are never written out."""

    def __init__(self, bindings: Mapping[str, object], out: IO[str] | None = None) -> None:
        self._bindings = dict(bindings)
        self._out = out
        self._least = LEVELS.get(os.environ.get("LOG_LEVEL", "info").lower(), LEVELS["info"])

    def child(self, **bindings: object) -> "Logger":
        return Logger({**self._bindings, **bindings}, self._out)

    def debug(self, msg: str, **fields: object) -> None:
        self._write("debug", msg, fields)

    def info(self, msg: str, **fields: object) -> None:
        self._write("info", msg, fields)

    def warn(self, msg: str, **fields: object) -> None:
        self._write("warn", msg, fields)

    def error(self, msg: str, **fields: object) -> None:
        self._write("error", msg, fields)

    def _write(self, level: str, msg: str, fields: Mapping[str, object]) -> None:
        if LEVELS[level] < self._least:
            return
        time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        shown = {key: "[hidden]" if key in SECRETS else value for key, value in (self._bindings | dict(fields)).items()}
        line = json.dumps({"level": level, "time": time, **shown, "msg": msg}, default=str)
        print(line, file=self._out or sys.stdout, flush=True)
