import glob
import logging
import sys

sys.path[:0] = sorted(glob.glob("/wheels/*.whl"))
logging.disable(logging.CRITICAL)

import math_verify

math_verify.parse("$\\frac{1}{2}$", parsing_timeout=None)
