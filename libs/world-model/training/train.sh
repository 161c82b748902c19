#!/bin/sh
# From nothing to libs/world-model/models/gallery: makes the environment, renders, trains, exports, evaluates, writes the card.
# Run it again after a kill: it goes on. Options go through: ./train.sh --colour-steps 40000
set -eu
cd "$(dirname "$0")"
home="${MERIDIAN_HOME:-$(cd ../../.. && pwd)/.meridian}"
venv="$home/training-venv"
if ! "$venv/bin/python" -c 'import torch, onnxruntime' 2>/dev/null; then
  "${PYTHON:-python3}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "training needs Python 3.11 or newer: set PYTHON to one" >&2
    exit 1
  }
  "${PYTHON:-python3}" -m venv "$venv"
  "$venv/bin/pip" install --quiet -r requirements.lock
fi
export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-PASSIVE}" # spinning threads starve whoever shares the machine
exec nice -n 19 "$venv/bin/python" -m gallery --work "$home/training/gallery" "$@"
