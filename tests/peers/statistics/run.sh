#!/usr/bin/env bash
# Makes the reference values of the estimators anew, with scipy and statsmodels. The virtual environment
# is made once, in the folder named by PEERS_VENV.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
venv=${PEERS_VENV:-$HOME/.cache/evalrun-peers/statistics}
if ! "$venv/bin/python" -c 'import statsmodels' 2>/dev/null; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q numpy==2.4.6 scipy==1.17.1 statsmodels==0.15.0
fi
"$venv/bin/python" "$here/make_vectors.py" "$here/../../fixtures/statistics/vectors.json"
