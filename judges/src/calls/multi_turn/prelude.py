"""Imports upstream's classes once, and what they import while they run."""

import sys

sys.path.insert(0, "/wheels/bfcl-eval.whl")

import importlib
import _strptime
import datetime
import decimal

import bfcl_eval.eval_checker.multi_turn_eval.multi_turn_utils
from bfcl_eval.constants.executable_backend_config import CLASS_FILE_PATH_MAPPING

for name in (
    "GorillaFileSystem MathAPI MessageAPI TwitterAPI TicketAPI TradingBot TravelAPI VehicleControlAPI"
).split():
    importlib.import_module(CLASS_FILE_PATH_MAPPING[name])

datetime.datetime.strptime("2024-01-01", "%Y-%m-%d")
